# SPDX-License-Identifier: Apache-2.0
"""What several subscribers are told in the same words is executed and written once.

Executing a selection costs graphql-core about as much as everything else a subscriber costs together; a conference
has some fifty of them with the same document.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import orjson
from graphql import DocumentNode, ExecutionResult, FieldNode, OperationDefinitionNode, VariableNode, Visitor, visit

from gateway.context import Context
from gateway.execution.errors import formatted
from gateway.metrics import EXECUTIONS


class Words(Protocol):
    """An operation with the variables that shape what is told: the same object for all who ask in the same words."""

    def begin(self, told: "Told") -> ExecutionResult | Awaitable[ExecutionResult]:
        """The result for something that is told, where nothing must wait, else what to await for it."""
        ...


class _Making:
    """A result that is being made."""

    __slots__ = ("task", "waiting")

    def __init__(self, task: "asyncio.Task[bytes]") -> None:
        self.task = task
        self.waiting: list[Callable[[], None]] = []


class Sharing:
    """One thing that subscribers are told, in the words of each operation that they asked with.

    Args:
        context: with which it is executed; of nobody, since all of them read the result.
    """

    __slots__ = ("_payloads", "context")

    def __init__(self, context: Context) -> None:
        self.context = context
        self._payloads: dict[Words, bytes | Exception | _Making] = {}

    def payload(self, words: Words, told: "Told", then: Callable[[], None]) -> bytes | None:
        """The result as JSON; None while it is being made.

        Args:
            words: in which it is asked for.
            told: the thing.
            then: called when it is made, so that it is asked for again.

        Raises:
            Exception: it could not be made.
        """
        made = self._payloads.get(words)
        if made is None:
            made = self._payloads[words] = self._begin(words, told)
        if isinstance(made, bytes):
            return made
        if isinstance(made, Exception):
            raise made
        made.waiting.append(then)
        return None

    def _begin(self, words: Words, told: "Told") -> bytes | Exception | _Making:
        EXECUTIONS.inc()
        try:
            result = words.begin(told)
            if isinstance(result, ExecutionResult):
                return _written(result)
        except Exception as error:  # whoever asks in these words is told it
            return error
        making = _Making(asyncio.create_task(_awaited(result)))
        making.task.add_done_callback(lambda task: self._made(words, task))
        return making

    def _made(self, words: Words, task: "asyncio.Task[bytes]") -> None:
        making = self._payloads[words]
        error = asyncio.InvalidStateError("cancelled") if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, Exception):
            raise error
        self._payloads[words] = error or task.result()
        for then in making.waiting if isinstance(making, _Making) else ():
            then()


class Told(Protocol):
    """What a hub tells, as an object of the GraphQL schema."""

    sharing: Sharing


def _written(result: ExecutionResult) -> bytes:
    return orjson.dumps(formatted(result))


async def _awaited(result: Awaitable[ExecutionResult]) -> bytes:
    return _written(await result)


def shaping_variables(operation: OperationDefinitionNode, document: DocumentNode) -> frozenset[str]:
    """The variables on which the form of what is told depends: all but those that only choose the stream.

    Args:
        operation: a subscription.
        document: where it stands, with its fragments.
    """
    roots = [node for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    choosing = {id(argument) for root in roots for argument in root.arguments or ()}
    used: set[str] = set()

    class Collect(Visitor):
        def enter_variable_definition(self, *_: object) -> bool:
            return False

        def enter_argument(self, node: object, *_: object) -> bool | None:
            return False if id(node) in choosing else None

        def enter_variable(self, node: VariableNode, *_: object) -> None:
            used.add(node.name.value)

    visit(document, Collect())
    return frozenset(used)
