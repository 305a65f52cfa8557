# SPDX-License-Identifier: Apache-2.0
"""Read models: rows and position move together, can be rebuilt at any time, and can be waited for in any replica."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec
import pytest

from services.chassis import projector as module
from services.chassis.database import Tx
from services.chassis.decider import Event
from services.chassis.mapper import Mapper, UnknownEvent
from services.chassis.projection import DocumentProjection, Projector, TableProjection
from services.chassis.store import Append, EventStore, Recorded
from tests.integration.chassis.account import CONFERENCE, EVENTS, Closed, Deposited, Opened, conference, key
from tests.integration.chassis.logs import appended, event, opened

MAPPER = Mapper(EVENTS)
STREAMS = {name: UUID(key(name)) for name in ("anna", "ben", "cleo")}


class Sheet(msgspec.Struct, frozen=True):
    owner: str = ""
    deposits: int = 0
    total: int = 0


def evolve(sheet: Sheet, event: Event, _: Recorded) -> Sheet | None:
    match event:
        case Opened():
            return msgspec.structs.replace(sheet, owner=event.owner)
        case Deposited():
            return msgspec.structs.replace(sheet, deposits=sheet.deposits + 1, total=sheet.total + event.amount)
        case Closed():
            return None
        case _:
            return sheet


SHEETS = DocumentProjection(
    "sheets", 1, lambda _, recorded: [recorded.originator_id.hex], lambda _: Sheet(), evolve, Sheet
)
SUM = DocumentProjection("sum", 1, lambda event, _: ["all"] if isinstance(event, Deposited) else [],
                         lambda _: Sheet(), evolve, Sheet)  # fmt: skip


async def insert_deposit(tx: Tx, event: Deposited, recorded: Recorded) -> list[str]:
    await tx.execute("INSERT INTO deposits VALUES ($1, $2)", recorded.notification_id, event.amount)
    return [recorded.originator_id.hex]


DEPOSITS = TableProjection("deposits", 1, {Deposited: insert_deposit}, ["deposits"])


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with opened(database_url) as (store,):
        await store.db.pool.execute("CREATE TABLE deposits (position bigint PRIMARY KEY, amount bigint)")
        yield store


class Author:
    """Writes events of accounts into a log."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._versions: dict[UUID, int] = {}

    async def write(self, name: str, *facts: Event) -> int:
        stream = STREAMS[name]
        new = []
        for fact in facts:
            version = self._versions.get(stream, -1) + 1
            self._versions[stream] = version
            topic, state = MAPPER.encode(fact)
            new.append(event(stream, version, topic, conference=conference())._replace(state=state))
        return await appended(self._store, *new)


@pytest.fixture
def author(store: EventStore) -> Author:
    return Author(store)


def project(store: EventStore, *projections: Any) -> Projector:
    return Projector("bank", store.db, store, MAPPER, projections)


@asynccontextmanager
async def running(*projectors: Projector) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(projector.run()) for projector in projectors]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def evening(author: Author) -> int:
    await author.write("anna", Opened(owner="Anna"), Deposited(amount=5))
    await author.write("ben", Opened(owner="Ben"), Deposited(amount=7))
    await author.write("cleo", Opened(owner="Cleo"), Closed())
    return await author.write("anna", Deposited(amount=1))


async def everything(store: EventStore) -> list[Any]:
    return [
        await store.db.pool.fetch("SELECT * FROM documents ORDER BY projection, key"),
        await store.db.pool.fetch("SELECT * FROM deposits ORDER BY position"),
        await store.db.pool.fetch("SELECT * FROM projections ORDER BY name"),
    ]


async def test_documents_follow_from_the_log(store: EventStore, author: Author) -> None:
    head = await evening(author)
    await project(store, SHEETS, SUM).catch_up()
    anna, ben = STREAMS["anna"].hex, STREAMS["ben"].hex
    assert await SHEETS.snapshot(store.db, anna) == (Sheet("Anna", 2, 6), head)
    assert await SHEETS.get(store.db, STREAMS["cleo"].hex) is None
    assert await SHEETS.many(store.db, [ben, "none"]) == {ben: Sheet("Ben", 1, 7)}
    assert await SHEETS.of_conference(store.db, CONFERENCE) == await SHEETS.all(store.db)
    assert await SUM.get(store.db, "all") == Sheet("", 3, 13)


async def test_a_replay_gives_what_live_projection_gave(store: EventStore, author: Author) -> None:
    projector = project(store, SHEETS, SUM, DEPOSITS)
    async with running(projector):
        head = await evening(author)
        assert await projector.reached(None, head, 60)
    live = await everything(store)
    assert len(live[1]) == 3
    for name in ("sheets", "sum", "deposits"):
        assert await project(store, SHEETS, SUM, DEPOSITS).rebuild(name) == head
    assert await everything(store) == live


@pytest.mark.parametrize("size", [1, 2, 100])
async def test_the_size_of_batches_changes_nothing(
    store: EventStore, author: Author, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(module, "BATCH", size)
    await evening(author)
    await project(store, SHEETS, SUM, DEPOSITS).catch_up()
    assert await SUM.get(store.db, "all") == Sheet("", 3, 13)
    assert await store.db.pool.fetchval("SELECT count(*) FROM deposits") == 3


async def test_listeners_hear_which_documents_changed(store: EventStore, author: Author) -> None:
    head = await evening(author)
    projector = project(store, SHEETS, DEPOSITS)
    heard: list[tuple[str, frozenset[str], int]] = []
    projector.changed.append(lambda *change: heard.append(change))
    await projector.catch_up()
    both = frozenset({STREAMS["anna"].hex, STREAMS["ben"].hex})
    assert sorted(heard) == [("deposits", both, head), ("sheets", both, head)]


async def test_a_change_is_seen_after_its_position_in_every_replica(database_url: str) -> None:
    async with opened(database_url, database_url) as stores:
        projectors = [project(store, SHEETS) for store in stores]
        author = Author(stores[0])
        async with running(*projectors):
            for number in range(1, 101):
                position = await author.write("anna", Deposited(amount=1))
                reader = number % 2
                # In the city a hint on the bus wakes the replica that projects; here its own store does or the poll.
                projectors[0].wake(), projectors[1].wake()
                assert await projectors[reader].reached("sheets", position, 60)
                sheet = await SHEETS.get(stores[reader].db, STREAMS["anna"].hex)
                assert sheet is not None
                assert sheet.deposits == number


async def test_waiting_for_a_position_that_does_not_come_ends(store: EventStore) -> None:
    projector = project(store, SHEETS)
    async with running(projector):
        assert not await projector.reached("sheets", 1, 0.05)


async def test_two_projectors_apply_every_event_once(database_url: str) -> None:
    async with opened(database_url, database_url) as stores:
        await stores[0].db.pool.execute("CREATE TABLE deposits (position bigint PRIMARY KEY, amount bigint)")
        author = Author(stores[0])
        projectors = [project(store, SHEETS, DEPOSITS) for store in stores]
        for _ in range(10):
            await author.write("anna", Deposited(amount=1), Deposited(amount=1))
            await asyncio.gather(*(projector.catch_up() for projector in projectors))
        sheet = await SHEETS.get(stores[0].db, STREAMS["anna"].hex)
        assert sheet == Sheet("", 20, 20)


async def test_a_projector_that_lags_behind_never_moves_a_read_model_back(
    store: EventStore, author: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = project(store, DEPOSITS)
    await late.catch_up()
    head = await evening(author)
    await project(store, DEPOSITS).catch_up()
    monkeypatch.setattr(module, "BATCH", 2)
    while await late._step():
        pass
    assert late.positions == {"deposits": head}
    assert late.failing == {}
    assert await store.db.pool.fetchval("SELECT position FROM projections") == head


async def test_another_replica_goes_on_when_the_one_that_projects_ends(database_url: str) -> None:
    async with opened(database_url, database_url) as stores:
        author = Author(stores[0])
        first, second = (project(store, SHEETS) for store in stores)
        async with running(second):
            async with running(first):
                assert await second.reached("sheets", await author.write("anna", Deposited(amount=1)), 60)
            assert await second.reached("sheets", await author.write("anna", Deposited(amount=1)), 60)


async def test_a_read_model_that_fails_stops_no_other(
    store: EventStore, author: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.05)
    broken = True

    async def fail(tx: Tx, event: Deposited, recorded: Recorded) -> None:
        if broken and event.amount == 7:
            raise RuntimeError("a defect")
        await insert_deposit(tx, event, recorded)

    projector = project(store, SHEETS, replace(DEPOSITS, handlers={Deposited: fail}), SUM)
    async with running(projector):
        head = await evening(author)
        assert await projector.reached("sheets", head, 60)
        assert await projector.reached("sum", head, 60)
        assert not await projector.reached("deposits", head, 0)
        assert list(projector.failing) == ["deposits"]
        broken = False
        assert await projector.reached("deposits", head, 60)
        assert projector.failing == {}
    assert await store.db.pool.fetchval("SELECT count(*) FROM deposits") == 3


async def test_new_code_rebuilds_its_read_model_at_start(store: EventStore, author: Author) -> None:
    await evening(author)
    await project(store, SUM).catch_up()

    def twice(sheet: Sheet, event: Any, _: Recorded) -> Sheet:
        return msgspec.structs.replace(sheet, total=sheet.total + 2 * event.amount)

    await project(store, replace(SUM, version=2, evolve=twice)).catch_up()
    assert await SUM.get(store.db, "all") == Sheet("", 0, 26)


async def test_old_code_leaves_the_read_model_of_newer_code_alone(store: EventStore, author: Author) -> None:
    await project(store, replace(SUM, version=2)).catch_up()
    await evening(author)
    old = project(store, SUM)
    await old.catch_up()
    assert await SUM.get(store.db, "all") is None
    assert "sum" in old.failing


async def test_a_rebuild_beside_live_projection_loses_nothing(store: EventStore, author: Author) -> None:
    projector = project(store, SHEETS)
    async with running(projector):
        for _ in range(20):
            position, _ = await asyncio.gather(author.write("anna", Deposited(amount=1)), projector.rebuild("sheets"))
        assert await projector.reached("sheets", position, 60)
    assert await SHEETS.get(store.db, STREAMS["anna"].hex) == Sheet("", 20, 20)


async def test_an_event_of_a_newer_release_stops_the_projector_before_it(store: EventStore, author: Author) -> None:
    await evening(author)
    stream = UUID(key("new"))
    await store.append(Append([event(stream, 0, "account.opened/2")]))
    await author.write("ben", Deposited(amount=1))
    projector = project(store, SUM)
    with pytest.raises(UnknownEvent):
        await projector.catch_up()
    assert await SUM.get(store.db, "all") == Sheet("", 3, 13)
    newer = Projector("bank", store.db, store, Mapper([*EVENTS, Renamed]), [SUM])
    await newer.catch_up()
    assert await SUM.get(store.db, "all") == Sheet("", 4, 14)


class Renamed(Event, frozen=True, kw_only=True):
    TOPIC = "account.opened/2"


@pytest.mark.parametrize("owner", ["a\0b", "back\\slash\0", "\\u0000", "\\\0\0", "„Quartier“ 🙂"])
async def test_no_text_can_stop_a_read_model(store: EventStore, author: Author, owner: str) -> None:
    await author.write("anna", Opened(owner=owner))
    await project(store, SHEETS).catch_up()
    sheet = await SHEETS.get(store.db, STREAMS["anna"].hex)
    assert sheet is not None
    assert sheet.owner == owner.replace("\0", "\ufffd")


async def test_a_projection_that_came_later_reads_the_whole_log(store: EventStore, author: Author) -> None:
    await evening(author)
    await project(store, SHEETS).catch_up()
    await author.write("ben", Deposited(amount=1))
    await project(store, SHEETS, SUM).catch_up()
    assert await SUM.get(store.db, "all") == Sheet("", 4, 14)
    assert await SHEETS.get(store.db, STREAMS["ben"].hex) == Sheet("Ben", 2, 8)


async def test_two_projections_need_two_names(store: EventStore) -> None:
    with pytest.raises(ValueError, match="same name"):
        project(store, SHEETS, SHEETS)
