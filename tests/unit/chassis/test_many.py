# SPDX-License-Identifier: Apache-2.0
"""Several questions in one message: each takes a turn of its own, and is late for itself."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from services.chassis.many import QUESTIONS, SIDE_BY_SIDE, answer_each

LONG = 60.0


class Counted:
    """A handler that knows how many of its calls run at the same time; each gives others several chances to run."""

    def __init__(self) -> None:
        self.running = 0
        self.most = 0

    async def __call__(self, question: int) -> int:
        self.running += 1
        self.most = max(self.most, self.running)
        for _ in range(question % 5):
            await asyncio.sleep(0)
        self.running -= 1
        return question * 2


async def within(seconds: float, running: Awaitable[list[int | None]]) -> list[int | None]:
    async with asyncio.timeout(seconds):
        return await running


@pytest.mark.parametrize("turns", [1, 2, 5])
async def test_messages_of_a_hundred_questions_at_once_never_take_more_turns_than_there_are(turns):
    semaphore, handler, tasks = asyncio.Semaphore(turns), Counted(), set()
    questions = list(range(QUESTIONS))
    messages = [answer_each(questions, handler, semaphore, LONG, tasks) for _ in range(20)]
    found = await within(LONG, asyncio.gather(*messages))  # and none waits for one that waits for it
    assert found == [[question * 2 for question in questions]] * 20
    assert handler.most == turns
    assert not tasks


async def test_one_message_takes_eight_turns_at_most():
    handler = Counted()
    await answer_each(range(QUESTIONS), handler, asyncio.Semaphore(64), LONG, set())
    assert handler.most == SIDE_BY_SIDE


async def test_a_question_that_comes_alone_does_not_stand_behind_a_hundred():
    turns, begun, order = asyncio.Semaphore(1), asyncio.Event(), []

    async def note(question: int) -> None:
        order.append(question)
        begun.set()
        await asyncio.sleep(0)

    message = asyncio.ensure_future(answer_each(range(QUESTIONS), note, turns, LONG, set()))
    await begun.wait()
    async with turns:
        order.append(-1)
    await message
    assert order.index(-1) <= SIDE_BY_SIDE


def never(begun: asyncio.Event, ended: asyncio.Event, *those: int) -> Callable[[int], Awaitable[int]]:
    """A handler that answers at once, only some questions never."""

    async def answer(question: int) -> int:
        if question in those:
            begun.set()
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                ended.set()
        return question

    return answer


async def test_who_is_late_is_late_alone_and_is_ended():
    ended, turns, tasks = asyncio.Event(), asyncio.Semaphore(2), set()
    found = await answer_each(range(20), never(asyncio.Event(), ended, 3), turns, 0.1, tasks)
    assert found == [question if question != 3 else None for question in range(20)]
    await asyncio.wait_for(ended.wait(), LONG)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not tasks
    assert not turns.locked()


async def test_what_was_never_begun_in_time_is_late_too():
    turns = asyncio.Semaphore(1)
    async with turns:
        assert await answer_each(range(3), never(asyncio.Event(), asyncio.Event()), turns, 0.0, set()) == [
            None,
            None,
            None,
        ]
    assert not turns.locked()


async def test_a_message_that_is_given_up_leaves_nothing_running():
    begun, ended, turns, tasks = asyncio.Event(), asyncio.Event(), asyncio.Semaphore(1), set()
    message = asyncio.ensure_future(answer_each(range(20), never(begun, ended, 0), turns, LONG, tasks))
    await begun.wait()
    message.cancel()
    await asyncio.wait([message, *tasks])
    assert ended.is_set()
    assert not turns.locked()


async def test_no_questions_have_no_answers():
    assert await answer_each((), Counted(), asyncio.Semaphore(1), LONG, set()) == []
