# SPDX-License-Identifier: Apache-2.0
"""Resolvers that wait, side by side in one operation: each is as much by itself as in a task of its own."""

import asyncio
from contextvars import ContextVar
from typing import Any, cast

import pytest
import strawberry
from graphql import GraphQLSchema, parse
from strawberry.schema.config import StrawberryConfig

from gateway.context import Context
from gateway.execution.compiled import Compiled, Result
from gateway.execution.fragments import Fragments
from gateway.schema.build import core
from gateway.schema.shape import computed, graphql_type, read
from tests.unit.gateway.test_projection import World

STEP: ContextVar[str] = ContextVar("STEP", default="outside")


class Gates(World):
    """A context with gates that resolvers wait for, and what became of those who do."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.cancelled = 0
        self.arrived = asyncio.Event()
        self.gate = asyncio.Event()

    async def wait(self) -> None:
        self.arrived.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


@graphql_type()
class Query:
    """What can be asked."""

    @computed
    async def step(self, info: strawberry.Info) -> str | None:
        """Does something within a step of work, and waits meanwhile."""
        gates = cast("Gates", info.context)
        gates.seen.append(STEP.get())
        token = STEP.set("inside")
        try:
            await gates.wait()
        finally:
            STEP.reset(token)
        return STEP.get()

    @computed
    async def patient(self, info: strawberry.Info) -> str | None:
        """Waits no longer than it must."""
        try:
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        except TimeoutError:
            return "late"
        return None

    @computed
    async def needed(self, info: strawberry.Info) -> str:
        """Fails and may not be null."""
        await asyncio.sleep(0)
        raise ZeroDivisionError


SCHEMA: GraphQLSchema = core(strawberry.Schema(Query, config=StrawberryConfig(default_resolver=read)))


async def run(query: str, gates: Gates) -> Result | None:
    return await Compiled(SCHEMA, parse(query), Fragments()).run(None, {}, cast("Context", gates))


async def test_a_step_of_work_in_one_field_is_none_of_another():
    gates = Gates()
    gates.gate.set()
    result = await run("{ a: step b: step c: step }", gates)
    assert result is not None
    assert (result.data, result.errors) == ({"a": "outside", "b": "outside", "c": "outside"}, None)
    assert gates.seen == ["outside"] * 3


async def test_a_step_of_work_ends_where_it_began_though_it_waits():
    gates = Gates()
    asyncio.get_running_loop().call_later(0, gates.gate.set)
    result = await run("{ a: step b: step }", gates)
    assert result is not None
    assert (result.data, result.errors) == ({"a": "outside", "b": "outside"}, None)
    assert STEP.get() == "outside"


@pytest.mark.parametrize("fields", ["a: patient", "a: patient b: patient c: patient"])
async def test_a_field_may_bound_how_long_it_waits(fields: str):
    async with asyncio.timeout(60):
        result = await run(f"{{ {fields} }}", Gates())
    assert result is not None
    assert set(result.data.values()) == {"late"}


async def test_who_is_cancelled_takes_all_that_wait_along():
    gates = Gates()
    running = asyncio.create_task(run("{ a: step b: step c: step }", gates))
    await gates.arrived.wait()
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.sleep(0)
    assert gates.cancelled == 3


async def test_what_graphql_core_must_do_again_leaves_nothing_waiting():
    gates = Gates()
    assert await run("{ needed a: step b: step }", gates) is None
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_it_may_begin_where_no_task_is():
    async def begun() -> Any:
        gates, coming = Gates(), asyncio.get_running_loop().create_future()
        compiled = Compiled(SCHEMA, parse("{ patient }"), Fragments())
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: coming.set_result(compiled.begin(None, {}, cast("Context", gates))))
        return await (await coming)

    result = asyncio.run(begun())
    assert result.data == {"patient": "late"}
