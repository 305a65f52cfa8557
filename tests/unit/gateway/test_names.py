# SPDX-License-Identifier: Apache-2.0
"""Names of people: asked for together, never kept beyond an erasure, and nobody waits long for them."""

import asyncio
from collections.abc import Mapping

import pytest

from gateway.names import Names

C = "c" * 32
ANNA, BEN = (C, "a" * 32), (C, "b" * 32)


class Registration:
    """Answers when the test lets it; notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.names: Mapping[str, str] | None = {ANNA[1]: "Anna", BEN[1]: "Ben"}
        self.free = asyncio.Event()
        self.free.set()
        self.begun = asyncio.Event()

    async def ask(self, conference: str, people: tuple[str, ...]) -> Mapping[str, str] | None:
        self.asked.append(people)
        self.begun.set()
        names = self.names
        await self.free.wait()
        return names


@pytest.fixture
def registration() -> Registration:
    return Registration()


async def test_people_who_are_asked_for_at_once_cost_one_question(registration):
    names = Names(registration.ask)
    answers = await asyncio.gather(*(names.load([ANNA, BEN], 5.0) for _ in range(10)))
    assert answers == [["Anna", "Ben"]] * 10
    assert len(registration.asked) == 1
    assert names.at_hand(ANNA) == "Anna"


async def test_a_name_that_is_forgotten_while_it_is_asked_for_is_asked_for_again(registration):
    names = Names(registration.ask)
    registration.free.clear()
    loading = asyncio.create_task(names.load([ANNA], 5.0))
    await registration.begun.wait()
    names.forget(*ANNA)
    registration.names = {}
    registration.free.set()
    assert await loading == [None]
    assert names.at_hand(ANNA) is None


async def test_nobody_waits_longer_than_they_may(registration):
    names = Names(registration.ask)
    registration.free.clear()
    assert await names.load([ANNA], 0.01) == [None]
    assert not names.known([ANNA])
    registration.free.set()
    assert await names.load([ANNA], 5.0) == ["Anna"]


async def test_while_registration_is_away_the_last_name_is_shown_and_few_questions_are_asked(registration):
    names = Names(registration.ask, seconds=0.05)
    await names.load([ANNA], 5.0)
    registration.names = None
    while True:
        try:
            names.at_hand(ANNA)
        except KeyError:
            break
        await asyncio.sleep(0.01)
    for _ in range(50):
        assert await names.load([ANNA], 5.0) == ["Anna"]
    assert len(registration.asked) == 2


async def test_who_was_erased_is_forgotten_in_every_conference(registration):
    names = Names(registration.ask)
    await names.load([ANNA, BEN], 5.0)
    names.forget_everywhere(ANNA[1])
    with pytest.raises(KeyError):
        names.at_hand(ANNA)
    assert names.at_hand(BEN) == "Ben"
