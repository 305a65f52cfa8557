# SPDX-License-Identifier: Apache-2.0
"""Puts the schema together."""

from datetime import datetime
from functools import cache

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from gateway.schema.bulk import bulk_mutations
from gateway.schema.costs import publish
from gateway.schema.errors import REFUSAL_TYPES
from gateway.schema.illustrate import illustrate
from gateway.schema.instants import INSTANT
from gateway.schema.mutations import build_mutation
from gateway.schema.query import Query
from gateway.schema.shape import read
from gateway.schema.subscription import Subscription


@cache
def build_schema() -> strawberry.Schema:
    """The schema of the API; made once in a process."""
    config = StrawberryConfig(
        default_resolver=read, disable_field_suggestions=True, sort_schema=False, scalar_map={datetime: INSTANT}
    )
    schema = strawberry.Schema(
        query=Query,
        mutation=build_mutation(bulk_mutations()),
        subscription=Subscription,
        types=tuple(REFUSAL_TYPES.values()),
        config=config,
    )
    illustrate(core(schema))
    publish(core(schema))
    return schema


def core(schema: strawberry.Schema) -> GraphQLSchema:
    """The schema as graphql-core executes it."""
    found: GraphQLSchema = schema._schema  # noqa: SLF001 -- strawberry has no public name for it
    return found
