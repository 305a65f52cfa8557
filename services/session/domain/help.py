# SPDX-License-Identifier: Apache-2.0
"""The help calls of one conference: a group or a person asks for staff, one of the staff takes the call.

All calls of an evening are one stream, because "who asks already waits" is a rule about all of them. The staff of the
conference comes first; a call that nobody took for `POOL_AFTER` is offered to the city's pool as well.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Sealed, Snapshotted

POOL_AFTER: Final = timedelta(minutes=3)
"""So long a call is the conference staff's alone."""

CALLS: Final = 3
WINDOW: Final = timedelta(minutes=15)
"""So many calls one person may make within this span."""


# Events ---------------------------------------------------------------------------------------------------------


class HelpRequested(Event, frozen=True, kw_only=True):
    """Somebody asked for staff, from a group or (None) from anywhere else."""

    TOPIC = "session.help_requested"

    call_id: str
    asked_by: str
    group_id: str | None
    reason: Sealed | None
    asked_at: datetime


class HelpClaimed(Event, frozen=True, kw_only=True):
    """Somebody of the staff took the call."""

    TOPIC = "session.help_claimed"
    VERSION = 2

    call_id: str
    by: str
    claimed_at: datetime | None

    @staticmethod
    def upcast_v1_v2(fields: dict[str, Any]) -> dict[str, Any]:
        """Version 1 did not measure."""
        return {**fields, "claimed_at": None}


class HelpPooled(Event, frozen=True, kw_only=True):
    """Nobody of the conference came in time: the city's pool may come too."""

    TOPIC = "session.help_pooled"

    call_id: str
    pooled_at: datetime


class HelpHandedOver(Event, frozen=True, kw_only=True):
    """The call went from one of the staff to another; None: back to whoever comes first."""

    TOPIC = "session.help_handed_over"

    call_id: str
    by: str
    to: str | None
    handed_over_at: datetime


class HelpResolved(Event, frozen=True, kw_only=True):
    """The call is done: somebody said so, or one of the staff entered the group."""

    TOPIC = "session.help_resolved"
    VERSION = 2

    call_id: str
    by: str
    resolved_at: datetime | None

    @staticmethod
    def upcast_v1_v2(fields: dict[str, Any]) -> dict[str, Any]:
        """Version 1 did not measure."""
        return {**fields, "resolved_at": None}


HelpEvent: TypeAlias = HelpRequested | HelpClaimed | HelpPooled | HelpHandedOver | HelpResolved


# State ----------------------------------------------------------------------------------------------------------


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call. `place` is the group it came from, or the person where there is no group."""

    place: str
    asked_by: str
    asked_at: datetime
    claimed_by: str | None = None
    pooled: bool = False
    resolved: bool = False


class HelpCalls(msgspec.Struct, frozen=True, kw_only=True):
    """All calls of the evening by their ids."""

    calls: Mapping[str, Call] = {}

    def waiting(self, place: str) -> str | None:
        """The id of the unresolved call of a group or person."""
        return next((id_ for id_, call in self.calls.items() if call.place == place and not call.resolved), None)

    def calling(self) -> tuple[str, ...]:
        """The groups and people whose calls nobody has taken yet, the oldest call first."""
        waiting = (call for call in self.calls.values() if not call.resolved and call.claimed_by is None)
        return tuple(call.place for call in sorted(waiting, key=lambda call: call.asked_at))

    def made_by(self, person: str, since: datetime) -> list[datetime]:
        """When a person called after this instant, the first time first."""
        return sorted(
            call.asked_at for call in self.calls.values() if call.asked_by == person and call.asked_at > since
        )


# Commands and refusals ------------------------------------------------------------------------------------------


class RequestHelp(Command, frozen=True, kw_only=True):
    """Asks for staff, unless the same group or person waits already."""

    call_id: str
    asked_by: str
    group_id: str | None
    reason: Sealed | None


class ClaimHelp(Command, frozen=True, kw_only=True):
    """Takes a call."""

    call_id: str
    by: str


class PoolHelp(Command, frozen=True, kw_only=True):
    """Offers a call to the city's pool, unless somebody has it."""

    call_id: str


class HandOverHelp(Command, frozen=True, kw_only=True):
    """Gives a call to another of the staff, or back to all of them.

    Args:
        by: who says so.
        leads: whether they may give away what others have.
        to: who gets it; None: whoever comes first.
    """

    call_id: str
    by: str
    leads: bool
    to: str | None


class ResolveHelp(Command, frozen=True, kw_only=True):
    """Ends a call, whether it was claimed or not."""

    call_id: str
    by: str


class EnterGroup(Command, frozen=True, kw_only=True):
    """One of the staff came to a group at `came_at`: its call is answered, unless they asked themselves, or it was made
    since: this may be heard late, and more than once."""

    group_id: str
    by: str
    came_at: datetime


HelpCommand: TypeAlias = RequestHelp | ClaimHelp | PoolHelp | HandOverHelp | ResolveHelp | EnterGroup


class UnknownCall(Refusal, frozen=True, kw_only=True):
    """There is no such call in this conference."""

    call_id: str


class AlreadyClaimed(Refusal, frozen=True, kw_only=True):
    """Somebody else of the staff has the call."""

    by: str


class TooManyCalls(Refusal, frozen=True, kw_only=True):
    """The person called a few times just now; there is room for the next call at `retry_at`."""

    retry_at: datetime


class AlreadyResolved(Refusal, frozen=True, kw_only=True):
    """The call is done; nobody needs to come."""

    call_id: str


# Rule -----------------------------------------------------------------------------------------------------------


def decide(help_calls: HelpCalls, command: HelpCommand) -> Sequence[HelpEvent] | Refusal:
    """What follows from a command about help."""
    match command:
        case RequestHelp():
            return _request(help_calls, command)
        case EnterGroup(group_id=group_id, by=by, came_at=came_at, now=now):
            waiting = help_calls.waiting(group_id)
            if waiting is None:
                return []
            made = help_calls.calls[waiting]
            if made.asked_by == by or made.asked_at > came_at:
                return []
            return [HelpResolved(call_id=waiting, by=by, resolved_at=now)]
        case _:
            call = help_calls.calls.get(command.call_id)
            return UnknownCall(call_id=command.call_id) if call is None else _about(call, command)


def _request(help_calls: HelpCalls, command: RequestHelp) -> Sequence[HelpEvent] | Refusal:
    asked_by, group_id, now = command.asked_by, command.group_id, command.now
    if help_calls.waiting(group_id or asked_by) is not None:
        return []
    made = help_calls.made_by(asked_by, now - WINDOW)
    if len(made) >= CALLS:
        return TooManyCalls(retry_at=made[-CALLS] + WINDOW)
    call_id, reason = command.call_id, command.reason
    return [HelpRequested(call_id=call_id, asked_by=asked_by, group_id=group_id, reason=reason, asked_at=now)]


def _about(call: Call, command: ClaimHelp | PoolHelp | HandOverHelp | ResolveHelp) -> Sequence[HelpEvent] | Refusal:
    call_id, now = command.call_id, command.now
    match command:
        case ResolveHelp(by=by):
            return [] if call.resolved else [HelpResolved(call_id=call_id, by=by, resolved_at=now)]
        case PoolHelp():
            kept = call.resolved or call.pooled or call.claimed_by is not None
            return [] if kept else [HelpPooled(call_id=call_id, pooled_at=now)]
        case _ if call.resolved:
            return AlreadyResolved(call_id=call_id)
        case ClaimHelp(by=by):
            if call.claimed_by is None:
                return [HelpClaimed(call_id=call_id, by=by, claimed_at=now)]
            return [] if call.claimed_by == by else AlreadyClaimed(by=call.claimed_by)
        case HandOverHelp(by=by, to=to):
            if call.claimed_by == to:
                return []
            if call.claimed_by not in (by, None) and not command.leads:
                return AlreadyClaimed(by=call.claimed_by or "")
            return [HelpHandedOver(call_id=call_id, by=by, to=to, handed_over_at=now)]
    assert_never(command)


def evolve(help_calls: HelpCalls, event: HelpEvent) -> HelpCalls:
    """The calls after an event."""
    calls = help_calls.calls
    match event:
        case HelpRequested(call_id=call_id, asked_by=asked_by, group_id=group_id):
            call = Call(place=group_id or asked_by, asked_by=asked_by, asked_at=event.asked_at)
        case HelpClaimed(call_id=call_id, by=by):
            call = msgspec.structs.replace(calls[call_id], claimed_by=by)
        case HelpPooled(call_id=call_id):
            call = msgspec.structs.replace(calls[call_id], pooled=True)
        case HelpHandedOver(call_id=call_id, to=to):
            # Given back, it is the conference staff's alone again for a while, unless the pool knows it already.
            call = msgspec.structs.replace(calls[call_id], claimed_by=to)
        case HelpResolved(call_id=call_id):
            call = msgspec.structs.replace(calls[call_id], resolved=True)
        case _:
            assert_never(event)
    return HelpCalls(calls={**calls, call_id: call})


HELP: Decider[HelpCalls, HelpCommand, HelpEvent] = Decider(
    name="session.help",
    initial=HelpCalls(),
    decide=decide,
    evolve=evolve,
    events=(HelpRequested, HelpClaimed, HelpPooled, HelpHandedOver, HelpResolved),
    snapshot=Snapshotted((HelpCalls,), version=2),
)
