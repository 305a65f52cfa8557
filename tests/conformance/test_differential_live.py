# SPDX-License-Identifier: Apache-2.0
"""Whatever is subscribed to: the compiled way says what graphql-core alone says, snapshot by snapshot and change by
change.

Documents are generated from the real schema. What is told is made by the live views' own code, of two states of a world
that differ.
"""

import asyncio
import random
from collections import Counter
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
    print_ast,
)
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis_graphql import queries
from structlog.testing import capture_logs

from gateway.backends import GATEWAY, Backends
from gateway.context import Context
from gateway.execution.engine import Engine
from gateway.execution.errors import formatted
from gateway.execution.params import Params, Rejected
from gateway.execution.registry import Registry
from gateway.live.changes import Changes
from gateway.live.parts import Look
from gateway.live.subscriber import Place
from gateway.live.topics import CONFERENCE, DESK, JOB, JURY_ROUND, Parts, Topic
from gateway.live.views import Key
from gateway.live.visibility import Viewer
from gateway.schema.live import CHANGES, ConferenceSnapshot
from gateway.schema.live_city import (
    DESK_CHANGES,
    JOB_CHANGES,
    JURY_CHANGES,
    DeskSnapshot,
    JobSnapshot,
    JuryRoundSnapshot,
)
from gateway.schema.news import Shows
from services.chassis.identity import ANONYMOUS
from tests.conformance.documents import Rewriter
from tests.conformance.test_differential import DOCUMENTS, INSTANTS, LIMITS, SCHEMA, SIGNER, comparable
from tests.conformance.worlds import CONFERENCE as HERE
from tests.conformance.worlds import PEOPLE, THINGS, StandingClock, World, backends

PARTS = 2
WORLDS = 6


class Watched(NamedTuple):
    """What a subscription field tells."""

    topic: Topic
    scope: str
    snapshot: Any
    changes: Any


FIELDS = {
    "conferenceChanges": Watched(CONFERENCE, HERE, ConferenceSnapshot, CHANGES),
    "deskChanges": Watched(DESK, "", DeskSnapshot, DESK_CHANGES),
    "juryRoundChanges": Watched(JURY_ROUND, THINGS[0], JuryRoundSnapshot, JURY_CHANGES),
    "jobChanges": Watched(JOB, THINGS[0], JobSnapshot, JOB_CHANGES),
}

ASKED: GraphQLSchema = GraphQLSchema(query=SCHEMA.subscription_type)
"""Subscriptions as queries: nobody generates documents for subscriptions."""


class Sides:
    """Both ways to tell, over worlds that say the same, and what was compared."""

    def __init__(self) -> None:
        self.engines = [Engine(SCHEMA, Registry(SCHEMA, LIMITS), compiled=compiled) for compiled in (True, False)]
        self.services = [[backends(World(number, nulls=0.05)) for number in range(WORLDS)] for _ in self.engines]
        self.counts: Counter[str] = Counter()

    async def compare(self, query: str, variables: dict[str, Any], name: str, chance: random.Random) -> None:
        """Tells both the same things.

        Raises:
            AssertionError: they say them in other words.
        """
        watched = FIELDS[name]
        viewer = Viewer(chance.choice(PEOPLE), staff=chance.random() < 0.6)
        before, now = chance.sample(range(WORLDS), 2)
        had = await parts(watched, viewer, self.services[0][before])
        has = await parts(watched, viewer, self.services[0][now])
        changes = [step.change for step in Changes(watched.topic.listed).between(had, has)]
        params, told = Params(query, variables), []
        for engine, services in zip(self.engines, self.services, strict=True):
            context = Context(ANONYMOUS, None, services[now], SIGNER, StandingClock(), None)  # type: ignore[arg-type]
            operation = engine.operation(params)
            show = Shows(context, watched.topic, watched.snapshot, watched.changes)
            hub: Any = SimpleNamespace(scope=watched.scope, fresh=SimpleNamespace(positions="session/e:7"))
            place = Place("hub", 3, "residents")
            things = [show.snapshot(hub, place, has), show.resumed(hub, place)]
            things += [show.change(hub, place, change) for change in changes if change.key.kind in watched.changes]
            if engine is self.engines[0]:
                made = await operation.compiled.run(
                    operation.name, params.variables or {}, things[0].sharing.context, things[0]
                )
                self.counts["compiled" if made is not None else "not compiled"] += 1
            results = [engine.told(operation, params, thing) for thing in things]
            told.append(
                [comparable(formatted(one if isinstance(one, ExecutionResult) else await one)) for one in results]
            )
        assert told[0] == told[1], f"{query}\n{variables}"
        self.counts["documents"] += 1
        self.counts["messages"] += len(told[0])
        self.counts["changes"] += len(told[0]) - 2


async def parts(watched: Watched, viewer: Viewer, services: Backends) -> Parts:
    """What a viewer sees of a world: its views are asked for as a hub would."""
    topic, views, asked = watched.topic, dict[Key, Any](), set[Key]()
    while missing := topic.wanted(viewer, views) - asked:
        for key in missing:
            asked.add(key)
            view = topic.views[key.kind]
            actor = GATEWAY if view.asks is None else view.asks(key.channel)
            reply = await services.ask(view.query(watched.scope, key.channel), actor)
            if reply.answer is not None:
                views[key] = view.join([reply.answer])
    return topic.parts(Look(viewer, {}), views, None)


def subscription(document: DocumentNode, chance: random.Random) -> tuple[str, dict[str, Any], str]:
    """A subscription to one field, made of a generated query: its text, its variables, and the field."""
    (operation,) = (one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    (field,) = chance.choices([one for one in operation.selection_set.selections if isinstance(one, FieldNode)])
    text, variables = Rewriter(ASKED, chance).rewritten(_with(document, operation, OperationType.QUERY, field))
    whole = parse(text)
    (operation,) = (one for one in whole.definitions if isinstance(one, OperationDefinitionNode))
    roots = [one for one in operation.selection_set.selections if isinstance(one, FieldNode)]
    root = next((one for one in roots if one.name.value == field.name.value), roots[0])
    bare = FieldNode(name=root.name, arguments=root.arguments, directives=(), selection_set=root.selection_set)
    return print_ast(_with(whole, operation, OperationType.SUBSCRIPTION, bare)), variables, field.name.value


def _with(whole: DocumentNode, old: OperationDefinitionNode, kind: OperationType, field: FieldNode) -> DocumentNode:
    made = OperationDefinitionNode(
        operation=kind, name=old.name, variable_definitions=old.variable_definitions or (), directives=(),
        selection_set=SelectionSetNode(selections=(field,)),
    )  # fmt: skip
    return DocumentNode(definitions=tuple(made if one is old else one for one in whole.definitions))


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.timeout(3000)
def test_the_compiled_way_tells_what_graphql_core_tells(part: int) -> None:
    sides = Sides()
    with asyncio.Runner() as runner, capture_logs():

        @seed(f"{DOCUMENTS}/live/{part}")
        @settings(
            max_examples=max(1, DOCUMENTS // 10),
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(queries(ASKED, custom_scalars=INSTANTS), st.integers(0, 2**32))
        def compare(text: str, number: int) -> None:
            chance = random.Random(number)
            query, variables, name = subscription(parse(text), chance)
            try:
                runner.run(sides.compare(query, variables, name, chance))
            except Rejected:  # a variable fell away with what was beside the one field
                sides.counts["rejected"] += 1

        compare()
    counts = sides.counts
    assert counts["documents"] > 4 * counts["rejected"], counts
    assert counts["changes"] > counts["documents"], counts
    assert counts["compiled"] > counts["not compiled"], counts
