# SPDX-License-Identifier: Apache-2.0
"""What the compiler makes of selections: never a kept name, null only where it may be, nothing too large."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest
import strawberry
from graphql import GraphQLSchema, parse
from strawberry.schema.config import StrawberryConfig

from gateway.context import Context
from gateway.execution.compiled import Compiled, Result
from gateway.execution.fragments import Fragments
from gateway.schema.build import core
from gateway.schema.people import Person, person
from gateway.schema.shape import Shown, computed, graphql_type, read, show_all, shown
from gateway.schema.stored import cached, part, stored

NOTES = {"1": SimpleNamespace(text="Hallo", author="anna", size=SimpleNamespace(width=3))}


@graphql_type()
class Size(Shown):
    """A size."""

    view: strawberry.Private[Any]
    width: int = shown("How wide.")


@graphql_type()
class Note(Shown):
    """A note."""

    view: strawberry.Private[Any]
    text: str = shown("The text.")
    size = part(Size, "size", "The size.")

    @computed
    def author(self) -> Person:
        """Who wrote it."""
        return person(self.conference, self.view.author)


@graphql_type()
class Thing(Shown):
    """An entity."""

    view: strawberry.Private[None]

    @computed
    def id(self) -> str:
        """Its id."""
        return self.conference

    @cached(5)
    @stored(lambda self, reading: reading.answer(self.conference))
    @computed
    async def note(self, info: strawberry.Info) -> Note | None:
        """Its note."""
        raise AssertionError("the note is at hand")


@graphql_type()
class Query:
    """What can be asked."""

    @cached(9)
    @computed
    def things(self) -> list[Thing]:
        """All of them."""
        return show_all(Thing, [None], "1")


SCHEMA: GraphQLSchema = core(strawberry.Schema(Query, config=StrawberryConfig(default_resolver=read)))


class World:
    """A context in which everything is at hand but names, once they are forgotten; of somebody in particular."""

    reads_what_is_kept = False

    def __init__(self) -> None:
        self.names: dict[tuple[str, str], str] = {("1", "anna"): "Anna"}
        self.asked: list[tuple[str, str]] = []

    def names_at_hand(self, one: tuple[str, str]) -> str | None:
        return self.names[one]

    def answers_at_hand(self) -> Callable[[Any], Any]:
        return NOTES.get

    async def load_names(self, people: list[tuple[str, str]]) -> Sequence[str | None]:
        self.asked += people
        return [None for _ in people]


async def run(query: str, fragments: Fragments, world: World | None = None, **given: Any) -> Result | None:
    compiled = Compiled(SCHEMA, parse(query), fragments)
    return await compiled.run(None, given, cast("Context", world or World()))


def data(result: Result | None) -> Any:
    assert result is not None
    return orjson.loads(orjson.dumps(result.data))


async def test_an_entity_is_taken_as_it_was_written():
    fragments, query = Fragments(), "{ things { id note { text size { width } } } }"
    compiled = Compiled(SCHEMA, parse(query), fragments)
    answers = [data(await compiled.run(None, {}, cast("Context", World()))) for _ in range(2)]
    assert answers == [{"things": [{"id": "1", "note": {"text": "Hallo", "size": {"width": 3}}}]}] * 2
    assert len(fragments) == 1


@pytest.mark.parametrize("query", [
    "{ things { note { author { displayName } } } }",
    "{ things { id note { text ... on Note { author { id displayName } } } } }",
])  # fmt: skip
async def test_nothing_with_a_name_in_it_is_kept(query: str):
    fragments, world = Fragments(), World()
    assert "Anna" in str(data(await run(query, fragments, world)))
    assert len(fragments) == 0
    world.names.clear()
    assert "Anna" not in str(data(await run(query, fragments, world)))
    assert world.asked == [("1", "anna")]


async def test_the_same_entity_in_other_words_is_another_fragment():
    fragments = Fragments()
    await run("{ things { id note { text } } }", fragments)
    found = await run("{ things { note { size { width } } } }", fragments)
    assert data(found) == {"things": [{"note": {"size": {"width": 3}}}]}
    assert len(fragments) == 2


async def test_without_room_for_fragments_nothing_is_kept():
    fragments = Fragments(0)
    assert data(await run("{ things { note { text } } }", fragments)) == {"things": [{"note": {"text": "Hallo"}}]}
    assert len(fragments) == 0


@pytest.mark.parametrize("wrong", [None, 3.5, "three", 2**31, True])
async def test_a_value_that_the_schema_does_not_allow_is_left_to_graphql_core(
    wrong: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(NOTES["1"].size, "width", wrong)
    result = await run("{ things { note { size { width } } } }", Fragments())
    if wrong is True:  # graphql-core takes it for 1
        assert data(result) == {"things": [{"note": {"size": {"width": 1}}}]}
    else:
        assert result is None


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        ("{ things { id } }", 9),
        ("{ things { note { text } } }", 5),
        ("{ things { note { author { displayName } } } }", 0),
    ],
)
async def test_a_result_may_be_reused_as_long_as_every_field_that_asks_allows(query: str, seconds: int):
    result = await run(query, Fragments())
    assert result is not None
    assert result.max_age == seconds


async def test_directives_decide_by_the_variables_of_each_run():
    query = "query($a: Boolean!, $b: Boolean = true) { things { id @skip(if: $a) note @include(if: $b) { text } } }"
    compiled = Compiled(SCHEMA, parse(query), Fragments())
    for a, b in ((True, True), (False, True), (False, False), (True, False)):
        found = data(await compiled.run(None, {"a": a, "b": b}, cast("Context", World())))
        assert set(found["things"][0]) == {*(() if a else ("id",)), *(("note",) if b else ())}


@pytest.mark.parametrize(
    "query", ["{ __schema { queryType { name } } }", '{ things { id } __type(name: "Note") { name } }']
)
async def test_what_the_schema_says_of_itself_is_left_to_graphql_core(query: str):
    assert await run(query, Fragments()) is None


async def test_an_operation_that_selects_too_much_is_left_to_graphql_core():
    fields = " ".join(f"a{number}: note {{ text size {{ width }} }}" for number in range(1_000))
    assert await run(f"{{ things {{ {fields} }} }}", Fragments()) is None
