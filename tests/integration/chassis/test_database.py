# SPDX-License-Identifier: Apache-2.0
"""Migrations run once each, in order, whoever starts first; a changed one is refused."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from services.chassis.database import Database, MigrationChanged, migrate, migrations_of


def folder(base: Path, service: str) -> Path:
    place = base / service / "migrations"
    place.mkdir(parents=True)
    return place


async def test_each_migration_runs_once_in_the_order_of_numbers(database_url: str, tmp_path: Path) -> None:
    place = folder(tmp_path, "bank")
    (place / "0002_more.sql").write_text("ALTER TABLE things ADD COLUMN more int;")
    (place / "0001_things.sql").write_text(
        "CREATE TABLE things (id int); -- two statements\nINSERT INTO things VALUES (1)"
    )
    assert await migrate(database_url, [place]) == ["bank/0001_things.sql", "bank/0002_more.sql"]
    assert await migrate(database_url, [place]) == []


async def test_two_processes_that_start_together_do_not_race(database_url: str, tmp_path: Path) -> None:
    place = folder(tmp_path, "bank")
    (place / "0001_things.sql").write_text("CREATE TABLE things (id int)")
    applied = await asyncio.gather(*(migrate(database_url, [place]) for _ in range(4)))
    assert sorted(map(len, applied)) == [0, 0, 0, 1]


async def test_a_migration_that_was_changed_after_it_ran_is_refused(database_url: str, tmp_path: Path) -> None:
    place = folder(tmp_path, "bank")
    (place / "0001_things.sql").write_text("CREATE TABLE things (id int)")
    await migrate(database_url, [place])
    (place / "0001_things.sql").write_text("CREATE TABLE things (id bigint)")
    with pytest.raises(MigrationChanged, match=r"bank/0001_things\.sql"):
        await migrate(database_url, [place])


async def test_a_migration_that_fails_leaves_nothing_behind(database_url: str, tmp_path: Path) -> None:
    place = folder(tmp_path, "bank")
    (place / "0001_things.sql").write_text("CREATE TABLE things (id int)")
    (place / "0002_wrong.sql").write_text("CREATE TABLE wrong (no_such_type)")
    with pytest.raises(asyncpg.PostgresError):
        await migrate(database_url, [place])
    (place / "0002_wrong.sql").unlink()
    assert await migrate(database_url, [place]) == ["bank/0001_things.sql"]


async def test_the_chassis_has_been_migrated_already(database_url: str) -> None:
    assert await migrate(database_url, [migrations_of("services.chassis")]) == []


async def test_a_transaction_is_taken_back_on_an_exception(database_url: str) -> None:
    db = await Database.connect(database_url, size=1)
    try:
        await db.pool.execute("CREATE TABLE things (id int)")

        async def fail() -> None:
            async with db.transaction() as tx:
                await tx.execute("INSERT INTO things VALUES (1)")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await fail()
        assert await db.pool.fetchval("SELECT count(*) FROM things") == 0
    finally:
        await db.close()
