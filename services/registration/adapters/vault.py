# SPDX-License-Identifier: Apache-2.0
"""The vault: the only place that knows names and addresses, and the keys under which people's texts are sealed.

A row is sealed with its person's key, and the key is wrapped by the key of keys: a dump of the database tells nothing
about anybody. Erasing a person deletes the row and destroys the key.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from services.chassis.database import Database
from services.chassis.decider import Sealed
from services.chassis.keys import KeyDestroyed, new_key, seal, unwrap, wrap
from services.chassis.store import Statement
from services.registration.adapters.secrets import Purpose, Secrets, hash_of
from services.registration.domain.mails import MAILS_PER_HOUR


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """One consent: what for, and which version of the text was shown."""

    purpose: str
    version: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What a person told about themselves."""

    name: str
    email: str
    language: str = "de"
    attributes: dict[str, str] = {}
    needs: str | None = None
    consents: tuple[Consent, ...] = ()


class Known(NamedTuple):
    """A participant found by a secret."""

    participant_id: str
    is_excluded: bool


class Addressee(NamedTuple):
    """A person with what a mail to them needs."""

    person: Person
    link_rotation: int


def sealed_parts(participant_id: str, key: bytes, person: Person) -> tuple[Sealed | None, Sealed | None]:
    """Attributes and needs as JSON sealed with the person's key: what events carry of them."""
    attributes = msgspec.json.encode(person.attributes).decode() if person.attributes else None
    needs = msgspec.json.encode(person.needs).decode() if person.needs else None
    return (
        seal(participant_id, key, attributes) if attributes else None,
        seal(participant_id, key, needs) if needs else None,
    )


def text_of(opened: str | None) -> str | None:
    """The text in opened needs."""
    return None if opened is None else msgspec.json.decode(opened, type=str)


_PERSON = msgspec.json.Decoder(Person)

_HASH_COLUMN: dict[Purpose, str] = {"confirm": "confirmation_hash", "enter": "link_hash"}


_FORGET_MAIL_REQUESTS = """
DELETE FROM mail_requests WHERE command_id IN (
    SELECT command_id FROM mail_requests WHERE asked_at <= now() - interval '1 hour' FOR UPDATE SKIP LOCKED
)
"""


class Vault:
    """The vault of one city.

    Args:
        db: the service's database.
        wrapping: the 32 bytes of the key of keys.
    """

    def __init__(self, db: Database, wrapping: bytes) -> None:
        self.secrets = Secrets(wrapping)
        self._db = db
        self._wrapping = wrapping

    # People ---------------------------------------------------------------------------------------------------------

    def enter(self, participant_id: str, conference_id: str, person: Person, key: bytes) -> Sequence[Statement]:
        """Writes a new participant down; when the address has just registered elsewhere, that one stands.

        Args:
            participant_id: fresh and random.
            conference_id: where they register.
            person: what they told.
            key: their fresh data key.
        """
        participant = UUID(participant_id)
        return [
            self._insert_key(participant_id, conference_id, key),
            Statement(
                "INSERT INTO participants (participant_id, conference_id, address, sealed, confirmation_hash,"
                " link_hash) VALUES ($1, $2, $3, $4, $5, $6)"
                " ON CONFLICT (conference_id, address) WHERE is_current DO NOTHING",
                (
                    participant, UUID(conference_id), self.secrets.address(person.email),
                    _seal(key, person, participant), hash_of(self.secrets.link("confirm", participant_id)),
                    hash_of(self.secrets.link("enter", participant_id)),
                ),
            ),
        ]  # fmt: skip

    async def standing(self, conference_id: str, email: str) -> str | None:
        """The participant with this address whose registration stands."""
        found: UUID | None = await self._db.pool.fetchval(
            "SELECT participant_id FROM participants WHERE conference_id = $1 AND address = $2 AND is_current",
            UUID(conference_id),
            self.secrets.address(email),
        )
        return found.hex if found else None

    async def by_secret(self, purpose: Purpose, conference_id: str, secret: str) -> Known | None:
        """Who holds this secret of the conference; None: nobody (any more)."""
        row = await self._db.pool.fetchrow(
            f"SELECT participant_id, is_excluded FROM participants WHERE {_HASH_COLUMN[purpose]} = $1"  # noqa: S608
            " AND conference_id = $2",
            hash_of(secret),
            UUID(conference_id),
        )
        return Known(row["participant_id"].hex, row["is_excluded"]) if row else None

    async def addressee(self, participant_id: str) -> Addressee | None:
        """A participant's own data; None when they were erased."""
        row = await self._db.pool.fetchrow(
            "SELECT p.sealed, p.link_rotation, k.wrapped FROM participants p"
            " JOIN data_keys k ON k.id = p.participant_id WHERE p.participant_id = $1 AND k.wrapped IS NOT NULL",
            UUID(participant_id),
        )
        return (
            Addressee(self._open(UUID(participant_id), row["wrapped"], row["sealed"]), row["link_rotation"])
            if row
            else None
        )

    async def same_person(self, participant_id: str) -> list[tuple[str, str]]:
        """Every participant with the same address, of all conferences: (participant, conference)."""
        rows = await self._db.pool.fetch(
            "SELECT participant_id, conference_id FROM participants WHERE address ="
            " (SELECT address FROM participants WHERE participant_id = $1) ORDER BY participant_id",
            UUID(participant_id),
        )
        return [(row["participant_id"].hex, row["conference_id"].hex) for row in rows]

    async def ask_for_mail(self, email: str, command_id: UUID) -> int | None:
        """Notes that a registration of this address, which leads to a mail, was asked for, if it may be.

        Whether the address is known makes no difference, so the answer tells nothing about it.

        Args:
            email: any address.
            command_id: a repeated command is noted once.

        Returns:
            None, or the real seconds after which the address may be written to again.
        """
        address = self.secrets.address(email)
        async with self._db.transaction() as tx:
            # One after the other for each address, or many at once would all see few.
            await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 0))", address)
            await tx.execute("SET LOCAL synchronous_commit = off")  # a few lost in a crash do no harm
            await tx.execute(_FORGET_MAIL_REQUESTS)
            asked = await tx.fetch("SELECT command_id, asked_at FROM mail_requests WHERE address = $1", address)
            if any(row["command_id"] == command_id for row in asked):
                return None
            if len(asked) >= MAILS_PER_HOUR:
                first = min(row["asked_at"] for row in asked)
                return max(1, 3600 - int((datetime.now(UTC) - first).total_seconds()))
            await tx.execute(
                "INSERT INTO mail_requests (command_id, address) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                command_id,
                address,
            )
        return None

    def erase(self, participant_ids: Iterable[str]) -> Sequence[Statement]:
        """Deletes people: their rows, their keys, their mails."""
        people = [UUID(each) for each in participant_ids]
        return [
            Statement(
                "DELETE FROM mail_requests WHERE address IN"
                " (SELECT address FROM participants WHERE participant_id = ANY($1::uuid[]))",
                (people,),
            ),
            Statement("DELETE FROM participants WHERE participant_id = ANY($1::uuid[])", (people,)),
            Statement("UPDATE data_keys SET wrapped = NULL WHERE id = ANY($1::uuid[])", (people,)),
            Statement("DELETE FROM outbox WHERE participant_id = ANY($1::uuid[])", (people,)),
            Statement("DELETE FROM mail_standing WHERE participant_id = ANY($1::uuid[])", (people,)),
        ]

    def withdraw(self, conference_id: str, participant_id: str) -> Statement:
        """The registration does not stand any more: the address may register again, as another participant."""
        return Statement(
            "UPDATE participants SET is_current = false WHERE conference_id = $1 AND participant_id = $2",
            (UUID(conference_id), UUID(participant_id)),
        )

    # Staff ----------------------------------------------------------------------------------------------------------

    async def add_staff(self, staff_id: str, person: Person) -> Sequence[Statement]:
        """Writes a person of the staff down, or corrects them.

        Raises:
            KeyDestroyed: they were erased.
        """
        key = (await self.ensure_keys([staff_id], None)).get(staff_id)
        if key is None:
            raise KeyDestroyed(staff_id)
        staff = UUID(staff_id)
        return [
            Statement(
                "INSERT INTO staff_people (staff_id, sealed) VALUES ($1, $2)"
                " ON CONFLICT (staff_id) DO UPDATE SET sealed = $2",
                (staff, _seal(key, person, staff)),
            )
        ]

    def erase_staff(self, staff_id: str) -> Sequence[Statement]:
        """Deletes a person of the staff and destroys their key; one that was not made yet never will be."""
        staff = UUID(staff_id)
        return [
            Statement("DELETE FROM staff_people WHERE staff_id = $1", (staff,)),
            Statement(
                "INSERT INTO data_keys (id, wrapped) VALUES ($1, NULL) ON CONFLICT (id) DO UPDATE SET wrapped = NULL",
                (staff,),
            ),
        ]

    async def names(self, conference_id: str, ids: Sequence[str]) -> dict[str, str]:
        """Display names of those who take part or serve at one conference: of these ids, or all when there are none."""
        rows = await self._db.pool.fetch(
            "SELECT id, sealed, wrapped FROM ("
            " SELECT participant_id AS id, sealed FROM participants p JOIN registrations r USING (participant_id)"
            " WHERE p.conference_id = $1 AND r.status IN ('SEATED', 'WAITLISTED', 'RELEASED')"
            " AND (cardinality($2::uuid[]) = 0 OR participant_id = ANY($2))"
            " UNION ALL SELECT staff_id, sealed FROM staff_people s"
            " WHERE (cardinality($2) = 0 OR staff_id = ANY($2)) AND EXISTS (SELECT FROM staff_roles r"
            " WHERE r.staff_id = s.staff_id AND holds_at(r, $1))"
            ") people JOIN data_keys USING (id) WHERE wrapped IS NOT NULL",
            UUID(conference_id),
            [UUID(each) for each in ids],
        )
        return {row["id"].hex: self._open(row["id"], row["wrapped"], row["sealed"]).name for row in rows}

    async def staff_person(self, staff_id: str) -> Person | None:
        """What is known of a person of the staff; None when they were not added, or erased."""
        row = await self._db.pool.fetchrow(
            "SELECT sealed, wrapped FROM staff_people JOIN data_keys ON data_keys.id = staff_id"
            " WHERE staff_id = $1 AND wrapped IS NOT NULL",
            UUID(staff_id),
        )
        return None if row is None else self._open(UUID(staff_id), row["wrapped"], row["sealed"])

    async def names_of_staff(self, ids: Sequence[str]) -> dict[str, str]:
        """Display names of these people of the staff, wherever they serve."""
        rows = await self._db.pool.fetch(
            "SELECT staff_id AS id, sealed, wrapped FROM staff_people JOIN data_keys ON data_keys.id = staff_id"
            " WHERE staff_id = ANY($1::uuid[]) AND wrapped IS NOT NULL",
            [UUID(each) for each in ids],
        )
        return {row["id"].hex: self._open(row["id"], row["wrapped"], row["sealed"]).name for row in rows}

    # Keys -----------------------------------------------------------------------------------------------------------

    async def keys(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Data keys by id; destroyed and unknown ones are missing."""
        rows = await self._db.pool.fetch(
            "SELECT id, wrapped FROM data_keys WHERE id = ANY($1::uuid[]) AND wrapped IS NOT NULL",
            [UUID(each) for each in ids],
        )
        return {row["id"].hex: unwrap(self._wrapping, row["wrapped"], row["id"].bytes) for row in rows}

    async def is_joint(self, key_id: str) -> bool:
        """Whether this is the key of a text that several people write."""
        found: bool | None = await self._db.pool.fetchval("SELECT joint FROM data_keys WHERE id = $1", UUID(key_id))
        return bool(found)

    async def ensure_keys(
        self, ids: Iterable[str], conference_id: str | None, *, joint: bool = False
    ) -> dict[str, bytes]:
        """Data keys by id, made where there is none yet; destroyed ones stay so and are missing."""
        wanted = list(ids)
        async with self._db.transaction() as tx:
            for each in sorted(wanted):
                statement = self._insert_key(each, conference_id, new_key(), joint=joint)
                await tx.execute(statement.sql, *statement.args)
        return await self.keys(wanted)

    def _insert_key(self, key_id: str, conference_id: str | None, key: bytes, *, joint: bool = False) -> Statement:
        name = UUID(key_id)
        return Statement(
            "INSERT INTO data_keys (id, conference_id, wrapped, joint) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            (name, UUID(conference_id) if conference_id else None, wrap(self._wrapping, key, name.bytes), joint),
        )

    def _open(self, owner: UUID, wrapped: bytes, sealed: bytes) -> Person:
        key = unwrap(self._wrapping, wrapped, owner.bytes)
        return _PERSON.decode(unwrap(key, sealed, owner.bytes))


def _seal(key: bytes, person: Person, owner: UUID) -> bytes:
    return wrap(key, msgspec.json.encode(person), owner.bytes)
