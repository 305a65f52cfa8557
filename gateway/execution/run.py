# SPDX-License-Identifier: Apache-2.0
"""One run of a compiled operation: asks for what waits, level by level, and for names of people at the end."""

import asyncio
from collections import deque
from collections.abc import Mapping
from inspect import isawaitable
from types import CoroutineType
from typing import Any

from graphql import GraphQLError, GraphQLSchema, located_error

from gateway.context import Context
from gateway.execution.started import Started, started, started_beside
from gateway.execution.waiting import Waiting
from gateway.schema.shape import Missing, Person

_Wait = tuple[Waiting, Any, dict[str, Any], Any]
"""What waits: the field, its object, the dictionary it goes to and the path of that."""


class GiveUp(Exception):
    """graphql-core must execute this."""


class Schema:
    """The schema where `strawberry.Info` has it.

    Args:
        schema: in which operations are executed.
    """

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema


class Info:
    """What resolvers may use, as `strawberry.Info` offers it.

    Args:
        context: of the operation.
        schema: in which it is executed.
    """

    __slots__ = ("_raw_info", "context")

    def __init__(self, context: Context, schema: Schema) -> None:
        self.context = context
        self._raw_info = schema


class Run:
    """One run of one operation; it is also the `Reading` with which fields are read without waiting.

    Args:
        context: of the operation.
        schema: in which it is executed.
        arguments: of its fields.
    """

    __slots__ = ("_coming", "_late", "answer", "arguments", "context", "errors", "info", "name_of", "waits")

    def __init__(self, context: Context, schema: Schema, arguments: list[Mapping[str, Any]]) -> None:
        self.context = context
        self.info = Info(context, schema)
        self.arguments = arguments
        self.waits: list[_Wait] = []
        self.errors: list[GraphQLError] = []
        self.name_of = context.names_at_hand
        self.answer = context.answers_at_hand()
        self._coming: deque[tuple[_Wait, Started | asyncio.Future[Any]]] = deque()
        self._late: list[tuple[dict[str, Any], str, Person]] = []

    def name(self, person: Person) -> str | Missing | None:
        """The display name of `(conference, person)`; `Missing` when it must be asked for."""
        try:
            return self.name_of(person)
        except KeyError:
            return Missing(person)

    def late(self, target: dict[str, Any], key: str, missing: Missing) -> None:
        """Notes where a name belongs that must be asked for."""
        target[key] = None
        self._late.append((target, key, missing.person))

    def begin(self) -> bool:
        """Asks for what waits, and again for what that found missing; whether the result is complete.

        Raises:
            GiveUp: graphql-core must execute it.
        """
        while self.waits:
            waits, self.waits = self.waits, []
            for wait in waits:
                try:
                    value = wait[0].ask(wait[1], self.info, self.arguments)
                    if value.__class__ is CoroutineType:
                        value = started(value) if self._may_wait() else started_beside(value)
                except Exception as error:
                    self._failed(wait, error)
                    continue
                if value.__class__ is Started:
                    self._coming.append((wait, value))
                elif isawaitable(value):
                    self._coming.append((wait, asyncio.ensure_future(value)))
                else:
                    self._came(wait, value)
        return not self._coming and not self._late

    async def finish(self) -> None:
        """Waits for what was asked for, and asks for what that found missing, until nothing waits.

        Raises:
            GiveUp: graphql-core must execute it.
        """
        while self._coming:
            wait, coming = self._coming[0]
            try:
                value = await coming
            except Exception as error:
                self._failed(wait, error)
            else:
                self._came(wait, value)
            self._coming.popleft()
            if not self._coming:
                self.begin()
        if self._late:
            people = list(dict.fromkeys(person for _, _, person in self._late))
            names = dict(zip(people, await self.context.load_names(people), strict=True))
            for target, key, person in self._late:
                target[key] = names[person]

    def drop(self) -> None:
        """Lets go of what was asked for: nobody will wait for it."""
        for _, coming in self._coming:
            if isinstance(coming, Started):
                coming.close()
            else:
                coming.add_done_callback(_forget)
                coming.cancel()

    def _may_wait(self) -> bool:
        """Whether a coroutine that is started now is the first that this task will wait for.

        The others get tasks of their own; outside of a task, as in a round of tellings, each does.
        """
        return not self._coming and asyncio.current_task() is not None

    def _came(self, wait: _Wait, value: Any) -> None:
        waiting, _, target, path = wait
        try:
            target[waiting.name] = waiting.complete(value, self, (path, waiting.name))
        except Exception:  # whatever it is: graphql-core does it again and says it in full
            raise GiveUp from None

    def _failed(self, wait: _Wait, error: Exception) -> None:
        waiting, _, target, path = wait
        if waiting.required:
            raise GiveUp
        target[waiting.name] = None
        self.errors.append(located_error(error, list(waiting.nodes), _listed((path, waiting.name))))


def _forget(coming: "asyncio.Future[Any]") -> None:
    if not coming.cancelled():
        coming.exception()  # graphql-core finds it again and says it


def _listed(path: Any) -> list[str | int]:
    """The path of a field from the root, as clients are told it."""
    found: list[str | int] = []
    while path is not None:
        path, key = path
        found.append(key)
    return found[::-1]
