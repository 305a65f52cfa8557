# SPDX-License-Identifier: Apache-2.0
"""Who asked for help this evening, who went, and how long did people wait? Reasons stay sealed here."""

from datetime import datetime

import msgspec

from services.chassis.decider import Event, Sealed
from services.chassis.projection import DocumentProjection
from services.chassis.store import Recorded
from services.session.domain.help import HelpClaimed, HelpEvent, HelpHandedOver, HelpPooled, HelpRequested, HelpResolved


class HelpCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call, as `HelpCallView` shows it, with its reason sealed. `claimed_at` is the first time that somebody took
    it, whoever has it now."""

    call_id: str
    group_id: str | None
    asked_by: str
    reason: Sealed | None
    asked_at: datetime
    claimed_by: str | None = None
    resolved: bool = False
    pooled_at: datetime | None = None
    claimed_at: datetime | None = None
    resolved_at: datetime | None = None

    def after(self, event: HelpEvent) -> "HelpCall":
        """The call after an event about it."""
        match event:
            case HelpClaimed(by=by, claimed_at=at):
                return msgspec.structs.replace(self, claimed_by=by, claimed_at=self.claimed_at or at)
            case HelpPooled(pooled_at=at):
                return msgspec.structs.replace(self, pooled_at=at)
            case HelpHandedOver(to=to, handed_over_at=at):
                first = self.claimed_at or (None if to is None else at)
                return msgspec.structs.replace(self, claimed_by=to, claimed_at=first)
            case HelpResolved(resolved_at=at):
                return msgspec.structs.replace(self, resolved=True, resolved_at=at)
            case _:
                return self

    def answered_after(self) -> float | None:
        """Seconds from the call until somebody took it, or it was done without; None: not yet, or not measured."""
        answered = self.claimed_at or self.resolved_at
        return None if answered is None else (answered - self.asked_at).total_seconds()

    def resolved_after(self) -> float | None:
        """Seconds from the call until it was done; None: not yet, or not measured."""
        return None if self.resolved_at is None else (self.resolved_at - self.asked_at).total_seconds()


class HelpCallsOfConference(msgspec.Struct, frozen=True, kw_only=True):
    """All calls of an evening, the oldest first."""

    calls: tuple[HelpCall, ...] = ()


EVENTS = (HelpRequested, HelpClaimed, HelpPooled, HelpHandedOver, HelpResolved)


def _conference(event: Event, recorded: Recorded) -> tuple[str, ...]:
    return (recorded.conference_id.hex,) if isinstance(event, EVENTS) and recorded.conference_id else ()


def _evolve(document: HelpCallsOfConference, event: Event, _: Recorded) -> HelpCallsOfConference:
    return HelpCallsOfConference(calls=calls_after(document.calls, event)) if isinstance(event, EVENTS) else document


def calls_after(calls: tuple[HelpCall, ...], event: HelpEvent) -> tuple[HelpCall, ...]:
    """Calls after an event about one of them."""
    if isinstance(event, HelpRequested):
        made = HelpCall(
            call_id=event.call_id,
            group_id=event.group_id,
            asked_by=event.asked_by,
            reason=event.reason,
            asked_at=event.asked_at,
        )
        return (*calls, made)
    return tuple(call.after(event) if call.call_id == event.call_id else call for call in calls)


HELP_CALLS = DocumentProjection(
    name="help",
    version=2,
    keys=_conference,
    initial=lambda _: HelpCallsOfConference(),
    evolve=_evolve,
    doc=HelpCallsOfConference,
)
