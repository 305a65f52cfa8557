# SPDX-License-Identifier: Apache-2.0
"""Events that only write tables share transactions: each is written once, whatever fails among them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from uuid import uuid4

import pytest

from services.chassis.database import Database, Tx
from services.chassis.groupcommit import UNREACHABLE
from services.chassis.policies import Policies
from services.chassis.writing import Write, Writing
from tests.integration.chassis.streams import count
from tests.integration.chassis.tally import NumberCounted, alpha, beta
from tests.integration.chassis.waiting import until

TABLE = "CREATE TABLE numbers (n integer, conference text, nth bigint GENERATED ALWAYS AS IDENTITY)"


@pytest.fixture
async def db(service_database: Callable[[str], str]) -> AsyncIterator[Database]:
    database = await Database.connect(service_database("chassis"), size=4)
    await database.pool.execute(TABLE)
    yield database
    await database.close()


async def insert(n: int, conference: str, tx: Tx) -> None:
    await tx.execute("INSERT INTO numbers (n, conference) VALUES ($1, $2)", n, conference)


async def defect(tx: Tx) -> None:
    await tx.execute("INSERT INTO numbers (n, conference) VALUES (-1, 'never')")
    raise ZeroDivisionError


def writes(conference: str, numbers: Sequence[int], *, broken: int | None = None) -> list[Write]:
    return [Write(n, defect if n == broken else partial(insert, n, conference)) for n in numbers]


async def written(db: Database, conference: str) -> list[int]:
    rows = await db.pool.fetch("SELECT n FROM numbers WHERE conference = $1 ORDER BY nth", conference)
    return [row["n"] for row in rows]


async def noted(db: Database, conference: str) -> int:
    position: int = await db.pool.fetchval("SELECT position FROM consumed WHERE conference = $1", conference)
    return position


async def transactions(db: Database) -> int:
    number: int = await db.pool.fetchval("SELECT count(DISTINCT xmin::text) FROM numbers")
    return number


async def test_what_waits_while_a_transaction_runs_goes_together_into_the_next(db: Database):
    writing = Writing(db, "beta", "alpha")
    outcomes = await asyncio.gather(*(writing.write(f"c{n}", writes(f"c{n}", range(1, 6))) for n in range(20)))
    assert outcomes == [(5, None)] * 20
    for n in range(20):
        assert await written(db, f"c{n}") == [1, 2, 3, 4, 5]
        assert await noted(db, f"c{n}") == 5
    assert await transactions(db) == 1


async def test_one_that_fails_in_the_middle_is_told_and_all_others_are_written_once(db: Database):
    writing = Writing(db, "beta", "alpha")
    well, ill, other = await asyncio.gather(
        writing.write("well", writes("well", range(1, 6))),
        writing.write("ill", writes("ill", range(1, 6), broken=3)),
        writing.write("other", writes("other", range(1, 6))),
    )
    assert well == other == (5, None)
    assert ill[0] == 2
    assert isinstance(ill[1], ZeroDivisionError)
    assert await written(db, "well") == await written(db, "other") == [1, 2, 3, 4, 5]
    assert await written(db, "ill") == [1, 2]
    assert await noted(db, "ill") == 2
    assert await written(db, "never") == []


async def test_what_was_written_before_is_left_out(db: Database):
    writing = Writing(db, "beta", "alpha")
    await writing.write("c", writes("c", [1, 2, 3]))
    assert await writing.write("c", writes("c", [2, 3, 4])) == (3, None)
    assert await written(db, "c") == [1, 2, 3, 4]


async def test_two_processes_that_both_believe_to_be_the_consumer_write_everything_once(db: Database):
    two = [Writing(db, "beta", "alpha") for _ in range(2)]
    names = [f"c{n}" for n in range(6)]
    # In opposite orders, so that they meet on rows that neither had seen.
    runs = [
        writing.write(name, writes(name, range(1, 8)))
        for writing, order in zip(two, (names, names[::-1]), strict=True)
        for name in order
    ]
    assert await asyncio.gather(*runs) == [(7, None)] * 12
    for name in names:
        assert await written(db, name) == list(range(1, 8))


async def test_a_connection_that_breaks_halfway_leaves_nothing_and_fails_all_alike(db: Database):
    async def cut(tx: Tx) -> None:
        await insert(1, "cut", tx)
        await tx.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    writing = Writing(db, "beta", "alpha")
    first, second = await asyncio.gather(
        writing.write("cut", [Write(1, cut)]), writing.write("beside", writes("beside", [1, 2]))
    )
    assert first[0] == second[0] == 0
    assert isinstance(first[1], UNREACHABLE)
    assert await db.pool.fetchval("SELECT count(*) FROM numbers") == 0
    assert await writing.write("beside", writes("beside", [1, 2]), alone=True) == (2, None)


async def test_closed_in_the_middle_of_a_transaction_nothing_of_it_happened(db: Database):
    inside = asyncio.Event()

    async def hang(tx: Tx) -> None:
        await insert(2, "c", tx)
        inside.set()
        await asyncio.Event().wait()

    writing = Writing(db, "beta", "alpha")
    waiting = asyncio.ensure_future(writing.write("c", [*writes("c", [1]), Write(2, hang)]))
    await inside.wait()
    await writing.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await written(db, "c") == []
    again = Writing(db, "beta", "alpha")
    assert await again.write("c", writes("c", [1, 2, 3])) == (3, None)
    assert await written(db, "c") == [1, 2, 3]


def writers(broken: set[int], hang: Callable[[int], Awaitable[None]] | None = None) -> Policies:
    table = Policies("beta")

    @table.write(NumberCounted)
    async def when_a_number_is_counted_write_it_down(tx: Tx, event: NumberCounted, position: int) -> None:
        await insert(event.n, event.conference_id, tx)
        if hang is not None:
            await hang(event.n)
        if event.n in broken:
            raise ZeroDivisionError("defect")

    return table


async def test_a_defect_among_many_parks_its_conference_alone(running, settings, service_database):
    conferences = [uuid4().hex for _ in range(4)]
    broken = {50}  # of the third conference
    one = await running(alpha(settings(service_database("chassis"))))
    two = await running(beta(settings(database := service_database("chassis")), Policies("beta")))
    await two.runtime.db.pool.execute(TABLE)
    await count(one.runtime.repository, conferences, range(200))
    await two.close()
    consuming = await running(beta(settings(database), writers(broken)))
    db, consumer = consuming.runtime.db, consuming.consumers[0]

    async def all_dealt_with() -> bool:
        return await db.pool.fetchval("SELECT count(*) FROM numbers") + len(await consumer.letters.list()) == 200

    await until(all_dealt_with)
    for place in (0, 1, 3):
        assert await written(db, conferences[place]) == list(range(place, 200, 4))
    assert await written(db, conferences[2]) == list(range(2, 50, 4))
    letters = await consumer.letters.list()
    assert {letter.conference for letter in letters} == {conferences[2]}
    assert [letter.error for letter in letters if "waits" not in letter.error] == ["ZeroDivisionError: defect"]
    assert letters[0].error == "ZeroDivisionError: defect"

    broken.clear()  # mended
    await consumer.letters.replay("alpha", conferences[2])

    async def all_written() -> bool:
        return bool(await db.pool.fetchval("SELECT count(*) FROM numbers") == 200)

    await until(all_written)
    assert await written(db, conferences[2]) == list(range(2, 200, 4))
    await until(lambda: not consumer.parked)
    assert not await consumer.letters.list()


async def test_a_consumer_that_ends_in_the_middle_writes_everything_once(running, settings, service_database):
    conferences = [uuid4().hex for _ in range(3)]
    one = await running(alpha(settings(service_database("chassis"))))
    two = await running(beta(settings(database := service_database("chassis")), Policies("beta")))
    await two.runtime.db.pool.execute(TABLE)
    await count(one.runtime.repository, conferences, range(90))
    await two.close()
    inside = asyncio.Event()

    async def hang(n: int) -> None:
        if n == 40:
            inside.set()
            await asyncio.Event().wait()

    ending = await running(beta(settings(database), writers(set(), hang)))
    await asyncio.wait_for(inside.wait(), 60)
    await ending.close()

    again = await running(beta(settings(database), writers(set())))

    async def all_written() -> bool:
        return bool(await again.runtime.db.pool.fetchval("SELECT count(*) FROM numbers") >= 90)

    await until(all_written)
    for place, conference in enumerate(conferences):
        assert await written(again.runtime.db, conference) == list(range(place, 90, 3))
