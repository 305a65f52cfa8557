# SPDX-License-Identifier: Apache-2.0
"""What the tests of changes need: services with public things that change, and a portal that keeps a copy of them."""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

import msgspec

from services.chassis.contract import Answer, ContractEvent
from services.chassis.decider import Refusal
from services.chassis.refusals import NotFound
from services.chassis.subjects import ES_EPOCH, ES_POSITION, ES_TOPIC
from services.contracts import ideas, registration, session
from tests.gateway.city import START, City
from tests.gateway.conftest import Address
from tests.gateway.webhooks.world import until

DISTRICT, SERIES = "d1" * 16, "5e" * 16

CHANGES = """query Changes($since: String, $first: Int) { changes(since: $since, first: $first) {
  __typename
  ... on Changes { cursor hasNextPage entries { nodeId kind at node { __typename id
    ... on Idea { title awardCents authors { displayName } } ... on Conference { details { title status } }
    ... on District { name } ... on Session { status } ... on Challenge { about: title } } } }
  ... on Refusal { code message } } }"""


class Country:
    """Services that know what is public.

    Args:
        city: the services.
        dsn: of the gateway's database.
    """

    def __init__(self, city: City, dsn: str) -> None:
        self.city = city
        self.dsn = dsn
        self.districts: dict[str, registration.District] = {}
        self.conferences: dict[str, registration.Conference] = {}
        self.sessions: dict[str, session.SessionView] = {}
        self.challenges: dict[str, ideas.ChallengeView] = {}
        self.ideas: dict[str, ideas.IdeaView] = {}
        for kind, listed, known in (
            (registration.ListDistricts, registration.Districts, self.districts),
            (registration.ListConferences, registration.Conferences, self.conferences),
            (ideas.ListChallenges, ideas.Challenges, self.challenges),
            (ideas.ListIdeas, ideas.Ideas, self.ideas),
        ):
            city.say(kind, partial(_list, listed, known))
        city.say(registration.GetConference, lambda query: _get(self.conferences, query.conference_id))
        city.say(session.GetSession, lambda query: _get(self.sessions, query.conference_id))

    async def tell(self, event: ContractEvent, *, position: int | None = None) -> None:
        """Puts an event into the stream of its service, at the next position."""
        service, name = event.SERVICE, type(event).__name__
        part = self.city.parts[service]
        if position is None:
            part.position += 1
        place = str(position or part.position)
        headers = {"Nats-Msg-Id": uuid4().hex, ES_EPOCH: part.epoch, ES_POSITION: place, ES_TOPIC: name}
        subject = self.city.bus.subject_event(service, event.conference, name)
        await self.city.bus.js.publish(subject, msgspec.json.encode(event), headers=headers)

    async def district(self, name: str = "Stühlinger", district: str = DISTRICT) -> None:
        self.districts[district] = registration.District(
            district_id=district, name=name, postal_codes=("79106",), streets=()
        )
        await self.tell(registration.DistrictDefined(at=START, district_id=district))

    async def announce(self, conference: str) -> None:
        self.conferences[conference] = registration.Conference(
            conference_id=conference, series_id=SERIES, district_id=DISTRICT, district_name="Stühlinger",
            title=f"Abend {conference[-4:]}", status="ANNOUNCED", starts_at=START, zone="Europe/Berlin", language="de",
            capacity=50, seats_taken=0, waiting=0,
        )  # fmt: skip
        self.sessions[conference] = session.SessionView(
            conference_id=conference, status="PREPARED", script="full-evening", phases=(), phase=None, run=0,
            started_at=None, deadline=None, left_seconds=None, announcement=None,
        )  # fmt: skip
        await self.tell(
            registration.ConferenceAnnounced(
                at=START, conference_id=conference, series_id=SERIES, district_id=DISTRICT,
                title=self.conferences[conference].title, starts_at=START, zone="Europe/Berlin", capacity=50,
                language="de", script="full-evening",
            )
        )  # fmt: skip
        await self.tell(session.SessionPrepared(at=START, conference_id=conference))

    async def submit(
        self, idea: str, conference: str, title: str = "Reparaturcafé", at: datetime = START, *, silently: bool = False
    ) -> None:
        self.ideas[idea] = ideas.IdeaView(
            idea_id=idea, conference_id=conference, sheet_id="55" * 16, topic_id=None, fields={"title": title},
            authors=("a0" * 16,), submitted_at=at, award_cents=None,
        )  # fmt: skip
        if silently:  # it was told before
            self.city.parts["ideas"].position += 1
            return
        await self.tell(
            ideas.IdeaSubmitted(at=at, conference_id=conference, idea_id=idea, sheet_id="55" * 16, topic_id=None)
        )

    async def withdraw(self, idea: str) -> None:
        gone = self.ideas.pop(idea)
        await self.tell(ideas.IdeaWithdrawn(at=START, conference_id=gone.conference_id, idea_id=idea))


def _list(kind: Any, known: dict[str, Any], query: Any) -> Answer:
    keys = sorted(getattr(query, "ids", ()) or known)
    keys = [key for key in keys if key in known and key > (query.cut.after or "")]
    page = keys[: query.cut.first]
    made: Answer = kind(items=tuple(known[key] for key in page), keys=tuple(page), more=len(keys) > len(page))
    return made


def _get(known: dict[str, Any], key: str) -> Answer | Refusal:
    return known.get(key) or NotFound(what="thing", id=key)


class Portal:
    """Keeps a copy of what is public, as `docs/api.md` says."""

    def __init__(self, gateway: Address, first: int = 100) -> None:
        self.gateway = gateway
        self.first = first
        self.copy: dict[str, Any] = {}
        self.heard: list[tuple[str, str]] = []
        self.cursor: str | None = None

    async def page(self) -> bool:
        """Reads a page; whether there are more."""
        answer = await self.gateway.ask(CHANGES, since=self.cursor, first=self.first)
        if answer.get("errors"):
            assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAVAILABLE"], answer
            raise Away(answer["errors"])
        page = answer["data"]["changes"]
        if page["__typename"] == "CursorTooOld":
            raise TooOld
        for entry in page["entries"]:
            self.heard.append((entry["nodeId"], entry["kind"]))
            if entry["kind"] == "REMOVED":
                assert entry["node"] is None
                self.copy.pop(entry["nodeId"], None)
            else:
                assert entry["node"]["id"] == entry["nodeId"]
                self.copy[entry["nodeId"]] = entry["node"]
        self.cursor = page["cursor"]
        return bool(page["hasNextPage"])

    async def begin(self) -> None:
        """Waits until the feed is there."""
        await self.until(lambda: True)

    async def sync(self) -> None:
        """Reads until the end."""
        while await self.page():
            pass

    async def until(self, ready: Any) -> None:
        """Reads on until something holds of the copy."""

        async def holds() -> bool:
            try:
                await self.sync()
            except Away:
                return False
            return bool(ready())

        await until(holds, 60)


class Away(Exception):
    """Something could not be told now."""


class TooOld(Exception):
    """The cursor is of no use."""
