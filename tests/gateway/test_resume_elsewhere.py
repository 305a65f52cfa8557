# SPDX-License-Identifier: Apache-2.0
"""Who comes back to another gateway than before hears a snapshot and what follows: nothing is lost or told twice."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import msgspec

from gateway.client import Client, fold
from gateway.client.results import ConferenceSnapshot, Resumed
from gateway.schema.relay import global_id
from services.cli.embedded.process import free_port
from services.contracts import session
from tests.gateway.city import CONFERENCE, START, City, message
from tests.gateway.conftest import KEY, running
from tests.gateway.pictures import named, plain, until

GID = global_id("Conference", CONFERENCE)
NAMES = [f"{number:032x}" for number in range(1, 31)]


@asynccontextmanager
async def process(nats_url: str, prefix: str) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """A gateway as a process of its own: its address, and the process."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"], "NATS_URL": nats_url, "QUARTIER_PREFIX": prefix, "QUARTIER_HTTP_PORT": str(port),
        "QUARTIER_KEY_ENCRYPTION_KEY": KEY, "QUARTIER_EMBEDDED": "1",
    }  # fmt: skip
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway.main", env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(120), httpx.AsyncClient() as client:  # it may be slow to start
            while True:
                try:
                    if (await client.get(f"{url}/readyz")).is_success:
                        break
                except httpx.HTTPError:
                    await asyncio.sleep(0.05)
        yield url, child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


def chat(count: int) -> session.ChatView:
    """The plenary chat after so many messages."""
    said = tuple(
        msgspec.structs.replace(message("3", f"Nachricht {number}"), message_id=NAMES[number])
        for number in range(count)
    )
    return session.ChatView(conference_id=CONFERENCE, channel="plenary", messages=said)


async def say(city: City, count: int) -> None:
    """One message more, as the session service tells it."""
    city.know([chat(count)])
    posted = {"at": START, "conference_id": CONFERENCE, "message_id": NAMES[count - 1], "channel": "plenary"}
    await city.tell(msgspec.convert(posted, session.MessagePosted))


def heard(picture: ConferenceSnapshot | None) -> list[str]:
    """The ids of the plenary's messages."""
    assert picture is not None
    (plenary,) = [one for one in picture.chats if one.channel == "plenary"]
    return [one.id for one in plenary.messages]


class Wanderer:
    """A client that breaks off and goes on at another address with its last cursor."""

    def __init__(self, city: City) -> None:
        self.token = city.issuer.resident()
        self.picture: ConferenceSnapshot | None = None
        self.firsts: list[type] = []

    async def watch(self, url: str, count: int) -> None:
        """Watches until so many messages are there, and all names, then breaks off."""
        after = {"after": self.picture.cursor} if self.picture else {}
        async with Client(url, self.token) as client, asyncio.timeout(60):
            changes = client.subscribe("ConferenceChanges", {"conferenceId": GID, **after})
            first = True
            async for news in changes:
                if first:
                    self.firsts.append(type(news))
                    first = False
                self.picture = fold(self.picture, news) if self.picture else news
                assert len(heard(self.picture)) == len(set(heard(self.picture)))
                if len(heard(self.picture)) >= count and named(self.picture):
                    break
            await changes.aclose()


async def test_who_wanders_between_two_gateways_misses_nothing_and_hears_nothing_twice(
    city: City, nats_url: str, prefix: str
) -> None:
    city.know([chat(1)])
    async with AsyncExitStack() as stack:
        urls = [(await stack.enter_async_context(running(nats_url, prefix))).url for _ in range(2)]
        wanderer = Wanderer(city)
        await wanderer.watch(urls[0], 1)
        for count in range(2, 12):
            await say(city, count)  # while it is nowhere
            await wanderer.watch(urls[count % 2], count)
        assert wanderer.firsts[0] is ConferenceSnapshot
        foreign = [kind for count, kind in enumerate(wanderer.firsts[1:], 2) if count % 2 != (count - 1) % 2]
        assert set(foreign) == {ConferenceSnapshot}
        fresh = Wanderer(city)
        await fresh.watch(urls[1], 11)
        assert plain(wanderer.picture) == plain(fresh.picture)


async def test_a_cursor_resumes_where_it_was_made_and_nowhere_else(city: City, nats_url: str, prefix: str) -> None:
    city.know([chat(1)])
    async with AsyncExitStack() as stack:
        home, abroad = [(await stack.enter_async_context(running(nats_url, prefix))).url for _ in range(2)]
        others = [Wanderer(city) for _ in range(2)]
        staying = [  # so that both processes go on watching
            asyncio.create_task(other.watch(url, 5)) for other, url in zip(others, (home, abroad), strict=True)
        ]
        await until(lambda: all(other.picture for other in others))
        wanderer = Wanderer(city)
        await wanderer.watch(home, 1)
        held = wanderer.picture
        await say(city, 2)
        await until(lambda: all(len(heard(other.picture)) == 2 for other in others))
        await wanderer.watch(abroad, 2)
        wanderer.picture = held
        await wanderer.watch(home, 2)
        assert wanderer.firsts == [ConferenceSnapshot, ConferenceSnapshot, Resumed]
        await say(city, 5)
        await asyncio.gather(*staying)


async def test_a_client_whose_gateway_is_killed_while_everybody_speaks_is_correct_at_the_other_one(
    city: City, nats_url: str, prefix: str
) -> None:
    city.know([chat(1)])
    async with AsyncExitStack() as stack:
        other, _ = await stack.enter_async_context(process(nats_url, prefix))
        dying, victim = await stack.enter_async_context(process(nats_url, prefix))
        wanderer = Wanderer(city)
        watching = asyncio.create_task(wanderer.watch(dying, 30))
        await until(lambda: wanderer.picture)
        speaking = asyncio.create_task(_say_all(city, range(2, 31)))
        await until(lambda: len(heard(wanderer.picture)) > 1)
        victim.kill()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await wanderer.watch(other, 30)
        await speaking
        fresh = Wanderer(city)
        await fresh.watch(other, 30)
        assert plain(wanderer.picture) == plain(fresh.picture)
        assert len(set(heard(wanderer.picture))) == 30


async def _say_all(city: City, counts: range) -> None:
    for count in counts:
        await say(city, count)
