# SPDX-License-Identifier: Apache-2.0
"""Plans are computed in a process of their own, which may die at any time."""

import asyncio
import os
import signal

import pytest

from services.session.adapters.planner import Planner
from services.session.methods.plans import Question, plan

PEOPLE = tuple(f"p{number:02}" for number in range(40))
QUESTION = Question(mode="mix", people=PEOPLE, seed=7)


@pytest.fixture
def planner():
    made = Planner()
    yield made
    made.close()


async def test_a_worker_finds_the_same_plan_as_this_process(planner):
    assert await planner.plan(QUESTION) == plan(QUESTION)
    assert planner.workers() not in ([], [os.getpid()])


async def test_a_killed_worker_is_replaced(planner):
    await planner.plan(QUESTION)
    (worker,) = planner.workers()
    os.kill(worker, signal.SIGKILL)
    assert await planner.plan(QUESTION) == plan(QUESTION)
    assert planner.workers() != [worker]


async def test_a_worker_that_is_killed_while_it_thinks_costs_nobody_their_place(planner):
    await planner.plan(QUESTION)
    (worker,) = planner.workers()
    asked = [asyncio.create_task(planner.plan(Question(mode="mix", people=PEOPLE, seed=seed))) for seed in range(20)]
    await asyncio.sleep(0)
    os.kill(worker, signal.SIGKILL)
    found = await asyncio.gather(*asked)
    assert all(sorted(one for group, _ in each.groups for one in group) == list(PEOPLE) for each in found)
