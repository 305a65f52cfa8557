# SPDX-License-Identifier: Apache-2.0
"""Replicas of registration on a real database, bus and mail server, and a client that insists as the gateway does."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

from services.chassis.bus import Bus
from services.chassis.identity import ANONYMOUS, Actor
from services.chassis.refusals import Busy, ConcurrentChange, Unavailable
from services.chassis.requests import Requests
from services.chassis.subjects import partition
from services.contracts import registration as contract
from services.registration.adapters.office import office_of
from services.registration.main import build
from services.registration.settings import RegistrationSettings
from tests.integration.registration.desk import KEY, ORGANISER, STARTS_AT, mail_server

EVENING = "c" * 32


class City:
    """Replicas of registration and a client that insists, as the gateway does."""

    def __init__(self, settings, mailbox, requests):
        self.settings, self.mailbox, self.requests = settings, mailbox, requests
        self.replicas = []

    async def start_replica(self):
        running = await build(self.settings).start()
        self.replicas.append(running)
        return running

    @property
    def runtime(self):
        return self.replicas[-1].runtime

    async def ask(self, request, actor: Actor = ANONYMOUS):
        """Repeats what may be repeated, with the same id; the reply."""
        command_id = uuid4()
        async with asyncio.timeout(120):
            while True:
                reply = await self.requests.ask(request, actor=actor, command_id=command_id, timeout=10)
                if not isinstance(reply.refusal, Unavailable | Busy | ConcurrentChange):
                    return reply
                await asyncio.sleep(0.05)

    async def done(self, request, actor: Actor = ORGANISER):
        return (await self.ask(request, actor)).unwrap()

    async def register(self, numbers):
        people = [
            contract.Register(conference_id=EVENING, name=f"Person {n}", email=f"p{n}@example.org") for n in numbers
        ]
        await asyncio.gather(*(self.done(each, ANONYMOUS) for each in people))

    async def secrets(self):
        """The secret of the confirmation link by participant."""
        rows = await self.runtime.db.pool.fetch("SELECT participant_id FROM participants")
        secrets = office_of(self.runtime.db, self.settings).vault.secrets
        return {row[0].hex: secrets.link("confirm", row[0].hex) for row in rows}

    async def confirm(self, secret):
        return await self.done(contract.ConfirmRegistration(conference_id=EVENING, secret=secret), ANONYMOUS)

    async def roster(self):
        head = await self.runtime.store.max_notification_id()
        assert await self.runtime.projector.reached(None, head, timeout=60)
        return (await self.done(contract.GetRoster(conference_id=EVENING))).entries


@asynccontextmanager
async def open_city(dsn, nats_url, prefix, replicas=2, **more):
    async with AsyncExitStack() as stack:
        mailbox, smtp_url = await stack.enter_async_context(mail_server())
        settings = RegistrationSettings(
            database_url=dsn, nats_url=nats_url, prefix=prefix, smtp_url=smtp_url, key_encryption_key=KEY, http_port=0,
            **more,
        )  # fmt: skip
        bus = await Bus.connect(nats_url, "test", prefix)
        stack.push_async_callback(bus.close)
        city = City(settings, mailbox, Requests(bus))
        try:
            for _ in range(replicas):
                await city.start_replica()
            await city.done(contract.DefineDistrict(
                district_id="d" * 32, name="Vauban", postal_codes=("79100",), streets=(),
            ))  # fmt: skip
            await city.done(contract.CreateSeries(series_id="5" * 32, title="Herbst"))
            yield city
        finally:
            for replica in city.replicas:
                await replica.stop()


async def open_evening(city, capacity):
    """A conference years ahead."""
    await announce(city, capacity, STARTS_AT.replace(year=2030))


async def announce(city, capacity, starts_at):
    """An open conference."""
    await city.done(contract.AnnounceConference(
        conference_id=EVENING, series_id="5" * 32, district_id="d" * 32, title="Vauban redet mit",
        starts_at=starts_at, capacity=capacity,
    ))  # fmt: skip
    await city.done(contract.OpenConference(conference_id=EVENING))


async def both_answer(city):
    """The moment in which a partition changes hands: both replicas take its commands."""
    for replica in city.replicas:
        await replica.server.serve(partition(EVENING))


async def all_mails_sent(city):
    async with asyncio.timeout(120):
        # The senders are loops of the replicas; only the database knows what they have done.
        while await city.runtime.db.pool.fetchval("SELECT count(*) FROM outbox WHERE sent_at IS NULL"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
