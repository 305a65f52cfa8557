# SPDX-License-Identifier: Apache-2.0
"""What the chassis itself refuses, whatever the service: facts for the gateway, never prose.

Rules refuse with their own types; these stand for what happens before or around a rule.
"""

from services.chassis.decider import Refusal


class ConcurrentChange(Refusal, frozen=True, kw_only=True):
    """Somebody else was faster, several times; `position` (`<epoch>:<value>`) is the place to read from."""

    position: str


class StateHasChanged(Refusal, frozen=True, kw_only=True):
    """What the command is about has changed since the client saw it; `position` (`<epoch>:<value>`) is where now."""

    position: str


class IdempotencyKeyReused(Refusal, frozen=True, kw_only=True):
    """The key of this command was used before, for a command of other content."""


class InvalidInput(Refusal, frozen=True, kw_only=True):
    """A field does not have the form that the contract asks for; `field` is a path such as `options[2].text`."""

    field: str
    problem: str


class NotAllowed(Refusal, frozen=True, kw_only=True):
    """The actor may not do this; `needs` names what would allow it, for example `moderator`."""

    needs: str


class NotFound(Refusal, frozen=True, kw_only=True):
    """There is no such thing."""

    what: str
    id: str


class Busy(Refusal, frozen=True, kw_only=True):
    """The service has more to do than it can hold; nothing was done."""

    retry_after_ms: int


class Unavailable(Refusal, frozen=True, kw_only=True):
    """No replica of the service answers. A command may be repeated with the same key: it is done once."""

    service: str


class Fault(Refusal, frozen=True, kw_only=True):
    """A defect of the service. What happened stands in its log under `trace` (32 hex digits)."""

    trace: str


class StreamIsReadOnly(Refusal, frozen=True, kw_only=True):
    """The stream holds events of a newer release (`topic`); this one reads nothing from it and adds nothing to it."""

    topic: str


class UnknownRefusal(Refusal, frozen=True, kw_only=True):
    """A refusal that the asking process does not know yet: a service of a newer release sent it."""

    name: str
    facts: str


CHASSIS_REFUSALS: tuple[type[Refusal], ...] = (
    ConcurrentChange,
    StateHasChanged,
    IdempotencyKeyReused,
    InvalidInput,
    NotAllowed,
    NotFound,
    Busy,
    Unavailable,
    Fault,
    StreamIsReadOnly,
    UnknownRefusal,
)
