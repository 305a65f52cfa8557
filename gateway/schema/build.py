# SPDX-License-Identifier: Apache-2.0
"""Puts the schema together."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from gateway.schema.errors import REFUSAL_TYPES
from gateway.schema.mutations import build_mutation
from gateway.schema.query import Query
from gateway.schema.shape import read


def build_schema() -> strawberry.Schema:
    """The schema of the API."""
    config = StrawberryConfig(default_resolver=read, disable_field_suggestions=True, sort_schema=False)
    return strawberry.Schema(query=Query, mutation=build_mutation(), types=tuple(REFUSAL_TYPES.values()), config=config)
