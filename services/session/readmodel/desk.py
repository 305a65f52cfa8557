# SPDX-License-Identifier: Apache-2.0
"""How do all conferences of the city stand? One small row each, from its preparation to its end."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import msgspec

from services.chassis.decider import Event
from services.chassis.projection import DocumentProjection
from services.chassis.store import Recorded
from services.contracts import session as told
from services.session.domain import groups_facts, roster_facts, session_facts
from services.session.domain.alerts import Standing, Thresholds, alerts
from services.session.domain.roster_state import MODERATION
from services.session.domain.seating import Seating
from services.session.readmodel.help import EVENTS as OF_CALLS
from services.session.readmodel.help import HELP_CALLS, HelpCall, calls_after
from services.session.readmodel.places import GROUPINGS, PRESENCE, GroupsNow, WhoIsHere
from services.session.readmodel.sessions import SESSIONS, Evening


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk needs to know of one conference."""

    starts_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    status: told.SessionStatus | None = None
    phase: str | None = None
    deadline: datetime | None = None
    left_seconds: float | None = None
    planned: tuple[float, ...] = ()
    planned_until: datetime | None = None
    people: WhoIsHere = WhoIsHere()
    seating: Seating = Seating(groups=())
    calls: tuple[HelpCall, ...] = ()

    def answer(self, conference: str, now: datetime, limits: Thresholds) -> told.DeskRow:
        """One line of the answer to `GetDesk`.

        Args:
            conference: 32 hex digits.
            now: domain time.
            limits: from when on the desk is alerted.
        """
        delay, standing = self._delay(now), self._standing(now)
        seated = frozenset(self.people.seated)
        waiting = [call for call in self.calls if not call.resolved]
        free = [call for call in waiting if call.claimed_by is None]
        return told.DeskRow(
            conference_id=conference,
            status=self.status or "PREPARED",
            phase=self.phase,
            deadline=self.deadline,
            seated=len(seated),
            present=len(seated.intersection(self.people.present)),
            groups=len(self.seating.groups),
            without_mentor=sum(group.mentor_id is None for group in self.seating.groups),
            open_calls=len(waiting),
            pool_calls=tuple(
                told.PoolCall(call_id=call.call_id, asked_at=call.asked_at)
                for call in free
                if call.pooled_at is not None
            ),
            oldest_call_at=min((call.asked_at for call in waiting), default=None),
            answer_seconds=_mean([call.answered_after() for call in self.calls]),
            resolution_seconds=_mean([call.resolved_after() for call in self.calls]),
            planned_until=self.planned_until,
            delay_seconds=None if delay is None else delay.total_seconds(),
            missing_staff=len(self.people.staff.keys() - {*self.people.present}),
            lonely_groups=standing.lonely,
            alerts=tuple(alerts(standing, limits, now)),
        )

    def _delay(self, now: datetime) -> timedelta | None:
        """By how much the running phase ends later than the script has it; while the clock stands it grows."""
        if self.planned_until is None:
            return None
        if self.left_seconds is not None:
            return now + timedelta(seconds=self.left_seconds) - self.planned_until
        return None if self.deadline is None else self.deadline - self.planned_until

    def _standing(self, now: datetime) -> Standing:
        present = frozenset(self.people.present)
        roles = self.people.roles()
        return Standing(
            running=self.status in ("RUNNING", "PAUSED"),
            lobby_open=self.status == "LOBBY",
            delay=self._delay(now),
            seated=len(self.people.seated),
            present=len(present.intersection(self.people.seated)),
            moderators=sum(one in present and not MODERATION.isdisjoint(theirs) for one, theirs in roles.items()),
            sizes=tuple(len(group.members) for group in self.seating.groups),
            free_calls=tuple(call.asked_at for call in self.calls if not call.resolved and call.claimed_by is None),
        )


def _mean(measured: Sequence[float | None]) -> float | None:
    known = [seconds for seconds in measured if seconds is not None]
    return sum(known) / len(known) if known else None


def _keys(event: Event, recorded: Recorded) -> tuple[str, ...]:
    own = (
        SESSIONS.keys(event, recorded),
        GROUPINGS.keys(event, recorded),
        PRESENCE.keys(event, recorded),
        HELP_CALLS.keys(event, recorded),
    )
    return (recorded.conference_id.hex,) if recorded.conference_id and any(own) else ()


def _evolve(row: Row, event: Event, recorded: Recorded) -> Row | None:
    match event:
        case session_facts.SessionPrepared():
            ends = accumulate(float(phase.minutes) for phase in event.script.phases)
            return Row(status="PREPARED", starts_at=event.starts_at, planned=tuple(ends))
        case session_facts.SessionEnded():
            return None
        case _ if row.status is None:
            return None  # what trickles in after the end
        case session_facts.PhaseStarted():
            return _with(
                row,
                status="RUNNING",
                phase=event.key,
                deadline=event.deadline,
                left_seconds=None,
                planned_until=row.starts_at + timedelta(minutes=row.planned[event.phase]),
            )
        case _ if isinstance(event, OF_CALLS):
            return _with(row, calls=_without_reasons(calls_after(row.calls, event)))
        case (
            session_facts.SessionMoved()
            | session_facts.LobbyOpened()
            | session_facts.PhaseExtended()
            | session_facts.PausedPhaseExtended()
            | session_facts.SessionPaused()
            | session_facts.SessionResumed()
        ):
            before = Evening(
                status=row.status, starts_at=row.starts_at, deadline=row.deadline, left_seconds=row.left_seconds
            )
            after = SESSIONS.evolve(before, event, recorded)
            assert after is not None  # noqa: S101 -- only rows of the desk are deleted
            return _with(
                row,
                status=after.status,
                starts_at=after.starts_at,
                deadline=after.deadline,
                left_seconds=after.left_seconds,
            )
        case (
            groups_facts.GroupsPlaced()
            | groups_facts.PersonMoved()
            | groups_facts.MentorMoved()
            | groups_facts.GroupsRecalled()
        ):
            grouped = GROUPINGS.evolve(GroupsNow(seating=row.seating), event, recorded)
            assert grouped is not None  # noqa: S101 -- see above
            return _with(row, seating=grouped.seating)
        case (
            roster_facts.SeatFilled()
            | roster_facts.SeatEmptied()
            | roster_facts.PersonForgotten()
            | roster_facts.PersonCame()
            | roster_facts.PersonWent()
            | roster_facts.StaffJoined()
            | roster_facts.StaffLeft()
            | roster_facts.StaffVisits()
        ):
            return _with(row, people=PRESENCE.evolve(row.people, event, recorded))
        case _:
            return row


def _without_reasons(calls: tuple[HelpCall, ...]) -> tuple[HelpCall, ...]:
    """The desk needs to know that somebody calls, not why."""
    return tuple(msgspec.structs.replace(call, reason=None) for call in calls)


def _with(row: Row, **changes: Any) -> Row:
    return msgspec.structs.replace(row, **changes)


DESK = DocumentProjection(name="desk", version=3, keys=_keys, initial=lambda _: Row(), evolve=_evolve, doc=Row)
