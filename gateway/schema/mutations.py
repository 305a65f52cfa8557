# SPDX-License-Identifier: Apache-2.0
"""Mutations: one per command of the contracts, all alike.

The input is the command plus an idempotency key; the result is a union of the success and the refusals. Everything
follows from the contract; who may send it stands in `command_needs`.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from types import ModuleType
from typing import Annotated, Any, NamedTuple, Union

import msgspec
import strawberry
from strawberry.tools import create_type

from gateway.context import Context, context_of
from gateway.schema.command_needs import COMMAND_NEEDS
from gateway.schema.derive import input_type, object_type, plain
from gateway.schema.errors import REFUSAL_TYPES, refusals_of, show_refusal
from gateway.schema.permissions import Needs, directive_of
from gateway.schema.relay import BadCursor, BadId, local_id
from gateway.schema.shape import Shown, description_of, show
from gateway.webhooks import commands as webhooks
from services.chassis.contract import CommandRequest, declared_in
from services.chassis.decider import Refusal
from services.chassis.identity import scope_of
from services.chassis.refusals import Busy, InvalidInput, NotAllowed
from services.contracts import ideas, registration, rooms, session

MODULES = (registration, session, rooms, ideas, webhooks)
"""Where commands are declared: by the services, and by the gateway for what is its own."""

HIDDEN: tuple[type[CommandRequest[Any]], ...] = (
    session.ReportPresence,
    registration.EnsureKeys,
    registration.NoteApp,
    registration.NoteAppKeyUse,
)
"""Commands between the processes themselves."""


def commands(module: ModuleType) -> Iterator[type[CommandRequest[Any]]]:
    """The commands that one contract module offers to clients."""
    for name, kind in vars(module).items():
        if (
            isinstance(kind, type)
            and issubclass(kind, CommandRequest)
            and declared_in(module, kind)
            and not name.startswith("_")
            and kind not in HIDDEN
        ):
            yield kind


def not_allowed(context: Context, kind: type[CommandRequest[Any]], given: Any) -> NotAllowed | None:
    """Why this client may not send this command; None when the service may look at it.

    Raises:
        BadId: the input names a conference, a series or a district by something that is no id.
    """
    named, needs = getattr(given, "conference_id", None), COMMAND_NEEDS[kind]
    conference = local_id(named, "Conference") if named else None
    lacks = context.lacking(needs, conference)
    if lacks is not None and kind is registration.AnnounceConference:
        # Nobody knows yet what it belongs to. One that was announced before is not changed by whatever is said here.
        series, district = local_id(given.series_id, "Series"), local_id(given.district_id, "District")
        lacks = context.lacking(needs, conference, (scope_of(None, series, None), scope_of(None, None, district)))
    return None if lacks is None else NotAllowed(needs=lacks)


class Succeeded(Shown):
    """Base of every success.

    Attributes:
        at: the position, `<service>/<epoch>:<value>`.
    """

    at: str


def _position(self: Any) -> str:
    at: str = self.at
    return at


def _position_field() -> Any:
    description = (
        "The place in the log that holds what happened; sent as header `Quartier-After`, answers are no older."
    )
    return strawberry.field(resolver=_position, description=description)


_POSITION = re.compile(r"[0-9a-z]+:[0-9]{1,19}")

_KEY = "Chosen by the client, 1 to 200 characters; a command repeated with the same key is done once."
_SEEN = (
    "The `position` of an earlier success, or the `positions` of a subscription, up to which the client saw what the "
    "command is about, the thing that it names: of `nextPhase` the evening, of `submitIdea` the sheet and its idea. "
    "Where that has changed since, the command is refused with `StateHasChanged`. What changes along with it, such as "
    "who sits in which group, is not compared."
)


def _headers_fields() -> dict[str, tuple[Any, Any]]:
    return {
        "idempotency_key": (str, strawberry.field(description=_KEY)),
        "expected_position": (str | None, strawberry.field(description=_SEEN, default=strawberry.UNSET)),
    }


def _invalid(error: msgspec.ValidationError) -> InvalidInput:
    problem, _, place = str(error).partition(" - at `$")
    return InvalidInput(field=place.rstrip("`").removeprefix("."), problem=problem)


def expected_at(service: str, text: str) -> str:
    """The place in a service's log (`<epoch>:<value>`) up to which a client saw what its command is about.

    Args:
        service: who decides the command.
        text: the `position` of a success, or the `positions` of a subscription (`<service>/<epoch>:<value>,…`).

    Raises:
        BadCursor: it says nothing of this service.
    """
    for part in text.split(","):
        name, _, position = part.partition("/")
        if name == service and _POSITION.fullmatch(position):
            return position
    raise BadCursor(f"this is no position of {service}")


async def carry_out(context: Context, kind: type[CommandRequest[Any]], success: type[Succeeded], given: Any) -> Shown:
    """Sends a command and makes the reply a member of its result union.

    Args:
        context: of the operation.
        kind: the command.
        success: the GraphQL type of its success.
        given: the mutation's input.
    """
    service = kind.SERVICE
    try:
        refusal: Refusal | None = not_allowed(context, kind, given)
        if refusal is not None:
            return show_refusal(refusal, kind)
        command = msgspec.convert(plain(kind, given), kind, strict=False)
    except BadId as error:
        return show_refusal(InvalidInput(field="", problem=str(error)), kind)
    except msgspec.ValidationError as error:
        return show_refusal(_invalid(error), kind)
    if not 1 <= len(given.idempotency_key) <= 200:
        refusal = InvalidInput(field="idempotency_key", problem="Expected 1 to 200 characters")
        return show_refusal(refusal, kind)
    try:
        seen = expected_at(service, given.expected_position) if given.expected_position else None
    except BadCursor as error:
        return show_refusal(InvalidInput(field="expected_position", problem=str(error)), kind)
    if kind is registration.RegisterApp:  # anybody may send it, and somebody has to read each
        wait = context.register_app()
        if wait > 0:
            return show_refusal(Busy(retry_after_ms=math.ceil(wait * 1000)), kind)
    reply = await context.command(command, given.idempotency_key, seen)
    if reply.refusal is not None:
        return show_refusal(reply.refusal, kind)
    made = show(success, reply.answer)
    made.at = f"{service}/{reply.position}"
    return made


class Types(NamedTuple):
    """The GraphQL types of one command.

    Args:
        given: its input.
        success: what it answers when it was carried out.
        result: the union of its success and its refusals.
    """

    given: Any
    success: type[Succeeded]
    result: Any


def result_type(name: str, success: type[Shown], refusals: Iterable[type[Refusal]]) -> Any:
    """The union of a success and refusals."""
    members = (success, *(REFUSAL_TYPES[refusal] for refusal in refusals))
    return Annotated[
        Union[members],  # noqa: UP007 -- made at run time
        strawberry.union(f"{name}Result", description=f"What became of {name}."),
    ]


@cache
def types_of(kind: type[CommandRequest[Any]]) -> Types:
    """The types of one command; made once."""
    name = kind.__name__
    success = object_type(
        kind.ANSWER,
        f"{name}Success",
        bases=(Succeeded,),
        extra={"position": _position_field()},
        description=f"{name} was carried out. {description_of(kind.ANSWER)}",
    )
    given = input_type(kind, f"{name}Input", _headers_fields())
    return Types(given, success, result_type(name, success, refusals_of(kind)))


def mutation_field(
    name: str, description: str, needs: Needs, types: tuple[Any, Any], resolve: Callable[..., Any]
) -> Any:
    """A mutation field with one `input`.

    Args:
        name: of the field.
        description: for the readers of the schema.
        needs: who may.
        types: of the input, and of the result.
        resolve: takes the operation's info and the input.
    """
    given, result = types
    argument = Annotated[given, strawberry.argument(description="The command.")]  # type: ignore[valid-type]
    resolve.__annotations__ = {"info": strawberry.Info, "input": argument, "return": result | None}
    resolve.__name__ = name  # `create_type` tells fields apart by it
    return strawberry.field(resolver=resolve, name=name, description=description, directives=(directive_of(needs),))


def mutation(kind: type[CommandRequest[Any]]) -> Any:
    """The mutation field of one command."""
    given, success, result = types_of(kind)

    async def resolve(info: strawberry.Info, input: Any) -> Any:  # noqa: A002 -- the argument's name in the schema
        return await carry_out(context_of(info), kind, success, input)

    name = kind.__name__[0].lower() + kind.__name__[1:]
    return mutation_field(name, description_of(kind), COMMAND_NEEDS[kind], (given, result), resolve)


def build_mutation(more: Iterable[Any] = ()) -> type:
    """The root type of all mutations.

    Args:
        more: fields beside those of the commands.
    """
    fields = [*(mutation(kind) for module in MODULES for kind in commands(module)), *more]
    return create_type("Mutation", fields, description="What can be done: one field for each command.")
