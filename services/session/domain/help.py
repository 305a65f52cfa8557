# SPDX-License-Identifier: Apache-2.0
"""The help calls of one conference: a group or a person asks for staff, one of the staff takes the call.

All calls of an evening are one stream, because "who asks already waits" is a rule about all of them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Sealed, Snapshotted

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

    call_id: str
    by: str


class HelpResolved(Event, frozen=True, kw_only=True):
    """The call is done."""

    TOPIC = "session.help_resolved"

    call_id: str
    by: str


HelpEvent: TypeAlias = HelpRequested | HelpClaimed | HelpResolved


# State ----------------------------------------------------------------------------------------------------------


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call. `place` is the group it came from, or the person where there is no group."""

    place: str
    asked_by: str
    claimed_by: str | None = None
    resolved: bool = False


class HelpCalls(msgspec.Struct, frozen=True, kw_only=True):
    """All calls of the evening by their ids."""

    calls: Mapping[str, Call] = {}

    def waiting(self, place: str) -> str | None:
        """The id of the unresolved call of a group or person."""
        return next((id_ for id_, call in self.calls.items() if call.place == place and not call.resolved), None)


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


class ResolveHelp(Command, frozen=True, kw_only=True):
    """Ends a call, whether it was claimed or not."""

    call_id: str
    by: str


HelpCommand: TypeAlias = RequestHelp | ClaimHelp | ResolveHelp


class UnknownCall(Refusal, frozen=True, kw_only=True):
    """There is no such call in this conference."""

    call_id: str


class AlreadyClaimed(Refusal, frozen=True, kw_only=True):
    """Somebody else of the staff has the call."""

    by: str


class AlreadyResolved(Refusal, frozen=True, kw_only=True):
    """The call is done; nobody needs to come."""

    call_id: str


# Rule -----------------------------------------------------------------------------------------------------------


def decide(help_calls: HelpCalls, command: HelpCommand) -> Sequence[HelpEvent] | Refusal:
    """What follows from a command about help."""
    match command:
        case RequestHelp(call_id=call_id, asked_by=asked_by, group_id=group_id):
            if help_calls.waiting(group_id or asked_by) is not None:
                return []
            return [
                HelpRequested(
                    call_id=call_id, asked_by=asked_by, group_id=group_id, reason=command.reason, asked_at=command.now
                )
            ]
        case ClaimHelp(call_id=call_id, by=by):
            call = help_calls.calls.get(call_id)
            if call is None:
                return UnknownCall(call_id=call_id)
            if call.resolved:
                return AlreadyResolved(call_id=call_id)
            if call.claimed_by is None:
                return [HelpClaimed(call_id=call_id, by=by)]
            return [] if call.claimed_by == by else AlreadyClaimed(by=call.claimed_by)
        case ResolveHelp(call_id=call_id, by=by):
            call = help_calls.calls.get(call_id)
            if call is None:
                return UnknownCall(call_id=call_id)
            return [] if call.resolved else [HelpResolved(call_id=call_id, by=by)]
        case _:
            assert_never(command)


def evolve(help_calls: HelpCalls, event: HelpEvent) -> HelpCalls:
    """The calls after an event."""
    calls = help_calls.calls
    match event:
        case HelpRequested(call_id=call_id, asked_by=asked_by, group_id=group_id):
            call = Call(place=group_id or asked_by, asked_by=asked_by)
        case HelpClaimed(call_id=call_id, by=by):
            call = msgspec.structs.replace(calls[call_id], claimed_by=by)
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
    events=(HelpRequested, HelpClaimed, HelpResolved),
    snapshot=Snapshotted((HelpCalls,)),
)
