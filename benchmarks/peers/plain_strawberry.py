# SPDX-License-Identifier: Apache-2.0
"""Strawberry as its documentation starts it: ASGI under uvicorn, resolvers that read the stored JSON.

python -m benchmarks.peers.plain_strawberry <stored JSON> <port>
"""

import json
import sys
from enum import Enum
from pathlib import Path
from typing import Any

import strawberry
import uvicorn
from strawberry.asgi import GraphQL
from strawberry.schema.config import StrawberryConfig

STORED: dict[str, dict[str, Any]] = {}


@strawberry.enum
class ConferenceStatus(Enum):
    ANNOUNCED = "ANNOUNCED"
    OPEN = "OPEN"
    CLOSED = "CLOSED"
    HELD = "HELD"
    CANCELLED = "CANCELLED"


@strawberry.enum
class PhaseKind(Enum):
    PLENARY = "PLENARY"
    GROUPS = "GROUPS"
    BREAK = "BREAK"


@strawberry.type
class LocalText:
    de: str
    en: str


@strawberry.type
class Phase:
    key: str
    kind: PhaseKind
    minutes: int
    title: LocalText


@strawberry.type
class Session:
    phases: list[Phase]


@strawberry.type
class ConferenceDetails:
    title: str
    status: ConferenceStatus
    starts_at: str
    seats_taken: int


@strawberry.type
class Conference:
    id: strawberry.ID
    details: ConferenceDetails | None
    session: Session | None


@strawberry.type
class ConferenceConnection:
    nodes: list[Conference]


@strawberry.type
class Query:
    @strawberry.field
    def conferences(self, first: int | None = 50) -> ConferenceConnection | None:
        return {"nodes": list(STORED.values())[:first]}  # type: ignore[return-value]  # read by `_read`

    @strawberry.field
    def conference(self, id: strawberry.ID) -> Conference:  # noqa: A002
        return STORED[id]  # type: ignore[return-value]


def _read(source: dict[str, Any], name: str) -> Any:
    """The stored keys are those of GraphQL, the names here those of Python."""
    head, *tail = name.split("_")
    return source[head + "".join(word.capitalize() for word in tail)]


def main() -> None:
    """Serves until it is stopped."""
    STORED.update((one["id"], one) for one in json.loads(Path(sys.argv[1]).read_text()))
    schema = strawberry.Schema(Query, config=StrawberryConfig(default_resolver=_read))
    uvicorn.run(GraphQL(schema), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
