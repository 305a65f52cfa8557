# SPDX-License-Identifier: Apache-2.0
"""The weight and the cost of one document: right, and found in one pass."""

from typing import Any

import pytest
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    InlineFragmentNode,
    Visitor,
    build_schema,
    get_named_type,
    get_operation_ast,
    is_abstract_type,
    is_leaf_type,
    parse,
    visit,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.execution.cost import CEILING
from gateway.execution.weight import Limits, visits, weigh
from gateway.schema import build
from gateway.schema.costs import PAGE, Prices

SCHEMA = build.core(build.build_schema())

SMALL = build_schema("""
    type Query { a: A  as(first: Int): AConnection  list: [A]  either: Either  nodes(ids: [ID!]!): [A] }
    type A { name: String  b: B  list: [B]  either: Either  as(first: Int): AConnection }
    type B { name: String  a: A  as(first: Int): AConnection  list: [A] }
    union Either = A | B
    type AConnection { nodes: [A]  edges: [AEdge]  info: B }
    type AEdge { node: A  cursor: String }
""")


def cost(query: str, schema: Any = SCHEMA, **variables: Any) -> int:
    (weighed,) = weigh(schema, parse(query))
    return weighed.cost(variables)


@pytest.mark.parametrize(
    ("query", "depth", "points"),
    [
        ("{ serverTime }", 1, 1),
        ("{ viewer { kind } }", 2, 1),
        ("{ ideas { nodes { title } } }", 3, 5 + 50),
        ("{ ideas(first: 2) { nodes { authors { id } } } }", 4, 5 + 2 * (1 + 10)),
        ("{ ideas(first: 2) { pageInfo { hasNextPage } nodes { title } } }", 3, 5 + 1 + 2),
        ("{ ideas(first: 2) { edges { node { title } } } }", 4, 5 + 2 * (1 + 1)),
        ("{ nodes(ids: [1, 2, 3]) { id } }", 2, 3 * 5),
        ('mutation { openLobby(input: {idempotencyKey: "k", conferenceId: "c"}) { __typename } }', 2, 10),
    ],
)
def test_a_document_costs_the_objects_it_may_make(query, depth, points):
    (weighed,) = weigh(SCHEMA, parse(query))
    assert (weighed.weight.depth, weighed.cost({})) == (depth, points)


def test_variables_say_how_long_a_page_is_and_what_is_left_out():
    query = """query($n: Int = 3, $ids: [ID!]!, $yes: Boolean!) {
        ideas(first: $n) { nodes { title } }  nodes(ids: $ids) @include(if: $yes) { id } }"""
    assert cost(query, ids=["a", "b"], yes=True) == 5 + 3 + 2 * 5
    assert cost(query, ids=["a", "b"], yes=False, n=20) == 5 + 20
    assert cost(query, ids=["a"] * 1000, yes=True, n=1000) == 5 + 100 + 100 * 5
    assert cost(query, ids=[], yes=True, n=None) == 5 + PAGE + 5


MANY = (
    "mutation{} {{ cancelConferences(input: {}) {{ ... on CancelConferencesSuccess {{ results {{ __typename }} }} }} }}"
)


def test_a_command_for_many_things_costs_each_of_them():
    whole, items = MANY.format("($i: CancelConferencesInput!)", "$i"), MANY.format("($i: [X!]!)", "{items: $i}")
    three = [{"idempotencyKey": str(n), "conferenceId": "c"} for n in range(3)]
    assert cost(whole, i={"items": three}) == cost(items, i=three) == 3 * (10 + 1)
    assert cost(MANY.format("", "{items: [{}, {}]}")) == 2 * (10 + 1)
    assert cost(whole, i={"items": three * 1000}) == 100 * (10 + 1)
    assert cost(whole, i=None) == cost(whole, i={}) == 100 * (10 + 1)


def test_of_what_can_only_be_one_thing_the_dearest_counts():
    either = "{ either { ... on A { list { name } } ... on B { list { list { name } } } } }"
    assert cost("{ either { __typename } }", SMALL) == 1
    assert cost(either.replace("list { list { name } }", "name"), SMALL) == 1 + 10
    assert cost(either, SMALL) == 1 + 10 * (1 + 10)


def test_a_cycle_of_fragments_is_weighed_all_the_same():
    weigh(SCHEMA, parse("{ viewer { ...a } } fragment a on Viewer { ...b } fragment b on Viewer { ...a }"))


def test_what_is_too_much_is_named():
    (weighed,) = weigh(SCHEMA, parse("{ viewer { kind } }"))
    assert "depth" in (Limits(depth=1).exceeded(weighed) or "")


def test_a_page_of_any_size_is_weighed():
    assert cost("{ ideas(first: " + "9" * 5000 + ") { nodes { title } } }") == 5 + 100


BOMBS = {
    "fragments": "{ viewer { ...f0 } }"
    + " ".join(f"fragment f{n} on Viewer {{ ...f{n + 1} ...f{n + 1} }}" for n in range(100))
    + " fragment f100 on Viewer { kind }",
    "objects": "{ list { ...f0 } }"
    + " ".join(
        f"fragment f{n} on A {{ x: b {{ a {{ ...f{n + 1} }} }} y: b {{ a {{ ...f{n + 1} }} }} }}" for n in range(30)
    )
    + " fragment f30 on A { name }",
    "aliases": "{" + " ".join(f"a{n}: list {{ name }}" for n in range(300)) + "}",
    "directives": "{ list {" + "name @skip(if: false) " * 300 + "} }",
    "pages": "query($n: Int) { as(first: $n) { nodes { ...f0 } } }"
    + " ".join(f"fragment f{n} on A {{ as(first: $n) {{ nodes {{ ...f{n + 1} ...f{n + 1} }} }} }}" for n in range(40))
    + " fragment f40 on A { name }",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_every_selection_is_looked_at_once(bomb):
    document = parse(BOMBS[bomb])
    written = 0

    class Count(Visitor):
        def enter_field(self, *_: Any) -> None:
            nonlocal written
            written += 1

        enter_inline_fragment = enter_fragment_spread = enter_field

    visit(document, Count())
    schema = SCHEMA if bomb == "fragments" else SMALL
    assert visits(schema, document) == written


@pytest.mark.parametrize("bomb", BOMBS)
def test_every_bomb_is_too_heavy(bomb):
    schema = SCHEMA if bomb == "fragments" else SMALL
    document = parse(BOMBS[bomb])
    (weighed,) = weigh(schema, document)
    assert Limits().exceeded(weighed) or Limits().repeated(document)


def test_a_name_may_stand_once_in_each_of_many_selections():
    fields = " ".join(f"f{number} {{ __typename id }}" for number in range(250))
    assert Limits().repeated(parse(f"{{ {fields} }}")) is None


@pytest.mark.parametrize(
    "document",
    [
        "{ a { " + "x " * 101 + "} }",
        "{ " + "a { x } " * 101 + "}",
        "{ a { " + "... { x } " * 101 + "} }",
        "{ a { " + "x " * 51 + "...F } } fragment F on Q { " + "x " * 51 + "}",
    ],
)
def test_a_name_may_not_stand_again_and_again_where_all_of_it_is_compared(document):
    assert Limits().repeated(parse(document)) is not None


def test_the_cost_of_a_thousand_terms_is_found_by_looking_at_each_once():
    looked = 0

    class Counting(dict):
        def get(self, *key: Any) -> Any:
            nonlocal looked
            looked += 1
            return super().get(*key)

    (weighed,) = weigh(SMALL, parse(BOMBS["pages"]))
    from gateway.execution.cost import evaluate

    assert evaluate(weighed.cost._expression, {"n": 100}, Counting()) == 1_000_000
    assert looked < 1000


# --- the same, found the long way ------------------------------------------------------------------------


def naive(schema: Any, document: Any, variables: dict[str, Any]) -> int:
    """Writes every fragment out, and multiplies."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    prices = Prices(schema)

    def there(node: Any) -> bool:
        for directive in node.directives or ():
            value = directive.arguments[0].value
            given = variables[value.name.value] if hasattr(value, "name") else value.value
            if given is not (directive.name.value == "include"):
                return False
        return True

    def selection(selections: Any, parent: Any) -> tuple[int, int]:
        once, each, one_of = 0, 0, {}
        for node in selections:
            if isinstance(node, FieldNode):
                kind, (a, b) = None, field(node, parent)
            elif isinstance(node, InlineFragmentNode):
                kind = schema.type_map[node.type_condition.name.value] if node.type_condition else None
                a, b = selection(node.selection_set.selections, kind or parent)
            elif isinstance(node, FragmentSpreadNode):
                fragment = fragments[node.name.value]
                kind = schema.type_map[fragment.type_condition.name.value]
                a, b = selection(fragment.selection_set.selections, kind)
            if not there(node):
                continue
            if is_abstract_type(parent) and isinstance(kind, GraphQLObjectType):
                one_of[kind.name] = one_of.get(kind.name, 0) + a
            else:
                once += a
            each += b
        return once + max(one_of.values(), default=0), each

    def field(node: Any, parent: Any) -> tuple[int, int]:
        name = node.name.value
        if name == "__typename":
            return 0, 0
        definition = parent.fields[name]
        named = get_named_type(definition.type)
        if is_leaf_type(named):
            return 0, 0
        once, each = selection(node.selection_set.selections, named)
        price = prices.price(parent, name, definition)
        size = price.size
        for argument in node.arguments or ():
            value = argument.value
            size = variables[value.name.value] if hasattr(value, "name") else int(value.value)
        if price.item:
            return 0, price.weight + once + each
        if price.page:
            return price.weight + once + size * each, 0
        return size * (price.weight + once + each), 0

    operation = get_operation_ast(document)
    return max(1, selection(operation.selection_set.selections, schema.query_type)[0])


@st.composite
def documents(draw: Any) -> str:
    """Documents of the small schema: fragments, aliases, pages, directives, unions."""
    spreads = st.sampled_from(["", "", "...FA", "...FB"])
    directive = st.sampled_from(["", "", "@include(if: $v)", "@skip(if: $v)", "@skip(if: true)", "@include(if: true)"])
    size = st.sampled_from(["", "(first: 3)", "(first: $n)", "(first: $m)"])

    def fields(kind: str, depth: int, *, spreading: bool = True) -> str:
        found = ["__typename"]
        for _ in range(draw(st.integers(0, 3)) if depth else 0):
            name = draw(st.sampled_from(KINDS[kind]))
            alias = draw(st.sampled_from(["", "x: ", "y: "]))
            args = draw(size) if name == "as" else ""
            about = draw(directive)
            inner = {"a": "A", "b": "B", "node": "A", "info": "B", "as": "AConnection", "edges": "AEdge", "nodes": "A"}
            if name == "list":
                target = "B" if kind == "A" else "A"
            elif name == "either" and not spreading:
                found.append(f"{alias}either {{ __typename }}")
                continue
            elif name == "either":
                parts = f"... on A {about} {fields('A', depth - 1)} ... on B {fields('B', depth - 1)}"
                found.append(f"{alias}either {{ {parts} ...FA ... {about} {{ ...FB }} }}")
                continue
            else:
                target = inner[name]
            found.append(f"{alias}{name}{args} {about} {fields(target, depth - 1, spreading=spreading)}")
        spread = draw(spreads) if spreading else ""
        if spread[-1:] == kind:
            found.append(f"{spread} {draw(directive)}")
        return "{ " + " ".join(found) + " }"

    a, b = fields("A", 1, spreading=False), fields("B", 2, spreading=False)
    fragments = f"fragment FA on A {a} fragment FB on B {b}"
    return f"query($n: Int, $m: Int, $v: Boolean!) {fields('Query', 4)} {fragments}"


KINDS = {
    "Query": ["a", "as", "list", "either"],
    "A": ["b", "list", "either", "as"],
    "B": ["a", "as", "list"],
    "AConnection": ["nodes", "edges", "info"],
    "AEdge": ["node"],
}


@settings(max_examples=300, deadline=None)
@given(documents(), st.integers(1, 5), st.integers(1, 5), st.booleans())
def test_the_cost_is_that_of_everything_written_out(text, n, m, v):
    document, variables = parse(text), {"n": n, "m": m, "v": v}
    (weighed,) = weigh(SMALL, document)
    assert weighed.cost(variables) == min(naive(SMALL, document, variables), CEILING)
    assert weighed.cost.least <= weighed.cost(variables)
