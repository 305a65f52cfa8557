# SPDX-License-Identifier: Apache-2.0
"""Commands for many things at once: a list of the single command's inputs, and a result for each of them.

Each item is the single command in every respect: its own key, its own permission, its own result. They share one
request and nothing else, so one that is refused leaves the others alone. What no request can wait for is a job.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, cast

import msgspec
import strawberry

from gateway.context import Context, context_of
from gateway.schema.command_needs import BULK_NEEDS
from gateway.schema.errors import OF_MANY, REFUSAL_TYPES
from gateway.schema.mutations import Types, carry_out, mutation_field, result_type, types_of
from gateway.schema.relay import BadId, local_id
from gateway.schema.shape import Shown, computed, description_of, first_sentence, show
from services.chassis.decider import Refusal
from services.chassis.refusals import InvalidInput, NotAllowed
from services.chassis.requests import Refused
from services.contracts.refusals import ApprovalNeeded
from services.contracts.registration import BULK, ApprovalFor, Bulk, JobKind

MOST = 100
"""Items of one request."""

TOGETHER = 8
"""Items of one request under way at the same time: others have commands, too."""


async def refusal_of(context: Context, field: str, bulk: Bulk, items: Sequence[Any]) -> Refusal | None:
    """Why none of the items is even tried; None when they are.

    Args:
        context: of the operation.
        field: the name of the rows of the job that does the same.
        bulk: the command.
        items: what it is given.
    """
    lacks = context.lacking(BULK_NEEDS, None)
    if lacks is not None:
        return NotAllowed(needs=lacks)
    if not 1 <= len(items) <= MOST:
        return InvalidInput(field="items", problem=f"Expected 1 to {MOST} items; more are a job")
    conferences = tuple(sorted({*_conferences(items)})) if bulk.four_eyes else ()
    if not conferences:
        return None
    try:
        # The service counts every item by itself, too: this only keeps a list that is too long from being begun.
        approval = await context.ask(ApprovalFor(kind=cast("JobKind", field.upper()), conference_ids=conferences))
    except Refused as refused:
        return refused.refusal
    return ApprovalNeeded(limit=approval.limit) if approval.needed else None


def _conferences(items: Sequence[Any]) -> Iterator[str]:
    for item in items:
        with suppress(BadId):  # which the item itself is told
            yield local_id(item.conference_id, "Conference")


async def carry_out_all(context: Context, bulk: Bulk, types: Types, items: Sequence[Any]) -> list[Shown]:
    """Sends a command for each item, some of them at the same time; the results in the order of the items."""
    room = asyncio.Semaphore(TOGETHER)

    async def one(place: int, item: Any) -> Shown:
        async with room:
            result = await carry_out(context, bulk.command, types.success, item)
        if isinstance(result.view, InvalidInput):
            field = f"items[{place}].{result.view.field}".rstrip(".")
            result.view = msgspec.structs.replace(result.view, field=field)
        return result

    return await asyncio.gather(*(one(place, item) for place, item in enumerate(items)))


def _bulk_mutation(field: str, bulk: Bulk) -> Any:
    single, types = bulk.command.__name__, types_of(bulk.command)
    head, *tail = field.split("_")
    name = head + "".join(word.capitalize() for word in tail)
    title = name[0].upper() + name[1:]

    class Given:
        items: list[types.given] = strawberry.field(  # type: ignore[name-defined]
            description=f"What `{single[0].lower()}{single[1:]}` takes, 1 to {MOST} times; each with a key of its own."
        )

    class Success(Shown):
        view: strawberry.Private[list[Shown]]

        @computed
        def results(self) -> list[types.result]:  # type: ignore[name-defined]
            """What became of each item, in their order."""
            return self.view

    given = strawberry.input(Given, name=f"{title}Input", description=f"{single} for many things at once.")
    success = strawberry.type(
        Success, name=f"{title}Success", description="Every item was tried: `results` tells what became of each."
    )

    async def resolve(info: strawberry.Info, input: Any) -> Any:  # noqa: A002 -- the argument's name in the schema
        context = context_of(info)
        refusal = await refusal_of(context, field, bulk, input.items)
        if refusal is not None:
            return show(REFUSAL_TYPES[type(refusal)], refusal)
        return show(success, await carry_out_all(context, bulk, types, input.items))

    says = (
        f"{first_sentence(description_of(bulk.command))} For up to {MOST} items in one request: each is done or refused"
        " by itself, in no particular order."
    )
    if bulk.four_eyes:
        says += " More conferences than one person may change within 24 hours are refused with `ApprovalNeeded`."
    return mutation_field(name, says, BULK_NEEDS, (given, result_type(title, success, OF_MANY)), resolve)


def bulk_mutations() -> Iterator[Any]:
    """The mutation fields of all commands that may be given for many things at once."""
    for field, bulk in BULK.items():
        yield _bulk_mutation(field, bulk)
