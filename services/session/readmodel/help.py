# SPDX-License-Identifier: Apache-2.0
"""Who asked for help this evening, and who went? Reasons stay sealed here."""

from datetime import datetime

import msgspec

from services.chassis.decider import Event, Sealed
from services.chassis.projection import DocumentProjection
from services.chassis.store import Recorded
from services.session.domain.help import HelpClaimed, HelpRequested, HelpResolved


class HelpCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call, as `HelpCallView` shows it, with its reason sealed."""

    call_id: str
    group_id: str | None
    asked_by: str
    reason: Sealed | None
    asked_at: datetime
    claimed_by: str | None = None
    resolved: bool = False


class HelpCallsOfConference(msgspec.Struct, frozen=True, kw_only=True):
    """All calls of an evening, the oldest first."""

    calls: tuple[HelpCall, ...] = ()


def _conference(event: Event, recorded: Recorded) -> tuple[str, ...]:
    concerned = isinstance(event, HelpRequested | HelpClaimed | HelpResolved)
    return (recorded.conference_id.hex,) if concerned and recorded.conference_id else ()


def _evolve(document: HelpCallsOfConference, event: Event, _: Recorded) -> HelpCallsOfConference:
    match event:
        case HelpRequested():
            call = HelpCall(
                call_id=event.call_id,
                group_id=event.group_id,
                asked_by=event.asked_by,
                reason=event.reason,
                asked_at=event.asked_at,
            )
            return HelpCallsOfConference(calls=(*document.calls, call))
        case HelpClaimed(call_id=call_id, by=by):
            return _changed(document, call_id, claimed_by=by)
        case HelpResolved(call_id=call_id):
            return _changed(document, call_id, resolved=True)
        case _:
            return document


def _changed(document: HelpCallsOfConference, call_id: str, **changes: object) -> HelpCallsOfConference:
    return HelpCallsOfConference(
        calls=tuple(
            msgspec.structs.replace(call, **changes) if call.call_id == call_id else call for call in document.calls
        )
    )


HELP_CALLS = DocumentProjection(
    name="help",
    version=1,
    keys=_conference,
    initial=lambda _: HelpCallsOfConference(),
    evolve=_evolve,
    doc=HelpCallsOfConference,
)
