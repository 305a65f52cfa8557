# SPDX-License-Identifier: Apache-2.0
"""Commands: decided on the present state, stored whole or not at all, answered the same when repeated."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from services.chassis.clock import Clock
from services.chassis.contract import Answer, Done
from services.chassis.decider import Command, Refusal
from services.chassis.mapper import Mapper, UnknownEvent
from services.chassis.refusals import ConcurrentChange, IdempotencyKeyReused, StreamIsReadOnly
from services.chassis.renumber import LOG_LOCK
from services.chassis.repository import Decided, Envelope, Executed, Loaded, Repository, Secret, Step
from services.chassis.store import Statement, StoreUnavailable, Tracking
from tests.integration.chassis.account import (
    ACCOUNT,
    CONFERENCE,
    EVENTS,
    Account,
    AccountIsClosed,
    AlreadyOpen,
    Close,
    Closed,
    Deposit,
    Deposited,
    Open,
    Opened,
    Overdrawn,
    Withdraw,
    conference,
    key,
)
from tests.integration.chassis.logs import NOON, Wire, opened

ANNA, BEN = key("anna"), key("ben")


class Balance(Answer, frozen=True, kw_only=True):
    balances: list[int]


@asynccontextmanager
async def replicas(*urls: str, cache_size: int = 100) -> AsyncIterator[list[Repository]]:
    async with opened(*urls) as stores:
        yield [Repository("bank", store, Mapper(EVENTS), Clock(), cache_size) for store in stores]


@pytest.fixture
async def repository(database_url: str) -> AsyncIterator[Repository]:
    async with replicas(database_url) as (repository,):
        yield repository


def envelope(command_id: UUID | None = None, content: bytes = b"content", tracking: Tracking | None = None) -> Envelope:
    return Envelope(command_id or uuid4(), content, "resident:1", "f" * 32, tracking)


def step(account: str, command: Command, guards: Sequence[Loaded[Any]] = (), secret: Secret | None = None) -> Step:
    return Step(ACCOUNT, account, command, CONFERENCE, secret, guards)


def deposit(account: str, amount: int, now: datetime = NOON) -> Step:
    return step(account, Deposit(now=now, amount=amount))


def withdraw(account: str, amount: int) -> Step:
    return step(account, Withdraw(now=NOON, amount=amount))


async def do(repository: Repository, *steps: Step, envelope_: Envelope | None = None) -> Executed:
    result = await repository.execute(steps, envelope_ or envelope(), Done())
    assert isinstance(result, Executed), result
    return result


async def state(repository: Repository, account: str) -> Account:
    return (await repository.load(ACCOUNT, account)).state


async def stored(repository: Repository) -> int:
    return await repository.store.db.pool.fetchval("SELECT count(*) FROM stored_events")  # type: ignore[no-any-return]


async def test_a_stream_without_events_is_in_its_initial_state(repository: Repository) -> None:
    loaded = await repository.load(ACCOUNT, ANNA)
    assert (loaded.state, loaded.version, loaded.at, loaded.position) == (Account(), -1, None, 0)


async def test_what_was_decided_is_stored_with_who_when_and_where(repository: Repository) -> None:
    asked = envelope()
    await do(repository, step(ANNA, Open(now=NOON, owner="Anna")), envelope_=asked)
    (row,) = await repository.store.select_conference(conference(), topics=["account.opened"])
    assert (row.originator_id, row.originator_version) == (repository.stream_id(ACCOUNT, ANNA), 0)
    assert row.state == b'{"owner":"Anna"}'
    assert row.recorded_at == NOON
    assert asked.command_id is not None
    assert msgspec.json.decode(row.meta) == {
        "actor": "resident:1",
        "trace": "f" * 32,
        "command": asked.command_id.hex,
    }


async def test_the_state_follows_from_the_events_in_every_replica(database_url: str) -> None:
    async with replicas(database_url, database_url) as (here, there):
        for number in range(4):
            await do((here, there)[number % 2], deposit(ANNA, 10))
            assert await state(here, ANNA) == await state(there, ANNA) == Account(balance=10 * (number + 1))
        loaded = await there.load(ACCOUNT, ANNA)
        assert (loaded.version, loaded.at) == (3, NOON)


async def test_a_refusal_stores_nothing(repository: Repository) -> None:
    assert await repository.execute([withdraw(ANNA, 1)], envelope(), Done()) == Overdrawn(balance=0)
    assert await stored(repository) == 0
    assert await repository.store.db.pool.fetchval("SELECT count(*) FROM commands") == 0


async def test_the_steps_of_a_command_are_stored_together_or_not_at_all(repository: Repository) -> None:
    await do(repository, deposit(ANNA, 10))
    transfer = [withdraw(ANNA, 7), deposit(BEN, 7)]
    await do(repository, *transfer)
    assert await repository.execute(transfer, envelope(), Done()) == Overdrawn(balance=3)
    assert [(await state(repository, account)).balance for account in (ANNA, BEN)] == [3, 7]
    assert await repository.execute(transfer[::-1], envelope(), Done()) == Overdrawn(balance=3)
    assert [(await state(repository, account)).balance for account in (ANNA, BEN)] == [3, 7]


async def test_a_step_sees_what_the_steps_before_it_did(repository: Repository) -> None:
    await do(repository, deposit(ANNA, 5), withdraw(ANNA, 5))
    result = await repository.execute([deposit(ANNA, 5), withdraw(ANNA, 6)], envelope(), Done())
    assert result == Overdrawn(balance=5)


async def test_the_answer_may_be_made_from_what_was_decided(repository: Repository) -> None:
    def answer(decided: Sequence[Decided]) -> Answer:
        assert [one.events for one in decided] == [(Deposited(amount=5),), (Deposited(amount=6),)]
        return Balance(balances=[one.state.balance for one in decided])

    result = await repository.execute([deposit(ANNA, 5), deposit(BEN, 6)], envelope(), answer)
    assert isinstance(result, Executed)
    assert bytes(result.answer) == b'{"balances":[5,6]}'
    assert result.position == await repository.store.max_notification_id()


async def test_a_repeated_command_gets_its_first_answer_even_where_it_would_be_refused_now(
    database_url: str,
) -> None:
    async with replicas(database_url, database_url) as (here, there):
        asked = envelope()
        opening = [step(ANNA, Open(now=NOON, owner="Anna"))]
        first = await here.execute(opening, asked, Balance(balances=[1]))
        assert isinstance(first, Executed)
        await do(here, deposit(ANNA, 1))
        again = await there.execute(opening, asked, Balance(balances=[2]))
        assert again == Executed(first.answer, first.position, repeated=True)
        assert await there.execute(opening, envelope(), Done()) == AlreadyOpen(owner="Anna")


async def test_a_command_id_belongs_to_one_content(repository: Repository) -> None:
    asked = envelope()
    await do(repository, deposit(ANNA, 1), envelope_=asked)
    other = envelope(asked.command_id, b"other")
    assert await repository.execute([deposit(ANNA, 2)], other, Done()) == IdempotencyKeyReused()
    assert await repository.execute([withdraw(ANNA, 9)], other, Done()) == IdempotencyKeyReused()


async def test_a_command_that_already_holds_is_answered_and_remembered_without_events(repository: Repository) -> None:
    await do(repository, step(ANNA, Close(now=NOON)))
    asked = envelope()
    result = await do(repository, step(ANNA, Close(now=NOON)), envelope_=asked)
    assert result.position == 1
    assert await do(repository, step(ANNA, Close(now=NOON)), envelope_=asked) == result._replace(repeated=True)
    assert await stored(repository) == 1


async def test_time_never_runs_backwards_in_a_stream(database_url: str) -> None:
    async with replicas(database_url, database_url) as (fast, slow):
        await do(fast, deposit(ANNA, 1, NOON + timedelta(seconds=5)))
        await do(slow, deposit(ANNA, 1, NOON))
        rows = await slow.store.select_events(slow.stream_id(ACCOUNT, ANNA))
        assert [row.recorded_at for row in rows] == [NOON + timedelta(seconds=5)] * 2


async def test_no_race_between_replicas_overdraws_an_account(database_url: str) -> None:
    async with replicas(database_url, database_url, database_url) as several:
        await do(several[0], deposit(ANNA, 10))
        results = await asyncio.gather(
            *(several[n % 3].execute([withdraw(ANNA, 1)], envelope(), Done()) for n in range(25))
        )
        paid = [result for result in results if isinstance(result, Executed)]
        assert len(paid) + len([one for one in results if isinstance(one, ConcurrentChange | Overdrawn)]) == 25
        assert (await state(several[1], ANNA)).balance == 10 - len(paid) >= 0


async def test_in_one_replica_nobody_loses_a_race(repository: Repository) -> None:
    results = await asyncio.gather(*(do(repository, deposit(ANNA, 1)) for _ in range(40)))
    assert len({result.position for result in results}) == 40


async def test_transfers_in_both_directions_do_not_wait_for_each_other_forever(repository: Repository) -> None:
    await do(repository, deposit(ANNA, 50), deposit(BEN, 50))
    there = [withdraw(ANNA, 1), deposit(BEN, 1)]
    back = [withdraw(BEN, 1), deposit(ANNA, 1)]
    async with asyncio.timeout(60):
        await asyncio.gather(*(do(repository, *steps) for _ in range(20) for steps in (there, back)))
    assert [(await state(repository, account)).balance for account in (ANNA, BEN)] == [50, 50]


async def test_what_the_handler_relied_on_must_not_have_changed(database_url: str) -> None:
    async with replicas(database_url, database_url) as (here, there):
        await do(here, deposit(BEN, 1))
        seen = await here.load(ACCOUNT, BEN)
        guarded = step(ANNA, Deposit(now=NOON, amount=1), guards=[seen])
        await do(here, guarded)
        await do(there, step(BEN, Close(now=NOON)))
        result = await here.execute([guarded], envelope(), Done())
        assert isinstance(result, ConcurrentChange)
        assert result.position.startswith(here.store.epoch)
        assert (await state(here, ANNA)).balance == 1


async def test_a_step_that_found_nothing_to_do_must_still_find_nothing_when_the_others_are_stored(
    database_url: str,
) -> None:
    async with replicas(database_url, database_url) as (here, there):
        await do(there, step(BEN, Close(now=NOON)))
        original = here.store.append
        tries: list[Any] = []

        async def meanwhile(item: Any) -> Any:
            if not tries:
                await do(there, step(BEN, Open(now=NOON, owner="Ben")))
            tries.append(item)
            return await original(item)

        here.store.append = meanwhile  # type: ignore[method-assign]
        await do(here, step(BEN, Close(now=NOON)), deposit(ANNA, 1))
        assert len(tries) == 2


async def test_of_many_at_once_the_one_that_completes_the_sum_takes_the_step_that_follows(database_url: str) -> None:
    complete = 20

    def enough(decided: Sequence[Decided]) -> bool:
        return bool(decided[0].state.balance == complete)

    async with replicas(database_url, database_url) as (here, there):
        opening = Step(ACCOUNT, BEN, Open(now=NOON, owner="Ben"), CONFERENCE, when=enough)
        done = await asyncio.gather(
            *(each.execute([deposit(ANNA, 1), opening], envelope(), Done()) for each in (here, there) * complete)
        )
        assert all(isinstance(one, Executed) for one in done)
        assert (await state(here, ANNA)).balance == 2 * complete
        assert await state(there, BEN) == Account(owner="Ben")
        assert len(await here.store.select_events(here.stream_id(ACCOUNT, BEN))) == 1


async def test_a_guard_on_a_stream_that_is_written_holds_as_well(repository: Repository) -> None:
    seen = await repository.load(ACCOUNT, ANNA)
    guarded = step(ANNA, Deposit(now=NOON, amount=1), guards=[seen])
    await do(repository, guarded)
    assert isinstance(await repository.execute([guarded], envelope(), Done()), ConcurrentChange)


async def test_a_tracked_message_is_carried_out_once(repository: Repository) -> None:
    def message(position: int) -> Envelope:
        return Envelope(None, b"", "service:rooms", "", Tracking("bank", "session", CONFERENCE, position))

    assert not (await do(repository, deposit(ANNA, 1), envelope_=message(4))).repeated
    assert (await do(repository, deposit(ANNA, 1), envelope_=message(4))).repeated
    assert not (await do(repository, envelope_=message(5))).repeated
    assert (await state(repository, ANNA)).balance == 1


async def test_effects_run_with_the_events(repository: Repository) -> None:
    await repository.store.db.pool.execute("CREATE TABLE seen (n int)")
    effect = Statement("INSERT INTO seen VALUES ($1)", (1,))
    assert await repository.execute([withdraw(ANNA, 1)], envelope(), Done(), [effect]) == Overdrawn(balance=0)
    assert isinstance(await repository.execute([deposit(ANNA, 1)], envelope(), Done(), [effect]), Executed)
    assert await repository.store.db.pool.fetchval("SELECT count(*) FROM seen") == 1


async def test_the_cache_is_bounded_and_forgetting_loses_nothing(database_url: str) -> None:
    async with replicas(database_url, cache_size=3) as (repository,):
        accounts = [uuid4().hex for _ in range(10)]
        for account in accounts * 2:
            await do(repository, deposit(account, 1))
        assert [(await state(repository, account)).balance for account in accounts] == [2] * 10
        assert len(repository._cache) == 3


async def test_a_stream_with_events_of_a_newer_release_is_read_only(repository: Repository) -> None:
    await do(repository, deposit(ANNA, 1), deposit(BEN, 1))
    pool = repository.store.db.pool
    await pool.execute(
        "INSERT INTO stored_events (originator_id, originator_version, topic, state, event_id, recorded_at)"
        " VALUES ($1, 1, 'account.opened/2', '{}', $1, now())",
        repository.stream_id(ACCOUNT, ANNA),
    )
    assert await repository.execute([deposit(ANNA, 1)], envelope(), Done()) == StreamIsReadOnly(
        topic="account.opened/2"
    )
    with pytest.raises(UnknownEvent):
        await repository.load(ACCOUNT, ANNA)
    await do(repository, deposit(BEN, 1))


async def test_a_command_survives_the_loss_of_its_connection(database_url: str) -> None:
    blocker = await asyncpg.connect(database_url)
    try:
        async with replicas(database_url) as (repository,):
            await blocker.execute("SELECT pg_advisory_lock($1)", LOG_LOCK)
            attempt = asyncio.create_task(do(repository, deposit(ANNA, 1)))
            waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()"
            while (pid := await blocker.fetchval(waiting)) is None:  # noqa: ASYNC110 - the server tells no other way
                await asyncio.sleep(0.005)
            await blocker.execute("SELECT pg_terminate_backend($1)", pid)
            await blocker.execute("SELECT pg_advisory_unlock($1)", LOG_LOCK)
            assert not (await attempt).repeated
            assert (await state(repository, ANNA)).balance == 1
    finally:
        await blocker.close()


async def test_a_command_whose_answer_was_lost_is_done_once(database_url: str) -> None:
    async with Wire(database_url) as wire, replicas(wire.url) as (repository,):
        await do(repository, deposit(ANNA, 10))
        await repository.load(ACCOUNT, ANNA)
        original = repository.store.append

        async def lose_the_answer(item: Any) -> Any:
            wire.deaf = not wire.lost.is_set()
            try:
                return await original(item)
            finally:
                wire.deaf = False

        repository.store.append = lose_the_answer  # type: ignore[method-assign]
        result = await do(repository, withdraw(ANNA, 10))
        assert wire.lost.is_set()
        assert result.repeated
        assert (await state(repository, ANNA)).balance == 0


async def test_without_an_id_a_lost_answer_is_not_repeated_blindly(database_url: str) -> None:
    async with Wire(database_url) as wire, replicas(wire.url) as (repository,):
        await do(repository, deposit(ANNA, 1))
        wire.deaf = True
        with pytest.raises(StoreUnavailable):
            await repository.execute([deposit(ANNA, 1)], Envelope(None, b"", "", ""), Done())


def ballot_secret(voter: str) -> Secret:
    def digest(data: bytes) -> bytes:
        return hmac.digest(b"the poll's key", data, hashlib.sha256)

    return Secret(UUID(bytes=digest(voter.encode())[:16]), NOON, digest)


async def test_a_ballots_row_tells_neither_who_nor_when(repository: Repository) -> None:
    asked = envelope()
    later = NOON + timedelta(minutes=3)
    cast = step(ANNA, Deposit(now=later, amount=1), secret=ballot_secret(ANNA))
    await do(repository, cast, envelope_=asked)
    (row,) = await repository.store.select_notifications(0)
    assert row.originator_id == ballot_secret(ANNA).stream_id
    assert (row.meta, row.recorded_at) == (b"", NOON)
    (record,) = await repository.store.db.pool.fetch("SELECT * FROM commands")
    assert asked.command_id is not None
    assert record["command_id"].bytes == ballot_secret(ANNA).digest(asked.command_id.bytes)[:16]
    assert record["request_hash"] == ballot_secret(ANNA).digest(asked.request_hash)
    assert record["at"] == NOON
    assert (await do(repository, cast, envelope_=asked)).repeated


async def test_a_ballot_is_changed_in_its_own_stream(repository: Repository) -> None:
    for amount in (1, 2):
        await do(repository, step(ANNA, Deposit(now=NOON, amount=amount), secret=ballot_secret(ANNA)))
    rows = await repository.store.select_events(ballot_secret(ANNA).stream_id)
    assert [row.originator_version for row in rows] == [0, 1]


async def test_a_ballot_never_travels_with_anything_open(repository: Repository) -> None:
    with pytest.raises(ValueError, match="ballot"):
        await repository.execute(
            [step(ANNA, Deposit(now=NOON, amount=1), secret=ballot_secret(ANNA)), deposit(BEN, 1)], envelope(), Done()
        )


async def test_no_ballot_comes_after_the_close_whatever_the_replicas_do(database_url: str) -> None:
    async with replicas(database_url, database_url) as several:
        await do(several[0], step(BEN, Open(now=NOON, owner="poll")))

        async def vote(repository: Repository) -> Executed | Refusal:
            """What a handler does: look at the poll, then cast; again when the poll has changed meanwhile."""
            while True:
                poll = await repository.load(ACCOUNT, BEN)
                if poll.state.closed:
                    return AccountIsClosed()
                cast = step(ANNA, Deposit(now=NOON, amount=1), [poll], ballot_secret(uuid4().hex))
                result = await repository.execute([cast], envelope(), Done())
                if not isinstance(result, ConcurrentChange):
                    return result

        async def close() -> None:
            await asyncio.sleep(0.02)
            await do(several[1], step(BEN, Close(now=NOON)))

        results, _ = await asyncio.gather(asyncio.gather(*(vote(several[n % 2]) for n in range(120))), close())
        log = [row.topic for row in await several[0].store.select_notifications(0)]
        assert log[-1] == Closed.TOPIC
        assert log[0] == Opened.TOPIC
        assert log.count(Deposited.TOPIC) == len([one for one in results if isinstance(one, Executed)])


async def test_after_a_restored_backup_nothing_is_decided_on_what_was_lost(database_url: str) -> None:
    async with replicas(database_url, database_url) as (here, there):
        await do(here, deposit(ANNA, 10))
        await do(here, deposit(ANNA, 90))
        await there.store.db.pool.execute("DELETE FROM stored_events WHERE notification_id = 2")
        await there.store.shift(1, 50, "e" * 32)
        await do(there, deposit(ANNA, 5))
        assert await here.execute([withdraw(ANNA, 50)], envelope(), Done()) == Overdrawn(balance=15)
