# SPDX-License-Identifier: Apache-2.0
"""Something to look at in a new city: a first conference with a resident, a guest and an app, made through the API."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from gateway.client import Client, Refused, new_id
from services.chassis.clock import Clock
from services.cli.rehearse.mailbox import Mailbox
from services.cli.rehearse.stage import define, must, read_city
from services.cli.rehearse.world import local

LEAD = timedelta(minutes=30)
MAIL_SECONDS = 30.0
SIGN_IN_SECONDS = 10.0
NAME, ADDRESS = "Anna Beispiel", "anna@example.org"
APP = {
    "name": "Beispiel-App",
    "contact_name": "Frieda Fassbinder",
    "contact_email": "frieda@portal.example",
    "purpose": "Die API ausprobieren",
    "licence": "CC BY 4.0",
}
SCOPES = ["IDEA_READ", "WEBHOOK_MANAGE"]
KEY_DAYS = 30


@dataclass(frozen=True, slots=True)
class Welcome:
    """The first conference (global id), and tokens by role of who has to do with it; those whom the city does not let
    in any more are left out."""

    conference: str
    sign_in: dict[str, str]


async def welcome(gateway: str, issuer: str, organiser: str, mail: Path, memory: Path, clock: Clock) -> Welcome:
    """Makes the first conference and the first app of a new city; an older city only gets fresh tokens.

    Args:
        gateway: its address.
        issuer: where the staff of this machine signs in.
        organiser: token of an organiser.
        mail: folder of the caught mails.
        memory: file that remembers the conference, the resident's personal link and the app's secret.

    Raises:
        SetUpFailed: the city refused something.
    """
    remembered: dict[str, str] = json.loads(memory.read_text()) if memory.exists() else {}
    async with Client(gateway, organiser) as client, Client(gateway) as anybody:
        if "conference" not in remembered:
            conference = await _announce(client, clock.now() + LEAD)
            secret = await _register(anybody, conference, Mailbox(mail))
            _remember(memory, remembered, conference=conference, secret=secret)
        if "app" not in remembered:
            app = await must(anybody, "RegisterApp", **APP, scopes=SCOPES)
            await must(client, "ApproveApp", app_id=app.app_id, scopes=SCOPES)
            _remember(memory, remembered, app=app.app_id, app_secret=app.secret)
        conference = remembered["conference"]
        entered = await anybody.command("EnterWithLink", conference_id=conference, secret=remembered["secret"])
        key = await anybody.command(
            "IssueAppKey", app_id=remembered["app"], secret=remembered["app_secret"], days=KEY_DAYS
        )
    tokens = {
        "resident": None if isinstance(entered, Refused) else entered.token,
        "guest": await _guest(issuer, conference),
        "app": None if isinstance(key, Refused) else key.api_key,
    }
    return Welcome(conference, {role: token for role, token in tokens.items() if token is not None})


def _remember(memory: Path, remembered: dict[str, str], **more: str) -> None:
    memory.touch(mode=0o600)
    remembered |= more
    memory.write_text(json.dumps(remembered))


async def _guest(issuer: str, conference: str) -> str | None:
    """A token of a guest of honour, who is one of a conference and never of the whole city."""
    wish = {"role": "guest", "name": "Guest", "conference_id": local(conference)}
    async with httpx.AsyncClient(trust_env=False, timeout=SIGN_IN_SECONDS) as client:
        answer = await client.post(issuer, json=wish)
    return str(answer.json()["token"]) if answer.is_success else None


async def _announce(client: Client, starts_at: datetime) -> str:
    city = read_city()
    first = city.districts[0]
    district, series, conference = new_id("District"), new_id("Series"), new_id("Conference")
    await define(client, district, first)
    await must(client, "CreateSeries", series_id=series, title=f"Bürgerkonferenzen {city.city}", zone=city.zone)
    await must(
        client,
        "AnnounceConference",
        conference_id=conference,
        series_id=series,
        district_id=district,
        title=f"Bürgerkonferenz {first.name}",
        starts_at=starts_at.isoformat(),
    )
    await must(client, "OpenConference", conference_id=conference)
    return conference


async def _register(client: Client, conference: str, mailbox: Mailbox) -> str:
    await must(client, "Register", conference_id=conference, name=NAME, email=ADDRESS)
    confirm = await mailbox.link(ADDRESS, "confirm", local(conference), within=MAIL_SECONDS)
    await must(client, "ConfirmRegistration", conference_id=conference, secret=confirm.secret)
    return (await mailbox.link(ADDRESS, "enter", local(conference), within=MAIL_SECONDS)).secret
