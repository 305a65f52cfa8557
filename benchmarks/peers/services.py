# SPDX-License-Identifier: Apache-2.0
"""Registration and session for the measured gateway: they answer over NATS from the same stored JSON.

python -m benchmarks.peers.services <stored JSON> <address of NATS> <prefix>
"""

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import uvloop

from gateway.schema.relay import local_id
from services.chassis.api import Api
from services.chassis.bus import Bus
from services.chassis.clock import Clock
from services.chassis.refusals import NotFound
from services.chassis.server import Server
from services.contracts import registration, session
from services.contracts.shared import LocalText


def conference(stored: dict[str, Any]) -> registration.Conference:
    """One stored conference as registration tells it."""
    details = stored["details"]
    return registration.Conference(
        conference_id=local_id(stored["id"], "Conference"), series_id="5e" * 16, district_id="d1" * 16,
        district_name="Altstadt", title=details["title"], status=details["status"],
        starts_at=datetime.fromisoformat(details["startsAt"]), zone="Europe/Berlin", language="de", capacity=50,
        seats_taken=details["seatsTaken"], waiting=0,
    )  # fmt: skip


def evening(stored: dict[str, Any]) -> session.SessionView:
    """The evening of one stored conference as session tells it."""
    phases = tuple(
        session.PhaseView(
            key=phase["key"], kind=phase["kind"].lower(), title=LocalText(**phase["title"]),
            prompt=LocalText(**phase["prompt"]), minutes=phase["minutes"], tools=("poll",), group_mode=None,
        )
        for phase in stored["session"]["phases"]
    )  # fmt: skip
    return session.SessionView(
        conference_id=local_id(stored["id"], "Conference"), status="PREPARED", script="full-evening", phases=phases,
        phase=None, run=0, started_at=None, deadline=None, left_seconds=None, announcement=None,
    )  # fmt: skip


class Log:
    """The log of a service in which nothing ever happens."""

    epoch = uuid4().hex
    seen = 1
    positions: dict[str, int] = {}

    async def reached(self, _: None, position: int, __: float) -> bool:
        return position <= self.seen


def registration_api(stored: list[dict[str, Any]]) -> Api:
    """Registration."""
    api, every = Api("registration"), {one.conference_id: one for one in map(conference, stored)}

    @api.query(registration.ListConferences)
    async def some(request: registration.ListConferences, _: Any) -> registration.Conferences:
        items = tuple(every.values())[: request.cut.first]
        return registration.Conferences(items=items, keys=tuple(item.conference_id for item in items))

    @api.query(registration.GetConference)
    async def one(request: registration.GetConference, _: Any) -> registration.Conference | NotFound:
        return every.get(request.conference_id) or NotFound(what="conference", id=request.conference_id)

    return api


def session_api(stored: list[dict[str, Any]]) -> Api:
    """Session."""
    api, every = Api("session"), {one.conference_id: one for one in map(evening, stored)}

    @api.query(session.GetSession)
    async def one(request: session.GetSession, _: Any) -> session.SessionView | NotFound:
        return every.get(request.conference_id) or NotFound(what="session", id=request.conference_id)

    return api


async def serve(stored: list[dict[str, Any]], url: str, prefix: str) -> None:
    """Answers until it is stopped."""
    bus, log = await Bus.connect(url, "services", prefix), Log()
    runtime: Any = SimpleNamespace(
        bus=bus, projector=log, store=log, clock=Clock(), repository=None, db=None, keys=None, requests=None,
        settings=SimpleNamespace(request_key=b""),
    )  # fmt: skip
    for api in (registration_api(stored), session_api(stored)):
        await Server(runtime, api).open()
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(json.loads(Path(sys.argv[1]).read_text()), sys.argv[2], sys.argv[3]))
