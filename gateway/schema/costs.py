# SPDX-License-Identifier: Apache-2.0
"""What each field costs, by rules that the schema publishes as `@cost` and `@listSize`.

The cost of a field is `n * (weight + cost of what is selected in it)`: the weight is that of `@cost`, else 1 for
objects and 0 for values; n is 1, or how many items there may be: `@listSize`. Of a page it is the fields named in
`sizedFields` that come n times.
"""

from typing import Annotated, NamedTuple

import strawberry
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    OperationType,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    get_named_type,
    is_leaf_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.schema_directive import Location
from strawberry.types.unset import UNSET

ASKED = 5
"""Weight of an object for which a service must be asked: one hop over the bus."""
CHANGED = 10
"""Weight of a command."""
WATCHED = 50
"""Weight of the start of a subscription, whatever it asks for: its messages are made once for all who ask alike."""
ITEMS = 10
"""Items of a list whose size nobody asks for."""
MOST = 100
"""Items of a page at most."""
PAGE = 50
"""Items of a page whose size was not asked for."""

ITEMS_GIVEN = "input.items"
"""Where a command for many things at once has them. Each counts with its result, so that the list of these does not."""
RESULTS = "results"

SIZED = ("edges", "nodes")
SLICING = ("first", "last", "ids")

MANY = {
    "AppUsage.days": 90,
    "AppUsage.keys": 2,
    "Board.cards": 100,
    "BoardChanged.changedCards": 100,
    "Changes.entries": 100,
    "Chat.messages": 50,
    "ChatChanged.changedMessages": 50,
    "Desk.rows": 100,
    "Group.members": 5,
    "Presence.present": 50,
    "Presence.seated": 50,
    "Problems.problems": 50,
    "Roster.entries": 50,
    "Venue.placements": 50,
    "__Field.args": 2,
    "__Type.interfaces": 1,
}
"""Items of lists that are usually not ten."""


WRITTEN = {"Survey.export": 10, "CitySurvey.export": 100}
"""Weights of values that are written for whoever asks; all others lie ready."""


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION], name="cost", description="What one object of this field costs, in points."
)
class Cost:
    """`@cost`, as in the cost specification of IBM and Apollo."""

    weight: Annotated[int, strawberry.argument(description="Points.")]


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION], name="listSize", description="How many items a list may have, for its cost."
)
class ListSize:
    """`@listSize`, as in the cost specification of IBM and Apollo."""

    assumed_size: int | None = UNSET
    slicing_arguments: list[str] | None = UNSET
    sized_fields: list[str] | None = UNSET
    require_one_slicing_argument: bool = True


class Price(NamedTuple):
    """What a field costs.

    Args:
        weight: of one object.
        size: items where no argument says how many; 1: it is no list.
        slicing: arguments that say how many.
        page: whether only the items of the page come so many times, not the page itself.
        item: whether it is the items of a page.
    """

    weight: int
    size: int = 1
    slicing: tuple[str, ...] = ()
    page: bool = False
    item: bool = False


class Prices:
    """The prices of one schema.

    Args:
        schema: as graphql-core executes it.
    """

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._known: dict[tuple[str, str], Price] = {}

    def type(self, name: str) -> GraphQLNamedType | None:
        """A type by its name; None when there is none."""
        return self._schema.get_type(name)

    def root(self, kind: OperationType) -> GraphQLObjectType | None:
        """The type in which operations of a kind begin; None when the schema has none of them."""
        return self._schema.get_root_type(kind)

    def field(self, parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
        """The definition of a field; None when there is none."""
        if name == "__schema" and parent is self._schema.query_type:
            return SchemaMetaFieldDef
        if name == "__type" and parent is self._schema.query_type:
            return TypeMetaFieldDef
        return parent.fields.get(name) if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) else None

    def price(self, parent: GraphQLNamedType, name: str, field: GraphQLField) -> Price:
        """What a field costs.

        Args:
            parent: the type whose field it is.
            name: of the field.
            field: its definition.
        """
        key = parent.name, name
        if key not in self._known:
            self._known[key] = self._price(parent, name, field)
        return self._known[key]

    def _price(self, parent: GraphQLNamedType, name: str, field: GraphQLField) -> Price:
        named = get_named_type(field.type)
        if is_leaf_type(named):
            return Price(WRITTEN.get(f"{parent.name}.{name}", 0))
        kind = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
        slicing = tuple(argument for argument in SLICING if argument in field.args)
        if isinstance(kind, GraphQLList):
            if name in SIZED and parent.name.endswith("Connection"):
                return Price(1, item=True)
            if name == RESULTS and parent.name.endswith("Success"):
                return Price(1)
            size = len(self._schema.type_map) if parent.name == "__Schema" else MANY.get(f"{parent.name}.{name}", ITEMS)
            return Price(ASKED if slicing else 1, MOST if slicing else size, slicing)
        if parent is self._schema.mutation_type and _takes_items(field):
            return Price(CHANGED, MOST, (ITEMS_GIVEN,))
        if parent is self._schema.mutation_type:
            return Price(CHANGED)
        if parent is self._schema.subscription_type:
            return Price(WATCHED)
        if name == "ofType" and parent.name == "__Type":
            return Price(0)  # the layers of one type, most of which are not there
        weight = ASKED if _waits(field) else 1
        if named.name.endswith("Connection"):
            return Price(weight, PAGE, slicing, page=True)
        return Price(weight)


def _takes_items(field: GraphQLField) -> bool:
    return any("items" in getattr(get_named_type(taken.type), "fields", ()) for taken in field.args.values())


def _waits(field: GraphQLField) -> bool:
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    resolver = getattr(definition, "base_resolver", None)
    return resolver is not None and resolver.is_async


def publish(schema: GraphQLSchema) -> None:
    """Gives the fields of a schema their directives, which are then printed with it."""
    prices = Prices(schema)
    for kind in schema.type_map.values():
        if kind.name.startswith("__") or not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            continue
        for name, field in kind.fields.items():
            definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
            if definition is None or any(isinstance(one, Cost | ListSize) for one in definition.directives):
                continue  # a field that several types share has them already
            definition.directives = [*definition.directives, *_directives(prices.price(kind, name, field))]


def _directives(price: Price) -> list[Cost | ListSize]:
    found: list[Cost | ListSize] = []
    if price.weight > 1:
        found.append(Cost(weight=price.weight))
    if price.page:
        found.append(
            ListSize(
                assumed_size=price.size,
                slicing_arguments=list(price.slicing),
                sized_fields=list(SIZED),
                require_one_slicing_argument=False,
            )
        )
    elif price.slicing:
        found.append(ListSize(slicing_arguments=list(price.slicing)))
    elif price.size > 1:
        # Without slicing arguments it does not matter, and is not printed.
        found.append(ListSize(assumed_size=price.size, require_one_slicing_argument=UNSET))
    return found
