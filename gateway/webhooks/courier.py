# SPDX-License-Identifier: Apache-2.0
"""Delivers what waits: one message at a time to each endpoint, all endpoints at once.

One gateway of all replicas does it. What it was doing when it was killed is done again by the next one: a message is
out of the queue only when the receiver has answered and that is written down, so nothing is lost and some come twice.
"""

import asyncio
import time
from uuid import UUID

import structlog

from gateway.metrics import WEBHOOK_ATTEMPTS, WEBHOOK_SECONDS, WEBHOOKS_ENDED, WEBHOOKS_WAITING
from gateway.webhooks import signing
from gateway.webhooks.catalogue import message_id
from gateway.webhooks.queue import Next, Queue
from gateway.webhooks.secrets import Secrets
from gateway.webhooks.sender import Outcome, Sender
from services.chassis.groupcommit import UNREACHABLE
from services.chassis.quiet import Seldom
from services.chassis.tasks import end

log = structlog.get_logger()

LOOK_SECONDS = 1.0
COUNT_SECONDS = 15.0


class Courier:
    """Delivers.

    Args:
        queue: what waits.
        secrets: opens the secrets of endpoints.
        sender: posts.
        look_seconds: real time after which the queue is looked at even though nobody called `wake`.
    """

    def __init__(self, queue: Queue, secrets: Secrets, sender: Sender, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._queue = queue
        self._secrets = secrets
        self._sender = sender
        self._look_seconds = look_seconds
        self._wake = asyncio.Event()
        self._seldom = Seldom()
        self._counted = float("-inf")
        self._busy: dict[UUID, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    async def run(self) -> None:
        """Delivers until cancelled; attempts under way are cut off, and made again by whoever comes next."""
        try:
            while True:
                self._wake.clear()
                for endpoint in await self._queue.due():
                    if endpoint not in self._busy:
                        self._begin(endpoint)
                await self._count()
                try:
                    async with asyncio.timeout(self._look_seconds):
                        await self._wake.wait()
                except TimeoutError:
                    continue
        finally:
            await end(*self._busy.values())
            self._busy.clear()
            WEBHOOKS_WAITING.set(0)

    async def _count(self) -> None:
        """Counts what waits, now and then: it may be much."""
        now = asyncio.get_running_loop().time()
        if now - self._counted >= COUNT_SECONDS:
            self._counted = now
            WEBHOOKS_WAITING.set(await self._queue.pending())

    def _begin(self, endpoint: UUID) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(endpoint))
        self._busy[endpoint] = task
        task.add_done_callback(lambda _: self._busy.pop(endpoint, None))

    async def _serve(self, endpoint: UUID) -> None:
        try:
            while (sent := await self._queue.next(endpoint)) is not None:
                await self._deliver(endpoint, sent)
        except UNREACHABLE as error:
            log.warning("the queue of webhooks cannot be reached", error=type(error).__name__)
        except Exception as error:
            if self._seldom.due(f"{endpoint.hex} {type(error).__name__}"):
                log.exception("a webhook was not served", webhook=endpoint.hex)
            await asyncio.sleep(self._look_seconds)  # it is due still, and must not spin

    async def _deliver(self, endpoint: UUID, sent: Next) -> None:
        now = int(time.time())
        secrets = self._secrets.of(endpoint, sent.secret, sent.former_secret)
        headers = signing.headers(secrets, message_id(sent.event), now, sent.body)
        outcome = await self._attempt(endpoint, sent, dict(headers))
        WEBHOOK_ATTEMPTS.labels(outcome.problem or "DELIVERED").inc()
        WEBHOOK_SECONDS.observe(outcome.milliseconds / 1000)
        ends = await self._queue.note(endpoint, sent, outcome)
        if ends is not None:
            WEBHOOKS_ENDED.labels(ends).inc()
            log.warning("a webhook is sent nothing any more", webhook=endpoint.hex, status=ends)

    async def _attempt(self, endpoint: UUID, sent: Next, headers: dict[str, str]) -> Outcome:
        """One attempt. A defect is one that failed: it is written down, and is tried again ever more rarely."""
        try:
            return await self._sender.send(sent.url, headers, sent.body)
        except Exception as error:
            if self._seldom.due(f"{endpoint.hex} {type(error).__name__}"):
                log.exception("a webhook could not be sent", webhook=endpoint.hex)
            return Outcome(None, "CONNECTION", 0)
