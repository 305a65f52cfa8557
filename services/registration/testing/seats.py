# SPDX-License-Identifier: Apache-2.0
"""Seats residents in bulk, for rehearsals of a whole city, beside the running service.

What is stored is what `Register` and `ConfirmRegistration` decide, with the same entries in the vault; only the door is
left out, and several people share one append. All that follows from the events follows: rosters, read models, mails.
Those are not sent: nobody reads them, and 20,000 take longer than all the rest.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

from services.chassis.clock import Clock
from services.chassis.contract import Done
from services.chassis.database import Database
from services.chassis.decider import Refusal
from services.chassis.decisions import Envelope, Step
from services.chassis.keys import new_key
from services.chassis.mapper import Mapper
from services.chassis.repository import Repository
from services.chassis.store import EventStore, Statement
from services.registration.adapters.vault import Consent, Person, Vault, sealed_parts
from services.registration.domain.conference import CONFERENCE
from services.registration.domain.seating import ConfirmRegistration, SubmitRegistration

TOGETHER = 10
"""People of one append."""

CONSENTS = (Consent(purpose="participation", version="2026-11"), Consent(purpose="mixed-groups", version="2026-11"))


class NotSeated(Exception):
    """The conference does not take these people."""


class Seats:
    """The seats of one city.

    Args:
        repository: of registration.
        db: its database.
        vault: where names go.
        clock: domain time.
    """

    def __init__(self, repository: Repository, db: Database, vault: Vault, clock: Clock) -> None:
        self._repository = repository
        self._db = db
        self._vault = vault
        self._clock = clock

    async def fill(
        self, conference_id: str, people: Sequence[tuple[str, str, Mapping[str, str]]]
    ) -> list[tuple[str, str]]:
        """Registers people, who confirm at once.

        Args:
            conference_id: 32 hex digits; its registration is open.
            people: name, address and attributes of each.

        Returns:
            Participant id and secret of the personal link of each, in their order.

        Raises:
            NotSeated: there are not so many seats, or the conference is not open.
        """
        seated: list[tuple[str, str]] = []
        for first in range(0, len(people), TOGETHER):
            steps: list[Step] = []
            effects: list[Statement] = []
            for name, email, attributes in people[first : first + TOGETHER]:
                participant, key, now = uuid4().hex, new_key(), self._clock.now()
                person = Person(name=name, email=email, attributes=dict(attributes), consents=CONSENTS)
                about, needs = sealed_parts(participant, key, person)
                who = {"conference_id": conference_id, "participant_id": participant}
                submit = SubmitRegistration(now=now, **who, attributes=about, needs=needs)
                both = (submit, ConfirmRegistration(now=now, **who))
                steps += [Step(CONFERENCE, conference_id, command, conference=conference_id) for command in both]
                effects += self._vault.enter(participant, conference_id, person, key)
                seated.append((participant, self._vault.secrets.link("enter", participant)))
            envelope = Envelope(uuid4(), b"", "rehearsal", uuid4().hex)
            outcome = await self._repository.execute(steps, envelope, Done(), effects)
            if isinstance(outcome, Refusal):
                raise NotSeated(f"{conference_id}: {outcome}")
        return seated

    async def drop_mails(self) -> None:
        """Notes all mails of the log so far as sent."""
        head, pool = await self._repository.store.max_notification_id(), self._db.pool
        while await pool.fetchval("SELECT min(position) FROM projections WHERE name = 'mails'") < head:  # noqa: ASYNC110 -- nobody tells
            await asyncio.sleep(0.2)
        await pool.execute("UPDATE outbox SET sent_at = now() WHERE sent_at IS NULL")


@asynccontextmanager
async def seats(dsn: str, wrapping: bytes, clock: Clock) -> AsyncIterator[Seats]:
    """Opens registration's log.

    Args:
        dsn: address of its database.
        wrapping: its key of keys.
        clock: domain time.
    """
    db = await Database.connect(dsn, size=4)
    try:
        store = await EventStore.open(db)
        try:
            repository = Repository("registration", store, Mapper(dict.fromkeys(CONFERENCE.events)), clock)
            yield Seats(repository, db, Vault(db, wrapping), clock)
            await repository.snapshots.close()
        finally:
            await store.close()
    finally:
        await db.close()
