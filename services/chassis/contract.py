# SPDX-License-Identifier: Apache-2.0
"""The base types of what services say to each other: commands, queries, answers, contract events.

The classes themselves live in `services.contracts`; the chassis only knows how to carry them.
"""

from datetime import datetime
from types import ModuleType
from typing import Annotated, ClassVar, Generic, TypeAlias, TypeVar

import msgspec

from services.chassis.decider import Refusal

Id = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$", description="32 lower-case hex digits")]
"""An id on the wire. Hex alone keeps every id a legal token of a NATS subject."""

CITY = "city"
"""The subject token of what belongs to no conference."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a command or a query answers when it is not refused."""


A_co = TypeVar("A_co", bound=Answer, covariant=True)


class Done(Answer, frozen=True, kw_only=True):
    """The command holds; there is nothing else to say."""


class Request(msgspec.Struct, Generic[A_co], frozen=True, kw_only=True):
    """A command or query to one service. `SERVICE` answers it, `ANSWER` is the type of the answer."""

    SERVICE: ClassVar[str]
    ANSWER: ClassVar[type[Answer]] = Done

    @property
    def conference(self) -> str | None:
        """The conference it is about; read from the field `conference_id` where there is one."""
        return getattr(self, "conference_id", None)


Refusals: TypeAlias = tuple[type[Refusal], ...]


class CommandRequest(Request[A_co], Generic[A_co], frozen=True, kw_only=True):
    """A wish to change something; `conference` routes it (None: it belongs to the city).

    `REFUSALS` are those of its service that it can come back with, beside those of the chassis.
    """

    REFUSALS: ClassVar[Refusals] = ()


class QueryRequest(Request[A_co], Generic[A_co], frozen=True, kw_only=True):
    """A question; any replica answers it."""


class ContractEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that one service tells all others. `at` is the instant of the fact in UTC."""

    SERVICE: ClassVar[str]
    VERSION: ClassVar[int] = 1

    at: datetime

    @property
    def conference(self) -> str | None:
        """The conference the fact belongs to; None for what belongs to the city."""
        return getattr(self, "conference_id", None)


class LiveChange(msgspec.Struct, frozen=True, kw_only=True):
    """A losable hint that a read model changed; `position` is that of the read model."""

    SERVICE: ClassVar[str]

    conference_id: str
    position: int


class Position(msgspec.Struct, frozen=True, order=True):
    """A place in one service's log. Written `<epoch>:<value>` in headers."""

    epoch: str
    value: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.value}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Reads what `str()` wrote.

        Raises:
            ValueError: the text is not a position.
        """
        epoch, separator, value = text.partition(":")
        if not separator or not epoch:
            raise ValueError(f"not a position: {text!r}")
        return cls(epoch, int(value))


def declared_in(module: ModuleType, kind: type) -> bool:
    """Whether a class belongs to a contract, and was not only imported there.

    Args:
        module: of the contract; a module, or a package with a module for each area.
        kind: the class.
    """
    return f"{kind.__module__}.".startswith(f"{module.__name__}.")
