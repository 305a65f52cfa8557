# SPDX-License-Identifier: Apache-2.0
"""Keeps the read models of a service up to date, in one replica at a time, and tells all replicas how far they are."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import structlog

from services.chassis.database import Database
from services.chassis.decider import Event
from services.chassis.groupcommit import UNREACHABLE
from services.chassis.mapper import Mapper, UnknownEvent
from services.chassis.readmodel import DocumentProjection, TableProjection
from services.chassis.records import Recorded, StoreUnavailable
from services.chassis.store import EventStore

Projection: TypeAlias = DocumentProjection[Any] | TableProjection
Changed: TypeAlias = Callable[[str, frozenset[str], int], None]
"""`(projection, keys, position)` after a commit; must not block."""

LEADER_LOCK = 7305809442
"""Session lock of the one projector that works; only saves work, since each batch checks its position row."""

BATCH = 500
POLL = 0.5
"""Seconds between looks at the log when nobody wakes the projector."""
PAUSE = 5.0
"""Seconds before a failed projection, or a log with events of a newer release, is tried again."""
WATCH = 0.01
"""Seconds between looks at the positions while somebody waits for them in a replica that does not project."""

log = structlog.get_logger()


class Projector:
    """The read models of one service.

    Args:
        service: its name, for logs.
        db: its database.
        store: its log; every commit of this process wakes the projector.
        mapper: its events.
        projections: its read models; names are unique.

    `changed` holds listeners, called in the replica that projects. `failing` names read models that stand still,
    with the reason; readiness shows them. `leading` tells whether this replica projects.
    """

    def __init__(
        self, service: str, db: Database, store: EventStore, mapper: Mapper, projections: Sequence[Projection]
    ) -> None:
        self.projections = {projection.name: projection for projection in projections}
        if len(self.projections) != len(projections):
            raise ValueError("two projections have the same name")
        self.changed: list[Changed] = []
        self.failing: dict[str, str] = {}
        self._service = service
        self._db = db
        self._store = store
        self._mapper = mapper
        self._positions: dict[str, int] = {}
        self._epoch = ""
        self._resting: dict[str, float] = {}
        self.leading = False
        self._wake = asyncio.Event()
        self._moved = asyncio.Condition()
        self._waiting = 0
        self._watch: asyncio.Task[None] | None = None
        store.on_commit.append(lambda _: self.wake())

    @property
    def positions(self) -> dict[str, int]:
        """How far each read model is, as far as this replica knows."""
        return dict(self._positions)

    def wake(self) -> None:
        """Looks for new events now rather than at the next poll."""
        self._wake.set()

    async def run(self) -> None:
        """Projects whenever this replica is the one that does; runs until it is cancelled."""
        while True:
            try:
                await self._lead()
            except (*UNREACHABLE, StoreUnavailable) as error:
                log.warning("projector lost its database", service=self._service, error=type(error).__name__)
                await asyncio.sleep(1.0)
            except UnknownEvent as error:
                # Letting the lock go lets a replica of the newer release go on.
                self.failing["*"] = str(error)
                log.error("projector met an event of a newer release", service=self._service, topic=error.topic)
                await asyncio.sleep(PAUSE)

    async def reached(self, name: str | None, position: int, timeout: float) -> bool:  # noqa: ASYNC109
        """Waits until a read model (None: all of them) has applied everything up to a position.

        Args:
            timeout: seconds of real time.

        Returns:
            False when the time ran out: the read model is stale.
        """
        names = list(self.projections) if name is None else [name]
        if self._passed(names, position):
            return True
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look(), name="projection-watch")
        self._waiting += 1
        try:
            async with asyncio.timeout(timeout), self._moved:
                await self._moved.wait_for(lambda: self._passed(names, position))
        except TimeoutError:
            return False
        else:
            return True
        finally:
            self._waiting -= 1

    async def catch_up(self) -> None:
        """Applies all events there are, then returns; for tools and tests. Takes part even when another leads."""
        await self._prepare()
        while await self._step():
            pass

    async def rebuild(self, name: str) -> int:
        """Empties a read model and replays the log into it, in one transaction; readers see the old one meanwhile.

        Returns:
            The position it has reached.

        Raises:
            KeyError: there is no such read model.
            UnknownEvent: the log holds an event of a newer release.
        """
        projection = self.projections[name]
        position = 0
        async with self._db.transaction() as tx:
            await tx.execute(
                "INSERT INTO projections (name, position, code_version) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING",
                name, projection.version,
            )  # fmt: skip
            await tx.execute("SELECT 1 FROM projections WHERE name = $1 FOR UPDATE", name)
            await projection.clear(tx)
            while events := await self._store.select_notifications(position, BATCH, tx=tx):
                await projection.apply(tx, [(self._mapper.decode(row.topic, row.state), row) for row in events])
                position = events[-1].notification_id
            await tx.execute(
                "UPDATE projections SET position = $2, code_version = $3 WHERE name = $1",
                name, position, projection.version,
            )  # fmt: skip
        await self._advance({name: position})
        return position

    async def _lead(self) -> None:
        connection = await self._db.dedicated()
        try:
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK):
                await self._read()  # so that this replica knows roughly, even when nobody waits for a position
                await asyncio.sleep(1.0)
            await self._prepare()
            self.failing.pop("*", None)
            self.leading = True
            while not connection.is_closed():
                self._wake.clear()
                if not await self._step():
                    await self._rest()
        finally:
            self.leading = False
            connection.terminate()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(POLL):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _prepare(self) -> None:
        """Makes the position rows, and rebuilds what an older release of the code had written."""
        await self._db.pool.execute(
            "INSERT INTO projections (name, position, code_version)"
            " SELECT name, 0, version FROM unnest($1::text[], $2::int[]) AS p (name, version) ON CONFLICT DO NOTHING",
            list(self.projections), [projection.version for projection in self.projections.values()],
        )  # fmt: skip
        for name, version in (await self._read())[1].items():
            own = self.projections[name].version
            if version < own:
                log.info("rebuilding a read model", service=self._service, projection=name, version=own)
                await self.rebuild(name)
            elif version > own:
                self.failing[name] = f"a newer release (version {version}) keeps this read model"

    async def _read(self) -> tuple[dict[str, int], dict[str, int]]:
        """Positions and code versions as they are in the database; every waiter learns of the positions."""
        rows = await self._db.pool.fetch(
            "SELECT name, position, code_version FROM projections WHERE name = ANY($1::text[])", list(self.projections)
        )
        positions = {row["name"]: row["position"] for row in rows}
        await self._advance(positions)
        return positions, {row["name"]: row["code_version"] for row in rows}

    async def _step(self) -> bool:
        """One batch; False when there was nothing to do."""
        now = asyncio.get_running_loop().time()
        names = [name for name in self.projections if self._resting.get(name, 0.0) <= now]
        if not names:
            return False
        after = min(self._positions.get(name, 0) for name in names)
        batch = self._decode(await self._store.select_notifications(after, BATCH))
        if not batch:
            return False
        try:
            return await self._apply(names, after, batch)
        except (*UNREACHABLE, StoreUnavailable):
            raise
        except Exception as error:
            if len(names) == 1:
                self._put_to_rest(names[0], batch, error)
                return False
        # One of them is defective: each by itself, so that only that one stands still.
        moved = False
        for name in names:
            try:
                moved |= await self._apply([name], after, batch)
            except (*UNREACHABLE, StoreUnavailable):
                raise
            except Exception as error:
                self._put_to_rest(name, batch, error)
        return moved

    def _decode(self, rows: Sequence[Recorded]) -> list[tuple[Event, Recorded]]:
        """The events up to the first one of a newer release.

        Raises:
            UnknownEvent: that is the very first.
        """
        batch: list[tuple[Event, Recorded]] = []
        for row in rows:
            try:
                batch.append((self._mapper.decode(row.topic, row.state), row))
            except UnknownEvent:
                if not batch:
                    raise
                break
        return batch

    async def _apply(self, names: Sequence[str], after: int, batch: Sequence[tuple[Event, Recorded]]) -> bool:
        """Applies a batch to some read models, each from its own position on, in one transaction."""
        last = batch[-1][1].notification_id
        changed: dict[str, frozenset[str]] = {}
        async with self._db.transaction() as tx:
            # Rows that a rebuild holds are left to it. Rows that others have moved are taken from where they are;
            # those behind the batch (the database was set back) are only noted, and the next batch begins there.
            rows = await tx.fetch(
                "SELECT name, position, code_version FROM projections WHERE name = ANY($1::text[])"
                " ORDER BY name FOR UPDATE SKIP LOCKED",
                list(names),
            )
            positions = {row["name"]: row["position"] for row in rows}
            due = [
                row["name"]
                for row in rows
                if after <= row["position"] < last and row["code_version"] == self.projections[row["name"]].version
            ]
            for name in due:
                tail = [pair for pair in batch if pair[1].notification_id > positions[name]]
                changed[name] = frozenset(await self.projections[name].apply(tx, tail))
            if due:
                await tx.execute("UPDATE projections SET position = $2 WHERE name = ANY($1::text[])", due, last)
        await self._advance(positions | dict.fromkeys(due, last))
        for name, keys in changed.items():
            self.failing.pop(name, None)
            if keys:
                for listener in self.changed:
                    listener(name, keys, last)
        return bool(due) or any(position < after for position in positions.values())

    def _put_to_rest(self, name: str, batch: Sequence[tuple[Event, Recorded]], error: Exception) -> None:
        self._resting[name] = asyncio.get_running_loop().time() + PAUSE
        self.failing[name] = f"{type(error).__name__} after position {self._positions.get(name, 0)}"
        log.error(
            "read model stands still", service=self._service, projection=name,
            after=self._positions.get(name, 0), until=batch[-1][1].notification_id, exc_info=error,
        )  # fmt: skip

    async def _look(self) -> None:
        """Reads the positions while somebody waits for them: another replica may be the one that projects."""
        while self._waiting:
            try:
                await self._read()
            except (*UNREACHABLE, StoreUnavailable):
                return  # those who wait run into their time-out and answer as stale
            await asyncio.sleep(WATCH)

    def _passed(self, names: Iterable[str], position: int) -> bool:
        if self._epoch != self._store.epoch:
            self._epoch = self._store.epoch
            self._positions.clear()
        return all(self._positions.get(name, 0) >= position for name in names)

    async def _advance(self, positions: dict[str, int]) -> None:
        self._positions.update(positions)
        async with self._moved:
            self._moved.notify_all()
