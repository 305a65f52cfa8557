# SPDX-License-Identifier: Apache-2.0
"""The four services of many evenings, as small as they can be: they answer over NATS what a live conference asks for.

python -m benchmarks.peers.evenings <address of NATS> <prefix> <conferences> <residents of each>

prints a line with the key of its tokens when it is ready; then every line `change <n> <seconds>` on standard input
moves n conferences to their next phase, which begins at that instant, spread over so much time, and every
`words <bytes>` fills the chat of the first one with that much text. Each is answered with a line.
"""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import jwt
import msgspec
import uvloop
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import ECAlgorithm

from services.chassis.api import Api
from services.chassis.bus import Bus
from services.chassis.clock import Clock
from services.chassis.contract import Done
from services.chassis.server import Server
from services.chassis.subjects import ES_EPOCH, ES_POSITION
from services.contracts import ideas, registration, rooms, session
from services.contracts.shared import LocalText

ISSUER = "http://evenings.bench"
AT = datetime(2026, 11, 7, 18, 0, tzinfo=UTC)
PHASES = tuple(
    session.PhaseView(
        key=f"phase-{number}", kind="plenary", title=LocalText(de="Ankommen", en="Arriving"),
        prompt=LocalText(de="Was brauchen wir?", en="What do we need?"), minutes=15, tools=("poll",), group_mode=None,
    )
    for number in range(5)
)  # fmt: skip


def conference_id(number: int) -> str:
    """The id of one conference."""
    return f"{number + 1:032x}"


def resident_id(number: int) -> str:
    """The id of one resident, counted over all conferences."""
    return f"ae{number:030x}"


def token(key: str, conference: str, resident: str) -> str:
    """The token of a resident."""
    now = int(time.time())
    claims = {
        "iss": ISSUER, "aud": "quartier", "iat": now, "exp": now + 3600, "jti": uuid4().hex, "sub": resident,
        "kind": "resident", "conference": conference, "status": "seated",
    }  # fmt: skip
    return jwt.encode(claims, key, algorithm="ES256", headers={"kid": "bench", "typ": "at+jwt"})


class Log:
    """The log of a service: a counter."""

    def __init__(self) -> None:
        self.epoch = uuid4().hex
        self.seen = 1
        self.positions: dict[str, int] = {}

    async def reached(self, _: None, position: int, __: float) -> bool:
        """Whether a position was reached."""
        return position <= self.seen


class Evenings:
    """What the services know.

    Args:
        bus: the connection to NATS.
        conferences: how many there are.
        residents: how many sit in each.
    """

    def __init__(self, bus: Bus, conferences: int, residents: int) -> None:
        self._bus = bus
        self._conferences = conferences
        self._runs = dict.fromkeys(map(conference_id, range(conferences)), 0)
        self._changed = dict.fromkeys(self._runs, AT)
        self._seats = {
            conference_id(number): tuple(resident_id(number * residents + one) for one in range(residents))
            for number in range(conferences)
        }
        self._words = "Hallo"
        self._logs = {name: Log() for name in ("registration", "session", "rooms", "ideas")}
        self.key = ec.generate_private_key(ec.SECP256R1())

    async def serve(self) -> None:
        """Answers from now on."""
        for api in (self._registration(), self._session(), self._rooms(), self._ideas()):
            log = self._logs[api.service]
            runtime: Any = SimpleNamespace(
                bus=self._bus, projector=log, store=log, clock=Clock(), repository=None, db=None, keys=None,
                requests=None, settings=SimpleNamespace(request_key=b""),
            )  # fmt: skip
            server = Server(runtime, api)
            await server.open()
            for number in range(16):
                await server.serve(number)
        await self._bus.client.flush()

    async def change(self, count: int, seconds: float) -> None:
        """Moves the first conferences to their next phase."""
        began = time.monotonic()
        for number in range(count):
            ahead = began + seconds * number / count - time.monotonic()
            if ahead > 0:
                await asyncio.sleep(ahead)  # paces the changes
            conference = conference_id(number)
            self._runs[conference] += 1
            self._changed[conference] = datetime.now(UTC)
            event = session.SessionPaused(at=AT, conference_id=conference, run=self._runs[conference])
            await self._tell(event, "SessionPaused", conference)

    async def words(self, size: int) -> None:
        """Fills the chat of the first conference."""
        self._words = f"{size} {time.monotonic()} ".ljust(size, "x")
        conference = conference_id(0)
        event = session.MessagePosted(at=AT, conference_id=conference, message_id="f" * 32, channel="plenary")
        await self._tell(event, "MessagePosted", conference)

    async def _tell(self, event: Any, name: str, conference: str) -> None:
        log = self._logs["session"]
        log.seen += 1
        headers = {ES_EPOCH: log.epoch, ES_POSITION: str(log.seen)}
        subject = self._bus.subject_event("session", conference, name)
        await self._bus.publish(subject, msgspec.json.encode(event), headers)

    def _registration(self) -> Api:
        api = Api("registration")
        public = ECAlgorithm(ECAlgorithm.SHA256).to_jwk(self.key.public_key(), as_dict=True)
        jwk = {**public, "kid": "bench", "use": "sig", "alg": "ES256"}

        @api.query(registration.GetJsonWebKeys)
        async def keys(_: Any, __: Any) -> registration.JsonWebKeys:
            return registration.JsonWebKeys(keys=(jwk,), issuer=ISSUER)

        @api.query(registration.GetNames)
        async def names(request: registration.GetNames, _: Any) -> registration.Names:
            return registration.Names(names={one: f"Person {one[-4:]}" for one in request.ids})

        return api

    def _session(self) -> Api:
        api = Api("session")

        @api.query(session.GetSession)
        async def evening(request: session.GetSession, _: Any) -> session.SessionView:
            run = self._runs[request.conference_id]
            return session.SessionView(
                conference_id=request.conference_id, status="RUNNING", script="full-evening", phases=PHASES,
                phase=run % len(PHASES), run=run, started_at=self._changed[request.conference_id], deadline=AT,
                left_seconds=None, announcement=None,
            )  # fmt: skip

        @api.query(session.GetGroups)
        async def groups(request: session.GetGroups, _: Any) -> session.GroupsView:
            return session.GroupsView(
                conference_id=request.conference_id, generation=0, run=0, mode=None, groups=(), with_moderator=(),
                plans=0,
            )  # fmt: skip

        @api.query(session.GetPolls)
        async def polls(request: session.GetPolls, _: Any) -> session.PollsView:
            return session.PollsView(conference_id=request.conference_id, polls=())

        @api.query(session.GetChat)
        async def chat(request: session.GetChat, _: Any) -> session.ChatView:
            author = self._seats[request.conference_id][0]
            message = session.MessageView(
                message_id="f" * 32, channel=request.channel, author_id=author, text=self._words, hidden=False, at=AT
            )
            return session.ChatView(conference_id=request.conference_id, channel=request.channel, messages=(message,))

        @api.query(session.GetPresence)
        async def presence(request: session.GetPresence, _: Any) -> session.PresenceView:
            seated = self._seats[request.conference_id]
            return session.PresenceView(conference_id=request.conference_id, seated=seated, present=(), staff={})

        @api.command(session.ReportPresence)
        async def report(_: Any, __: Any) -> Done:
            return Done()

        return api

    def _rooms(self) -> Api:
        api = Api("rooms")

        @api.query(rooms.GetVenue)
        async def venue(request: rooms.GetVenue, _: Any) -> rooms.VenueView:
            return rooms.VenueView(
                conference_id=request.conference_id, generation=0, video=False, open=True, rooms=("plenary",),
                placements=(),
            )  # fmt: skip

        return api

    def _ideas(self) -> Api:
        api = Api("ideas")

        @api.query(ideas.GetBoard)
        async def board(request: ideas.GetBoard, _: Any) -> ideas.BoardView:
            return ideas.BoardView(conference_id=request.conference_id, open_kinds=(), cards=())

        @api.query(ideas.GetProblems)
        async def problems(request: ideas.GetProblems, _: Any) -> ideas.ProblemsView:
            return ideas.ProblemsView(conference_id=request.conference_id, open=False, problems=(), topics=(), voters=0)

        @api.query(ideas.GetSheets)
        async def sheets(request: ideas.GetSheets, _: Any) -> ideas.Sheets:
            return ideas.Sheets(conference_id=request.conference_id, sheets=())

        return api


async def main(url: str, prefix: str, conferences: int, residents: int) -> None:
    """Serves until standard input ends."""
    evenings = Evenings(await Bus.connect(url, "services", prefix), conferences, residents)
    await evenings.serve()
    pem = evenings.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    print(json.dumps(pem), flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().split():
        if line[0] == "change":
            await evenings.change(int(line[1]), float(line[2]))
        else:
            await evenings.words(int(line[1]))
        print("done", flush=True)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
