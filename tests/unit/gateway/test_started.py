# SPDX-License-Identifier: Apache-2.0
"""A coroutine runs at once as far as it can, and goes on where it is awaited."""

import asyncio

import pytest

from gateway.execution.started import Started, started, started_beside


async def test_what_need_not_wait_is_done_at_once():
    async def at_once() -> int:
        return 3

    assert started(at_once()) == 3


async def test_what_waits_goes_on_where_it_is_awaited():
    gate: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def later() -> int:
        first = await gate
        await asyncio.sleep(0)
        return first + 1

    waiting = [started(later()) for _ in range(3)]
    assert all(isinstance(one, Started) for one in waiting)
    gate.set_result(3)
    assert await asyncio.gather(*waiting) == [4, 4, 4]


async def test_an_error_is_raised_where_it_happens():
    async def at_once() -> None:
        raise ZeroDivisionError

    async def later() -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        started(at_once())
    waiting = started(later())
    with pytest.raises(ZeroDivisionError):
        await waiting


async def test_who_is_cancelled_while_it_waits_cleans_up():
    cleaned = []

    async def for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(True)

    async def wait() -> None:
        await started(for_ever())

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    started(for_ever()).close()
    assert cleaned == [True, True]


async def test_beside_another_it_has_a_task_of_its_own_from_the_first_step_on():
    tasks: list[asyncio.Task[None] | None] = []

    async def steps() -> None:
        tasks.append(asyncio.current_task())
        await asyncio.sleep(0)
        tasks.append(asyncio.current_task())

    task = started_beside(steps())
    assert asyncio.current_task() is not task
    await task
    assert tasks == [task, task]


async def test_beside_another_what_need_not_wait_is_done_at_once():
    async def at_once() -> int:
        return 3

    async def wrong() -> None:
        raise ZeroDivisionError

    assert started_beside(at_once()) == 3
    with pytest.raises(ZeroDivisionError):
        started_beside(wrong())
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_who_is_cancelled_before_their_task_has_begun_cleans_up():
    cleaned = []

    async def for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(True)

    task = started_beside(for_ever())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned == [True]
