# SPDX-License-Identifier: Apache-2.0
"""Refusals as data: one GraphQL type each, all of them a `Refusal`, with their facts as fields."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from gateway.changes.refusals import CursorTooOld
from gateway.schema.derive import object_type
from gateway.schema.shape import Shown, computed, first_sentence, graphql_type, show
from gateway.webhooks import commands as webhooks
from services.chassis.contract import CommandRequest
from services.chassis.decider import Refusal
from services.chassis.refusals import CHASSIS_REFUSALS, InvalidInput, UnknownRefusal
from services.contracts import refusals as services

OF_MANY: tuple[type[Refusal], ...] = (*CHASSIS_REFUSALS, services.ApprovalNeeded)
"""The refusals of a command for many things at once as a whole."""

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def code_of(refusal: type[Refusal]) -> str:
    """The stable code of a refusal: `PollIsClosed` is `POLL_IS_CLOSED`."""
    return _WORD.sub("_", refusal.__name__).upper()


def message_of(refusal: Refusal) -> str:
    """Short English for developers; residents read a text that their client chooses by the code."""
    if isinstance(refusal, InvalidInput):
        return f"{refusal.field}: {refusal.problem}" if refusal.field else refusal.problem
    return first_sentence(type(refusal).__doc__)


def path_of(refusal: Refusal) -> list[str] | None:
    """The part of the input that a refusal is about, in GraphQL's names."""
    if not isinstance(refusal, InvalidInput) or not refusal.field:
        return None
    parts = re.findall(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+", refusal.field)
    return ["input", *(_camel(part) for part in parts)]


def facts_of(refusal: Refusal) -> dict[str, Any]:
    """The facts of a refusal as JSON, for the extensions of an error."""
    return {_camel(name): msgspec.to_builtins(getattr(refusal, name)) for name in refusal.__struct_fields__}


@graphql_type(interfaces=True, name="Refusal")
class RefusalInterface:
    """Why a command was not carried out. Every refusal has facts of its own beside these three fields."""

    @computed
    def code(self) -> str:
        """Stable code, for example `POLL_IS_CLOSED`."""
        return code_of(type(_refusal(self)))

    @computed
    def message(self) -> str:
        """Short English for developers; it may change."""
        return message_of(_refusal(self))

    @computed
    def path(self) -> list[str] | None:
        """The part of the input it is about; null when it is about none in particular."""
        return path_of(_refusal(self))


def _refusal(shown: object) -> Refusal:
    refusal: Refusal = getattr(shown, "view")  # noqa: B009 -- every implementing type is `Shown`
    return refusal


def refusals_of(kind: type[CommandRequest[Any]]) -> tuple[type[Refusal], ...]:
    """Every refusal that a command may come back with."""
    return (*CHASSIS_REFUSALS, *kind.REFUSALS)


def all_refusals() -> tuple[type[Refusal], ...]:
    """Every refusal that may come back: the chassis', the services', and the gateway's own."""
    kinds = [kind for module in (services, webhooks) for kind in vars(module).values() if isinstance(kind, type)]
    own = [kind for kind in kinds if issubclass(kind, Refusal) and kind is not Refusal]
    return (*CHASSIS_REFUSALS, *own)


def _types(refusals: Iterable[type[Refusal]]) -> dict[type[Refusal], type[Shown]]:
    made: dict[type[Refusal], type[Shown]] = {}
    for refusal in refusals:
        taken = {"code", "message", "path"} & set(refusal.__struct_fields__)
        if taken:
            raise TypeError(f"{refusal.__name__} has a fact named {taken.pop()}, which every refusal has already")
        made[refusal] = object_type(refusal, refusal.__name__, bases=(Shown, RefusalInterface))
    return made


OF_QUERIES: tuple[type[Refusal], ...] = (CursorTooOld,)
"""Refusals that a question is answered with."""

REFUSAL_TYPES = _types((*all_refusals(), *OF_QUERIES))
"""The GraphQL type of every refusal."""


def show_refusal(refusal: Refusal, kind: type[CommandRequest[Any]]) -> Shown:
    """The GraphQL object of a refusal of a command."""
    if type(refusal) not in refusals_of(kind):
        refusal = UnknownRefusal(name=type(refusal).__name__, facts=msgspec.json.encode(refusal).decode())
    return show(REFUSAL_TYPES[type(refusal)], refusal)


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)
