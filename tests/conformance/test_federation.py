# SPDX-License-Identifier: Apache-2.0
"""Our schema as one subgraph of several: what a federation router would compose."""

from graphql import GraphQLObjectType
from graphql import build_schema as build

from gateway.schema.build import build_schema, core
from gateway.schema.export import federated
from tests.conformance.node import findings

WEATHER = """
extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])
type Query { stations: [Station!] }
type Station { name: String! }
type Conference @key(fields: "id") { id: ID! weather: Station }
type PageInfo @shareable { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
"""


def test_every_node_is_an_entity_and_nothing_else() -> None:
    entities = {line.split()[1] for line in federated().splitlines() if line.startswith("type ") and "@key" in line}
    nodes = {kind.name for kind in core(build_schema()).get_possible_types(core(build_schema()).type_map["Node"])}
    assert entities == nodes
    assert nodes


async def test_another_subgraph_adds_fields_to_our_conference() -> None:
    (composed,) = await findings("compose.mjs", ours=federated(), theirs=WEATHER)
    assert composed["errors"] == []
    conference = build(composed["sdl"]).type_map["Conference"]
    assert isinstance(conference, GraphQLObjectType)
    assert {"weather", "session"} <= set(conference.fields)
