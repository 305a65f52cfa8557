# SPDX-License-Identifier: Apache-2.0
"""What a client sees of a live conference, beside a fresh snapshot of it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from prometheus_client import REGISTRY

from gateway.client import Client, fold
from gateway.client.results import ConferenceSnapshot
from gateway.schema.relay import global_id
from tests.gateway.city import (
    CONFERENCE,
    START,
    evening,
)
from tests.gateway.conftest import Address, running

GID = global_id("Conference", CONFERENCE)

AT: dict[str, Any] = {"at": START, "conference_id": CONFERENCE}

LIVE: dict[str, Any] = {"conference_id": CONFERENCE, "position": 0}


class Picture:
    """What one client makes of a subscription."""

    def __init__(self, changes: AsyncIterator[Any]) -> None:
        self.now: ConferenceSnapshot | None = None
        self.kinds: list[str] = []
        self._changes = changes
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        self.now = await anext(self._changes)
        self._task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        async for news in self._changes:
            assert self.now is not None
            async with self._changed:
                self.kinds.append(type(news).__name__)
                self.now = fold(self.now, news)
                self._changed.notify_all()

    async def becomes(self, wanted: Any, seconds: float = 60.0) -> None:
        """Waits until the picture is `wanted`, or meets it."""
        meets = wanted if callable(wanted) else lambda now: plain(now) == plain(wanted)
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: meets(self.now))
        except TimeoutError:
            assert callable(wanted) or plain(self.now) == plain(wanted)
            raise

    async def end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._changes.aclose()  # type: ignore[attr-defined]


def plain(snapshot: ConferenceSnapshot | None) -> dict[str, Any]:
    """A snapshot without what differs between two of the same state, lists by id in one order."""
    found = msgspec.to_builtins(snapshot)
    del found["cursor"], found["serverTime"]
    for name in ("polls", "sheets", "help", "reports"):
        if found[name] is not None:
            found[name] = sorted(found[name], key=lambda item: item["id"])
    if found["board"] is not None:
        found["board"]["cards"] = sorted(found["board"]["cards"], key=lambda item: item["id"])
    found["chats"] = sorted(
        ({**chat, "messages": sorted(chat["messages"], key=lambda item: item["id"])} for chat in found["chats"]),
        key=lambda chat: chat["channel"],
    )
    return found


@asynccontextmanager
async def watching(gateway: Address, token: str) -> AsyncIterator[Picture]:
    async with Client(gateway.url, token) as client:
        picture = Picture(client.subscribe("ConferenceChanges", {"conferenceId": GID}))
        try:
            await picture.begin()
            yield picture
        finally:
            await picture.end()


def named(now: ConferenceSnapshot) -> bool:
    """Whether all names are in a picture: one that takes long is told when it is there."""
    return "'displayName': None" not in str(plain(now))


async def fresh(gateway: Address, token: str) -> ConferenceSnapshot:
    """A snapshot with all names."""
    async with watching(gateway, token) as picture:
        await picture.becomes(named)
        assert picture.now is not None
        return picture.now


def view(kind: type[Any], **changes: Any) -> Any:
    """The evening's view of this kind, changed."""
    return msgspec.structs.replace(next(one for one in evening() if type(one) is kind), **changes)


@asynccontextmanager
async def running_beside(gateway: Address) -> AsyncIterator[Address]:
    """A second gateway that knows nothing yet: what it says is fresh."""
    async with running(gateway.nats_url, gateway.prefix) as address:
        yield address


def sample(name: str) -> float:
    """What the gateway counted until now."""
    found = REGISTRY.get_sample_value(f"quartier_gateway_live_{name}_total")
    assert found is not None
    return found


async def last(changes: AsyncIterator[Any]) -> None:
    async for _ in changes:
        pass


async def until(holds: Any, seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 -- the gateway tells nobody
            await asyncio.sleep(0.01)


def narrow(gateway: Address) -> socket.socket:
    """A connection that holds little of what its reader does not read."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect(("127.0.0.1", int(gateway.url.rpartition(":")[2])))
    return made
