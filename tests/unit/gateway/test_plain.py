# SPDX-License-Identifier: Apache-2.0
"""Plain things are written as orjson would write them, and their values are kept only while there is room."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson
import pytest
from graphql import GraphQLObjectType, GraphQLSchema, OperationDefinitionNode, parse

from gateway.execution.leaves import Leaf, Leaves
from gateway.execution.plain import NotPlain, Template, of_object
from gateway.execution.program import Program
from gateway.execution.selection import Selection, Source
from gateway.execution.writing import Writing
from gateway.schema.build import build_schema, core
from services.contracts import session
from services.contracts.shared import LocalText

SCHEMA: GraphQLSchema = core(build_schema())
GRUSS = LocalText(de='Grüß "Gott"\n', en="")
PHASES = tuple(
    session.PhaseView(
        key=key, kind="need_offer" if key == "x" else "groups", title=GRUSS, prompt=GRUSS, minutes=minutes,  # type: ignore[arg-type]
        tools=tools, group_mode=mode,
    )
    for key, minutes, tools, mode in (("a", 1, (), None), ("b", 2**31 - 1, ("poll", "sheet"), "need_offer"))
)  # fmt: skip


def evening(**changed: Any) -> session.SessionView:
    made = session.SessionView(
        conference_id="1", status="PAUSED", script="s", phases=PHASES, phase=None, run=0,
        started_at=datetime(2026, 11, 7, tzinfo=UTC), deadline=None, left_seconds=1.5, announcement=None,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changed)


def writer(selected: str, kept: Leaves | None = None) -> Callable[[session.SessionView], bytes]:
    """Writes an evening in the words of a selection."""
    source = Source(SCHEMA, parse("{" + selected + "}"))
    operation = source.operation(None)
    assert isinstance(operation, OperationDefinitionNode)
    kind = SCHEMA.type_map["Session"]
    assert isinstance(kind, GraphQLObjectType)
    template = of_object(kind, Selection(source, {}, (operation.selection_set,)))
    program = Program()
    name = Writing(program, kept).one(template)
    write: Callable[[session.SessionView], bytes] = program.run()[name]
    return write


def write_all(template: Template, leaves: Leaves, things: Sequence[object]) -> bytes:
    """Things in the words of a template."""
    program = Program()
    name = Writing(program, leaves).all(template)
    written: bytes = program.run()[name](things)
    return written


@pytest.mark.parametrize("kept", [None, Leaves()])
def test_a_thing_is_written_in_the_words_of_the_selection(kept: Leaves | None):
    write = writer(
        "__typename s: status startedAt deadline leftSeconds phase"
        " phases { k: key kind title { t: __typename de } minutes tools groupMode } none: phases { x: __typename }",
        kept,
    )
    phase = {"kind": "GROUPS", "title": {"t": "LocalText", "de": GRUSS.de}}
    expected = {
        "__typename": "Session", "s": "PAUSED", "startedAt": "2026-11-07T00:00:00+00:00", "deadline": None,
        "leftSeconds": 1.5, "phase": None,
        "phases": [
            {"k": "a", **phase, "minutes": 1, "tools": [], "groupMode": None},
            {"k": "b", **phase, "minutes": 2**31 - 1, "tools": ["POLL", "SHEET"], "groupMode": "NEED_OFFER"},
        ],
        "none": [{"x": "Phase"}, {"x": "Phase"}],
    }  # fmt: skip
    for _ in range(2):
        assert write(evening()) == orjson.dumps(expected)
    assert orjson.loads(write(evening(phases=()))) == {**expected, "phases": [], "none": []}


@pytest.mark.parametrize("wrong", [{"run": 2**31}, {"left_seconds": float("nan")}])
def test_a_number_that_is_none_in_graphql_is_not_written(wrong: dict[str, Any]):
    with pytest.raises(OverflowError):
        writer("run leftSeconds")(evening(**wrong))


def test_what_a_method_computes_is_not_plain():
    with pytest.raises(NotPlain):
        writer("status id")


def test_values_are_made_once_for_all_selections_and_forgotten_with_the_oldest_thing():
    calls = []

    def encode(value: str) -> bytes:
        calls.append(value)
        return orjson.dumps(value)

    leaves, leaf = Leaves(limit=4), Leaf("key", encode)
    for texts in ([b'{"a":', b"}"], [b'{"b":', b"}"]):
        assert b'"b"' in write_all(Template(texts, [leaf]), leaves, PHASES)
    assert calls == ["a", "b"]
    others = [tuple(reversed(PHASES)) for _ in range(2)]
    for things in (PHASES, *others):
        write_all(Template([b"{", b"}"], [leaf]), leaves, things)
    assert leaves.size == 4
    assert [held.thing for held in leaves.held.values()] == others


def test_equal_values_are_one_object() -> None:
    leaves, leaf = Leaves(), Leaf("title.de", orjson.dumps)
    first, second = leaves.all(PHASES)[leaf]
    assert first is second
    assert leaves.one(PHASES[0])[leaf] is first


def test_what_was_forgotten_while_it_was_written_is_not_counted():
    leaves, leaf = Leaves(limit=1), Leaf("key", orjson.dumps)
    columns = leaves.all(PHASES)
    assert columns[leaf] == [b'"a"', b'"b"']
    assert (leaves.size, leaves.held) == (0, {})
    assert columns[Leaf("minutes", orjson.dumps)] == [b"1", b"2147483647"]
    assert leaves.size == 0


def test_a_value_with_a_selection_of_its_own_does_not_stay():
    leaves = Leaves()
    writer("phases { key }", leaves)(evening())
    assert leaves.size == len(PHASES)
