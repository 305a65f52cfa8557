# SPDX-License-Identifier: Apache-2.0
"""What several subscribers are told in the same words is executed and written once.

Executing a selection costs graphql-core about as much as everything else a subscriber costs together; a conference
has some fifty of them with the same document.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Protocol

import orjson
from graphql import DocumentNode, ExecutionResult, FieldNode, OperationDefinitionNode, VariableNode, Visitor, visit

from gateway.context import Context
from gateway.execution.errors import formatted
from gateway.metrics import EXECUTIONS, TOLD


class Sharing:
    """One thing that subscribers are told, in the words of each operation that they asked with.

    Args:
        context: with which it is executed; of nobody, since all of them read the result.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._payloads: dict[Hashable, asyncio.Task[str]] = {}

    async def payload(self, operation: Hashable, execute: Callable[[], Awaitable[ExecutionResult]]) -> str:
        """The result as JSON text.

        Args:
            operation: everything that the words depend on.
            execute: makes the result, when nobody has.
        """
        TOLD.inc()
        task = self._payloads.get(operation)
        if task is None:
            EXECUTIONS.inc()
            task = self._payloads[operation] = asyncio.create_task(_written(execute))
        return await asyncio.shield(task)  # others wait for the same one


class Told(Protocol):
    """What a subscription's resolver yields."""

    sharing: Sharing


async def _written(execute: Callable[[], Awaitable[ExecutionResult]]) -> str:
    return orjson.dumps(formatted(await execute())).decode()


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
