# SPDX-License-Identifier: Apache-2.0
"""The servers that the suite runs against: the double always, a real LiveKit where its address is given."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from livekit import api

from services.rooms.testing.double import Double

GIVEN = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")


@dataclass(frozen=True)
class Server:
    """A LiveKit server, real or not, and the key to it."""

    url: str
    key: str
    secret: str

    @property
    def http(self) -> str:
        return self.url.replace("ws", "http", 1) if self.url.startswith("ws") else self.url

    def path(self, method: str) -> str:
        return f"{self.http.rstrip('/')}/twirp/livekit.RoomService/{method}"

    def token(self, *, lives: timedelta = timedelta(minutes=5), key: str = "", secret: str = "", **grants: Any) -> str:
        made = api.AccessToken(key or self.key, secret or self.secret).with_identity("contract-suite")
        return made.with_grants(api.VideoGrants(**grants)).with_ttl(lives).to_jwt()


@pytest.fixture(params=["double", pytest.param("real", marks=pytest.mark.livekit_real)])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    if request.param == "double":
        async with Double({"contract": "c" * 40}) as double:
            yield Server(double.url, "contract", "c" * 40)
        return
    missing = [name for name in GIVEN if not os.environ.get(name)]
    if missing:
        pytest.skip(f"no real LiveKit server: {', '.join(missing)} not set")
    yield Server(*(os.environ[name] for name in GIVEN))


@pytest.fixture
async def lk(server: Server) -> AsyncIterator[api.LiveKitAPI]:
    """The true client."""
    async with api.LiveKitAPI(server.url, server.key, server.secret) as client:
        yield client


@pytest.fixture
async def room(lk: api.LiveKitAPI) -> AsyncIterator[str]:
    """A name that no other test uses; the room is gone afterwards."""
    name = f"contract-suite.{uuid4().hex}"
    yield name
    try:
        await lk.room.delete_room(api.DeleteRoomRequest(room=name))
    except api.TwirpError as error:
        if error.code != "not_found":
            raise


@dataclass(frozen=True)
class Answer:
    """What came over the wire."""

    status: int
    kind: str
    body: bytes


Post = Callable[..., Awaitable[Answer]]


@pytest.fixture
async def post(server: Server) -> AsyncIterator[Post]:
    """`post(path, body, headers, verb=...)`, without a client library in between."""
    async with aiohttp.ClientSession() as session:

        async def send(url: str, body: bytes, headers: dict[str, str], *, verb: str = "POST") -> Answer:
            async with session.request(verb, url, data=body, headers=headers) as got:
                return Answer(got.status, got.headers.get("Content-Type", ""), await got.read())

        yield send
