# SPDX-License-Identifier: Apache-2.0
"""Tries what is not one's own, in a running city, and says what came of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from graphql import (
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
)
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from gateway.schema.table import lines
from tests.city.furnished import Furnished
from tests.gateway.questions import SCHEMA, question

ANSWERED, DONE = "answered", "done"
FOR_EVERYBODY = frozenset({"register", "registerApp"})
"""Commands that whoever sends them has carried out, so that there is nothing to be refused."""

Line = tuple[str, str]
"""A type and its field."""


@dataclass
class Stranger:
    """Somebody at the API, and what they were told.

    Args:
        gateway: address of the API.
        token: theirs; None: nobody's.
        heard: all that came back, as text.
    """

    gateway: str
    token: str | None
    heard: list[str] = field(default_factory=list)

    async def ask(self, http: httpx.AsyncClient, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """One operation over HTTP."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        body = {"query": query, "variables": dict(variables)}
        answer = await http.post(f"{self.gateway}/graphql", json=body, headers=headers)
        self.heard.append(answer.text)
        return dict(answer.json())

    async def tries_everything(self, of: Furnished, gid: str) -> dict[Line, str]:
        """Asks for every line of the table of permissions.

        Args:
            of: whose things are named wherever an id is asked for.
            gid: of the conference that is named.
        """
        seen: dict[Line, str] = {}
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http, self.watching() as socket:
            for kind, name, _ in lines():
                if name in FOR_EVERYBODY:
                    continue
                query, variables = question(kind, name, gid, of.things)
                if kind == "Mutation":
                    for given in variables["input"].get("items", [variables["input"]]):
                        given["idempotencyKey"] = uuid4().hex
                    seen[kind, name] = outcome(kind, name, await self.ask(http, query, variables))
                elif kind == "Subscription":
                    seen[kind, name] = await self.watch(socket, query, variables)
                else:
                    seen[kind, name] = outcome(kind, name, await self.ask(http, query, variables))
            for kind, made in nodes():
                if kind in of.things:
                    query = f"query($id: ID!) {{ node(id: $id) {{ __typename ... on {kind} {{ {whole(made)} }} }} }}"
                    answer = await self.ask(http, query, {"id": of.things[kind]})
                    # What of a public thing is not public says so, and is null.
                    seen["node", kind] = ANSWERED if answer["data"]["node"] else outcome("node", kind, answer)
        return seen

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[ClientConnection]:
        """A WebSocket that was let in."""
        address = self.gateway.replace("http", "ws", 1) + "/graphql"
        async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
            payload = {"authorization": f"Bearer {self.token}"} if self.token else {}
            await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
            assert json.loads(await socket.recv()) == {"type": "connection_ack"}
            yield socket

    async def watch(self, socket: ClientConnection, query: str, variables: Mapping[str, Any]) -> str:
        """What comes first of a subscription."""
        key = uuid4().hex
        payload = {"query": query, "variables": dict(variables)}
        await socket.send(json.dumps({"type": "subscribe", "id": key, "payload": payload}))
        async with asyncio.timeout(60):
            while (message := json.loads(text := await socket.recv())).get("id") != key:
                pass
        self.heard.append(str(text))
        if message["type"] == "error":
            return str(message["payload"][0]["extensions"]["code"])
        await socket.send(json.dumps({"type": "complete", "id": key}))
        return ANSWERED


def outcome(kind: str, name: str, answer: Mapping[str, Any]) -> str:
    """What came of asking for one field: the code of an error or a refusal, or that it was answered or done."""
    if answer.get("errors"):
        return str(answer["errors"][0]["extensions"]["code"])
    if kind == "Mutation":
        return str(answer["data"][name].get("code", DONE))
    return ANSWERED


def nodes() -> Iterator[tuple[str, GraphQLObjectType]]:
    """The types of what can be fetched by its id."""
    interface = SCHEMA.type_map["Node"]
    assert isinstance(interface, GraphQLInterfaceType)
    for made in sorted(SCHEMA.get_possible_types(interface), key=lambda one: one.name):
        yield made.name, made


def whole(kind: Any, depth: int = 3) -> str:
    """A selection of all that can be asked of a type without arguments, to a depth."""
    if isinstance(kind, GraphQLUnionType):
        return "__typename"
    found = ["__typename"]
    for name, each in kind.fields.items():
        inner = get_named_type(each.type)
        if any(isinstance(argument.type, GraphQLNonNull) for argument in each.args.values()):
            continue
        if is_leaf_type(inner):
            found.append(name)
        elif depth:
            size = "(first: 2)" if "first" in each.args else ""
            found.append(f"{name}{size} {{ {whole(inner, depth - 1)} }}")
    return " ".join(found)
