# SPDX-License-Identifier: Apache-2.0
"""Gateways are killed while events arrive, messages go out and apps ask: the feed misses nothing and repeats nothing,
every message comes, nothing is counted twice, and of what apps used no more is lost than what was not written yet."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx

from gateway.changes.feed import Feed, Incomplete, Place
from gateway.schema.relay import local_id
from services.chassis.database import Database, DatabaseError
from services.cli.embedded.process import free_port
from tests.gateway.changes.portal import Country
from tests.gateway.test_api_keys import TEXT, Registry
from tests.gateway.webhooks.test_usage import total
from tests.gateway.webhooks.world import Receiver, until

CONFERENCES = [f"{number:032x}" for number in range(5)]
BETWEEN_KILLS = 30
WEBHOOK = """mutation($url: String!) { createWebhook(input: {idempotencyKey: "w", owner: "portal", url: $url}) {
  ... on CreateWebhookSuccess { webhookId } ... on Refusal { message } } }"""


class Process:
    """A gateway in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.http = httpx.AsyncClient(base_url=url, timeout=60)

    @classmethod
    async def started(cls, nats_url: str, prefix: str, dsn: str) -> "Process":
        port = free_port()
        environment = {
            "PATH": os.environ["PATH"], "NATS_URL": nats_url, "QUARTIER_PREFIX": prefix, "DATABASE_URL": dsn,
            "QUARTIER_KEY_ENCRYPTION_KEY": "5a" * 32, "QUARTIER_EMBEDDED": "1", "QUARTIER_WEBHOOKS_TO_LOOPBACK": "1",
            "QUARTIER_HTTP_PORT": str(port),
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway.main", env=environment,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        made = cls(process, f"http://127.0.0.1:{port}")
        await until(made.ready)
        return made

    async def state(self) -> dict[str, Any]:
        """What `/readyz` says of its part with a database; nothing while it does not answer."""
        with suppress(httpx.HTTPError):
            return (await self.http.get("/readyz")).json()["webhooks"]
        return {"problem": "away", "delivering": False, "consuming": []}

    async def ready(self) -> bool:
        return (await self.state())["problem"] is None

    async def ask(self, query: str, token: str, **variables: Any) -> Any:
        headers = {"authorization": f"Bearer {token}"}
        answer = await self.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def use(self, operations: int) -> None:
        for _ in range(operations):
            await self.ask("{ serverTime }", TEXT)

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        await self.http.aclose()


class Story:
    """Ideas come all the while, somebody follows the feed, and gateways die."""

    def __init__(self, country: Country, db: Database, processes: list[Process]) -> None:
        self.country = country
        self.db = db
        self.processes = processes
        self.told: list[str] = []
        self.heard: list[str] = []
        self.enough = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def running(cls, country: Country, nats_url: str, prefix: str) -> AsyncIterator["Story"]:
        starting = (Process.started(nats_url, prefix, country.dsn) for _ in range(3))
        processes = list(await asyncio.gather(*starting))
        db = await Database.connect(country.dsn, size=4)
        await db.pool.execute(  # the conferences are known, so that nobody needs to be asked
            "INSERT INTO webhook_conferences SELECT unnest($1::uuid[]), gen_random_uuid(), gen_random_uuid()",
            CONFERENCES,
        )
        story = cls(country, db, processes)
        reading = asyncio.create_task(story._read())
        try:
            yield story
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            for process in processes:
                await process.kill()
            await db.close()

    async def tell(self) -> None:
        """Ideas, until it is enough."""
        while not self.enough.is_set():
            idea = f"{len(self.told):032x}"
            await self.country.submit(idea, CONFERENCES[len(self.told) % len(CONFERENCES)])
            self.told.append(idea)
            await asyncio.sleep(0.02)

    async def _read(self) -> None:
        feed = Feed(self.db)
        since: Place | None = None
        while True:
            try:
                page = await feed.page(since, 7)
            except (Incomplete, DatabaseError):  # or there is no such table yet
                await asyncio.sleep(0.05)
                continue
            self.heard += [change.local.hex for change in page.changes]
            since = page.end
            await asyncio.sleep(0 if page.more else 0.01)

    async def kill(self, what: str, *, operations: int = 0) -> None:
        """Kills who reads the ideas (`consuming`) or sends messages (`delivering`), in the middle of it."""
        heard = len(self.heard)
        await until(lambda: len(self.heard) >= heard + BETWEEN_KILLS)
        found: list[Process] = []

        async def there_is_one() -> bool:
            states = [(process, (await process.state())[what]) for process in self.processes]
            found[:] = [process for process, does in states if does is True or (does and "ideas" in does)]
            return bool(found)

        await until(there_is_one)
        await found[0].use(operations)
        await found[0].kill()
        self.processes.remove(found[0])

    async def used(self, operations: int) -> None:
        """Waits until at least so many operations are written down."""

        async def written() -> bool:
            return (await total(self.db))[0] >= operations

        await until(written)


async def test_what_is_killed_loses_nothing_and_nothing_is_there_twice(country: Country, nats_url, prefix) -> None:
    Registry(country.city, "idea:read")
    organiser = country.city.issuer.staff(role="organiser", scope="city")
    async with Receiver.running() as receiver, Story.running(country, nats_url, prefix) as story:
        made = await story.processes[0].ask(WEBHOOK, organiser, url=receiver.url)
        assert "webhookId" in made["createWebhook"], made
        await until(lambda: _complete(story.db))
        telling = asyncio.create_task(story.tell())
        await asyncio.gather(*(process.use(20) for process in story.processes))
        await story.used(60)
        assert (await total(story.db))[0] == 60
        await story.kill("consuming", operations=10)
        await story.kill("delivering")
        story.enough.set()
        await telling
        await story.processes[0].use(20)
        await until(lambda: len(story.heard) >= len(story.told))
        await until(lambda: {_idea(post) for post in receiver.posts} >= set(story.told))
        await story.used(80)
        assert 80 <= (await total(story.db))[0] <= 90  # of the ten before a kill some were not written
        assert await story.db.pool.fetchval("SELECT count(*) FROM changes") == len(story.told)
    assert Counter(story.heard) == Counter(story.told)
    sent = Counter(_idea(post) for post in receiver.posts)
    assert sum(sent.values()) <= len(story.told) + 2  # what was under way when somebody was killed
    for number in range(len(CONFERENCES)):
        for ideas in (story.heard, [_idea(post) for post in receiver.posts]):
            order = [idea for idea in dict.fromkeys(ideas) if int(idea, 16) % len(CONFERENCES) == number]
            assert order == sorted(order)


async def _complete(db: Database) -> bool:
    return await Feed(db).unfinished() is None


def _idea(post: Any) -> str:
    return local_id(post.message["data"]["idea"], "Idea")
