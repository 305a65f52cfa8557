# SPDX-License-Identifier: Apache-2.0
"""Whatever is asked: the compiled way answers what graphql-core alone answers, value by value and error by error.

Documents are generated from the real schema, answers of the services from the contracts. `make conformance` runs ten
thousand documents, `make test` a few hundred of other seeds in the same way.
"""

import asyncio
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import StringValueNode, parse
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis_graphql import mutations, queries
from structlog.testing import capture_logs

from gateway.context import Context
from gateway.execution.engine import Engine
from gateway.execution.errors import formatted
from gateway.execution.params import Params, Rejected
from gateway.execution.registry import Registry
from gateway.execution.weight import Limits
from gateway.licences import Terms
from gateway.limits.budget import Paid
from gateway.schema.build import build_schema, core
from gateway.schema.relay import Signer
from services.chassis.identity import ANONYMOUS
from tests.conformance.documents import Rewriter
from tests.conformance.worlds import CONFERENCE, RESIDENT, STAFF, START, StandingClock, World, backends

DOCUMENTS = int(os.environ.get("QUARTIER_CONFORMANCE_DOCUMENTS", "300"))
"""How many documents are compared in all."""

PARTS = 10
"""Tests that share them out; the last one changes something, the others ask."""

SCHEMA = core(build_schema())
LIMITS = Limits(
    length=10**6, tokens=100_000, depth=100, cost=10**9, aliases=10_000, directives=10_000, fields=10**6, repeats=10**6
)
SIGNER = Signer(b"k" * 32)


def _text(value: str) -> StringValueNode:
    return StringValueNode(value=value)


INSTANTS = {"DateTime": st.sampled_from(["2026-11-07T16:00:00Z", "2026-11-07T17:00:00+01:00"]).map(_text)}

TERMS = {"official": Terms(licence="CC0-1.0", de="Stadt Musterstadt", en="City of Musterstadt")}
"""Of residents' works nothing is allowed."""

MOSTLY = 3
"""How many values there are at least for every null, over all parts."""


class Standing(Paid):
    """What was paid, whenever one looks."""

    reset_at = START


PAID = Standing(cost=12, limit=1000, remaining=988, reset=0.5, restored=50.0)


class Sides:
    """Both ways to answer, over worlds that say the same, and what was compared."""

    def __init__(self) -> None:
        self.compiled = Engine(SCHEMA, Registry(SCHEMA, LIMITS), compiled=True)
        self.plain = Engine(SCHEMA, Registry(SCHEMA, LIMITS), compiled=False)
        self.worlds = {(side, number): World(number) for side in (0, 1) for number in range(20)}
        self.services = {place: backends(world) for place, world in self.worlds.items()}
        for (side, _), services in self.services.items():
            if side == 0:
                services.answers._listening.append(None)  # type: ignore[arg-type]  # as if it listened: it keeps answers
        self.counts: Counter[str] = Counter()

    async def compare(self, query: str, variables: dict[str, Any], chance: random.Random) -> None:
        """Asks both the same thing.

        Raises:
            AssertionError: they differ.
        """
        actor = chance.choice((RESIDENT, STAFF, STAFF, STAFF, ANONYMOUS))
        number = chance.randrange(20)
        found = []
        for side, engine in enumerate((self.compiled, self.plain)):
            home = CONFERENCE if actor is RESIDENT else None
            context = Context(
                actor, home, self.services[side, number], SIGNER, StandingClock(), None,  # type: ignore[arg-type]
                licences=TERMS, paid=PAID,
            )  # fmt: skip
            try:
                params = Params(query, variables)
                result = await engine.run(engine.operation(params), params, context)
                if actor is ANONYMOUS and side == 0:  # once more, from what was kept or written
                    again = context.of_nobody()
                    again.paid = PAID
                    result = await engine.run(engine.operation(params), params, again)
            except Rejected as rejected:
                raise AssertionError([error.message for error in rejected.errors]) from None
            found.append(comparable(formatted(result)))
        compiled, plain = found
        assert compiled == plain, f"{query}\n{variables}"
        # Both being broken alike, by the world or the gateway, would compare nothing.
        assert not [error for error in plain[1] if error["extensions"]["code"] == "FAULT"], f"{query}\n{variables}"
        if actor is not ANONYMOUS:  # who may not ask is answered null, too
            self.count(plain[0])
        self.counts["documents"] += 1

    def count(self, value: Any) -> None:
        """Counts what is null and what is not."""
        if isinstance(value, dict):
            for inner in value.values():
                self.count(inner)
        elif isinstance(value, list):
            for inner in value:
                self.count(inner)
        else:
            self.counts["null" if value is None else "given"] += 1


def comparable(answer: dict[str, Any]) -> tuple[Any, list[Any], bytes]:
    """Data, errors without their trace in an order of their own, and the data as it is written."""
    errors = answer.get("errors", [])
    for error in errors:
        error.get("extensions", {}).pop("trace", None)
    written = orjson.dumps(answer["data"])  # pieces of it may be text already
    return orjson.loads(written), sorted(errors, key=lambda error: (str(error.get("path")), error["message"])), written


@pytest.fixture
def sides() -> Sides:
    return Sides()


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.timeout(3000)
def test_the_compiled_way_answers_what_graphql_core_answers(part: int, sides: Sides, run_folder: Path) -> None:
    documents = mutations if part == PARTS - 1 else queries
    with asyncio.Runner() as runner, capture_logs():

        @seed(f"{DOCUMENTS}/{part}")
        @settings(
            max_examples=max(1, DOCUMENTS // PARTS),
            deadline=None,
            database=None,
            phases=[Phase.generate],  # the seed makes it again; making it smaller takes minutes
            suppress_health_check=list(HealthCheck),
        )
        @given(documents(SCHEMA, custom_scalars=INSTANTS), st.integers(0, 2**32))
        def compare(text: str, number: int) -> None:
            chance = random.Random(f"{number}/{text}")  # the same small numbers come with many documents
            query, variables = Rewriter(SCHEMA, chance).rewritten(parse(text))
            runner.run(sides.compare(query, variables, chance))

        compare()
    counts = sides.counts
    assert set().union(*(world.broken for world in sides.worlds.values())) == set()
    assert counts["documents"] >= DOCUMENTS // PARTS
    of_all = together(run_folder, part, counts)
    assert of_all is None or of_all["given"] > MOSTLY * of_all["null"], of_all


def together(folder: Path, part: int, counts: Counter[str]) -> Counter[str] | None:
    """What all parts of this run counted; None for those that end before another one does.

    Args:
        folder: shared by all workers of the run.
        part: which has ended.
        counts: its own.
    """
    shared = folder / "differential"
    shared.mkdir(exist_ok=True)
    unfinished = shared / f"{part}.unfinished"
    unfinished.write_bytes(orjson.dumps(counts))
    unfinished.rename(shared / f"{part}.json")
    found = [Counter(orjson.loads(one.read_bytes())) for one in shared.glob("*.json")]
    return sum(found, Counter()) if len(found) == PARTS else None
