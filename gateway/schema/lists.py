# SPDX-License-Identifier: Apache-2.0
"""Lists as connections: their four arguments, and the way from a page of a service to a page of the API."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Protocol, TypeVar

import strawberry

from gateway.schema.relay import Connection, Page, Signer, connection
from services.chassis.contract import QueryRequest
from services.contracts.shared import Cut

Method = TypeVar("Method", bound=Callable[..., Any])


def _argument(kind: Any, description: str) -> Any:
    return Annotated[kind, strawberry.argument(description=description)]


ARGUMENTS = {
    "first": _argument(int | None, "How many items from the start: 1 to 100."),
    "after": _argument(str | None, "Only items behind this cursor."),
    "last": _argument(int | None, "How many items from the end, instead of `first`."),
    "before": _argument(str | None, "Only items ahead of this cursor."),
}
"""The arguments of every connection, as `Page` has them."""


class Asking(Protocol):
    """The part of an operation's context that lists need."""

    @property
    def signer(self) -> Signer:
        """Makes the cursors."""
        ...

    async def ask(self, query: QueryRequest[Any]) -> Any:
        """The answer of a service."""
        ...


def paged(method: Method) -> Method:
    """Gives a field the arguments of a connection. The method takes them as one: `page: Page`.

    Args:
        method: takes `self`, `info`, `page`, and what else the list is asked by.
    """

    @wraps(method)
    async def resolve(self: Any, info: Any, **given: Any) -> Any:
        page = Page(*(given.pop(name, None) for name in ARGUMENTS))
        return await method(self, info, page, **given)

    signature = inspect.signature(method)
    own, info, _, *rest = signature.parameters.values()
    arguments = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=kind)
        for name, kind in ARGUMENTS.items()
    ]
    resolve.__signature__ = signature.replace(parameters=[own, info, *arguments, *rest])  # type: ignore[attr-defined]
    return resolve  # type: ignore[return-value]


async def one_page(
    context: Asking,
    purpose: str,
    page: Page,
    question: Callable[[Cut], QueryRequest[Any]],
    shown: Callable[[Any], Any],
) -> Connection[Any]:
    """A page of a list that a service holds.

    Args:
        context: of the operation.
        purpose: the name of the list, with all that it is filtered by: its cursors are good for no other.
        page: what the client asks for.
        question: what the service is asked for a cut of the list.
        shown: an item of the answer as GraphQL shows it.

    Raises:
        BadPage: `first` or `last` is out of bounds, or both are given.
        BadCursor: a cursor is not one of this list.
        Refused: the service is away, or does not answer this client.
    """
    cut = page.cut(context.signer, purpose)
    found = await context.ask(question(cut))
    made: Connection[Any] = connection(context.signer, purpose, cut, found, [shown(item) for item in found.items])
    return made
