# SPDX-License-Identifier: Apache-2.0
"""Read models of a service: folds of its own log into documents or tables.

A projection writes rows and its position in one transaction, so that it can be dropped and replayed at any
time. `services.chassis.projector` keeps them up to date.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import msgspec

from services.chassis.database import Database, Tx
from services.chassis.decider import Event
from services.chassis.records import Recorded

Doc = TypeVar("Doc", bound=msgspec.Struct)

TableHandler = Callable[[Tx, Any, Recorded], Awaitable[Iterable[str] | None]]
"""`(tx, event, recorded)` writes rows; it may return keys of what changed, for live changes."""

NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
"""An escaped U+0000 in JSON: its backslash is not itself escaped."""


class Snapshot(NamedTuple, Generic[Doc]):
    """A document with the position of the log at which it is true; None when there is no such document."""

    doc: Doc | None
    position: int


@dataclass(frozen=True)
class DocumentProjection(Generic[Doc]):
    """A read model of one JSON document per key, in the table `documents`.

    Args:
        name: stable name, `open_conferences`.
        version: of this code; a higher one than the stored one rebuilds the read model at start.
        keys: the documents an event concerns; none for most events.
        initial: the document of a key before its first event.
        evolve: `(document, event, recorded)` to the next document, or None to delete it. Pure.
        doc: the type of the document.
    """

    name: str
    version: int
    keys: Callable[[Event, Recorded], Sequence[str]]
    initial: Callable[[str], Doc]
    evolve: Callable[[Doc, Any, Recorded], Doc | None]
    doc: type[Doc]

    @cached_property
    def decoder(self) -> "msgspec.json.Decoder[Doc]":
        """Reads a stored document."""
        return msgspec.json.Decoder(self.doc)

    async def get(self, db: Database, key: str) -> Doc | None:
        """The document of a key, None when there is none."""
        return (await self.snapshot(db, key)).doc

    async def snapshot(self, db: Database, key: str) -> Snapshot[Doc]:
        """The document of a key with the position at which it is true; where a subscription starts."""
        row = await db.pool.fetchrow(
            "SELECT p.position, d.body FROM projections AS p"
            " LEFT JOIN documents AS d ON d.projection = p.name AND d.key = $2 WHERE p.name = $1",
            self.name, key,
        )  # fmt: skip
        if row is None:
            return Snapshot(None, 0)
        return Snapshot(None if row["body"] is None else self.decoder.decode(row["body"]), row["position"])

    async def many(self, db: Database, keys: Iterable[str]) -> dict[str, Doc]:
        """The documents of several keys; keys without one are left out."""
        rows = await db.pool.fetch(
            "SELECT key, body FROM documents WHERE projection = $1 AND key = ANY($2::text[])", self.name, list(keys)
        )
        return {row["key"]: self.decoder.decode(row["body"]) for row in rows}

    async def of_conference(self, db: Database, conference: str) -> dict[str, Doc]:
        """The documents of a conference (32 hex digits) by key, in the order of their keys."""
        rows = await db.pool.fetch(
            "SELECT key, body FROM documents WHERE projection = $1 AND conference_id = $2 ORDER BY key",
            self.name, UUID(conference),
        )  # fmt: skip
        return {row["key"]: self.decoder.decode(row["body"]) for row in rows}

    async def all(self, db: Database) -> dict[str, Doc]:
        """All documents by key, in the order of their keys; for read models that hold a city's worth at most."""
        rows = await db.pool.fetch("SELECT key, body FROM documents WHERE projection = $1 ORDER BY key", self.name)
        return {row["key"]: self.decoder.decode(row["body"]) for row in rows}

    async def apply(self, tx: Tx, events: Sequence[tuple[Event, Recorded]]) -> set[str]:
        """Folds events into their documents: one read and one write, however many events; the changed keys."""
        concerned = [(event, recorded, self.keys(event, recorded)) for event, recorded in events]
        wanted = {key for _, _, keys in concerned for key in keys}
        if not wanted:
            return set()
        rows = await tx.fetch(
            "SELECT key, conference_id, body FROM documents WHERE projection = $1 AND key = ANY($2::text[])",
            self.name, list(wanted),
        )  # fmt: skip
        before: dict[str, Doc] = {row["key"]: self.decoder.decode(row["body"]) for row in rows}
        conferences: dict[str, UUID | None] = {row["key"]: row["conference_id"] for row in rows}
        now: dict[str, Doc | None] = dict(before)
        position: dict[str, int] = {}
        for event, recorded, keys in concerned:
            for key in keys:
                document = now.get(key)
                now[key] = self.evolve(self.initial(key) if document is None else document, event, recorded)
                conferences[key] = conferences.get(key) or recorded.conference_id
                position[key] = recorded.notification_id
        changed = {key for key in position if now[key] != before.get(key)}
        gone = [key for key in changed if now[key] is None]
        kept = [key for key in changed if now[key] is not None]
        if gone:
            await tx.execute("DELETE FROM documents WHERE projection = $1 AND key = ANY($2::text[])", self.name, gone)
        if kept:
            await tx.execute(
                "INSERT INTO documents (projection, key, conference_id, body, position)"
                " SELECT $1, key, conference, body::jsonb, position"
                " FROM unnest($2::text[], $3::uuid[], $4::text[], $5::bigint[]) AS d (key, conference, body, position)"
                " ON CONFLICT (projection, key) DO UPDATE SET conference_id = EXCLUDED.conference_id,"
                " body = EXCLUDED.body, position = EXCLUDED.position",
                self.name, kept, [conferences[key] for key in kept],
                [storable(msgspec.json.encode(now[key])) for key in kept], [position[key] for key in kept],
            )  # fmt: skip
        return changed

    async def clear(self, tx: Tx) -> None:
        """Deletes all documents, before a rebuild."""
        await tx.execute("DELETE FROM documents WHERE projection = $1", self.name)


@dataclass(frozen=True)
class TableProjection:
    """A read model in tables of its own.

    Args:
        name: stable name.
        version: of this code; a higher one than the stored one rebuilds the read model at start.
        handlers: what each type of event writes.
        tables: what is emptied before a rebuild.
    """

    name: str
    version: int
    handlers: Mapping[type[Event], TableHandler]
    tables: Sequence[str]

    async def apply(self, tx: Tx, events: Sequence[tuple[Event, Recorded]]) -> set[str]:
        """Lets the handlers write; the keys of what they say has changed."""
        changed: set[str] = set()
        for event, recorded in events:
            handler = self.handlers.get(type(event))
            if handler is not None:
                changed.update(await handler(tx, event, recorded) or ())
        return changed

    async def clear(self, tx: Tx) -> None:
        """Empties the tables, before a rebuild."""
        for table in self.tables:
            if not table.isidentifier():
                raise ValueError(f"not the name of a table: {table!r}")
            await tx.execute(f'DELETE FROM "{table}"')  # noqa: S608 - an identifier, checked above


def holds_nul(body: bytes) -> bool:
    """Whether a text in this JSON holds U+0000, which no column of PostgreSQL takes."""
    return b"\\u0000" in body and NUL.search(body.decode(errors="replace")) is not None


def storable(body: bytes) -> str:
    """JSON as PostgreSQL's jsonb takes it: the character U+0000, which it refuses, becomes U+FFFD.

    Without this one pasted NUL character would stop a read model for good.
    """
    text = body.decode()
    return NUL.sub(r"\1\\ufffd", text) if "\\u0000" in text else text
