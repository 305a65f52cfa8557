# SPDX-License-Identifier: Apache-2.0
"""Something to look at in a new city: a first conference with a first resident, made through the public API."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from gateway.client import Client, Refused, new_id
from services.chassis.clock import Clock
from services.cli.rehearse.mailbox import Mailbox
from services.cli.rehearse.stage import define, must, read_city
from services.cli.rehearse.world import local

LEAD = timedelta(minutes=30)
MAIL_SECONDS = 30.0
NAME, ADDRESS = "Anna Beispiel", "anna@example.org"


@dataclass(frozen=True, slots=True)
class Welcome:
    """The first conference (global id) and a token of its first resident; None when the link is no longer good."""

    conference: str
    resident: str | None


async def welcome(gateway: str, organiser: str, mail: Path, memory: Path, clock: Clock) -> Welcome:
    """Makes the first conference of a new city; an older city only gets a fresh token.

    Args:
        gateway: its address.
        organiser: token of an organiser.
        mail: folder of the caught mails.
        memory: file that remembers the conference and the resident's personal link.

    Raises:
        SetUpFailed: the city refused something.
    """
    if not memory.exists():
        async with Client(gateway, organiser) as client:
            conference = await _announce(client, clock.now() + LEAD)
        async with Client(gateway) as client:
            secret = await _register(client, conference, Mailbox(mail))
        memory.touch(mode=0o600)
        memory.write_text(json.dumps({"conference": conference, "secret": secret}))
    remembered = json.loads(memory.read_text())
    async with Client(gateway) as client:
        entered = await client.command(
            "EnterWithLink", conference_id=remembered["conference"], secret=remembered["secret"]
        )
    return Welcome(remembered["conference"], None if isinstance(entered, Refused) else entered.token)


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
