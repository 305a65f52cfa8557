# SPDX-License-Identifier: Apache-2.0
"""What commands, policies and timers of this service have in common."""

from typing import TypeAlias
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from services.chassis.api import Context
from services.chassis.contract import Done
from services.chassis.decider import Refusal
from services.chassis.decisions import Envelope, Step
from services.chassis.policies import PolicyContext
from services.chassis.requests import Refused
from services.chassis.timers import TimerContext

Here: TypeAlias = Context | PolicyContext | TimerContext


def new_id(command_id: UUID | None, what: str) -> str:
    """The id of what a command makes: the same when the command is repeated."""
    return uuid5(command_id, what).hex if command_id else uuid4().hex


def id_of(what: str, *parts: object) -> str:
    """An id that follows from others, so that making a thing twice makes it once.

    Args:
        what: the kind of thing.
        parts: the ids it follows from.
    """
    return uuid5(NAMESPACE_OID, ":".join(["ideas", what, *map(str, parts)])).hex


async def first(ctx: Here, step: Step) -> None:
    """Carries out what must be stored before the rest can be known: it ends a vote, so that it can be counted.

    The command has no id of its own: repeating it changes nothing.

    Raises:
        Refused: it lost a race several times, or the database is away.
    """
    expected = ctx.expected if isinstance(ctx, Context) else None
    envelope = Envelope(None, b"", "ideas", ctx.trace, expected=expected)
    done = await ctx.repository.execute([step], envelope, Done())
    if isinstance(done, Refusal):
        raise Refused(done)
