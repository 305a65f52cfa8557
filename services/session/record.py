# SPDX-License-Identifier: Apache-2.0
"""The record of an evening, folded from its log: the minutes once it is over, or how things stood at any instant.

It is made when it is asked for, from the same events and rules as the evening itself, so it cannot differ from what
happened. It holds counts and times and names nobody; texts of people and ballots are not even read.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from services.chassis.decider import Event
from services.chassis.mapper import Mapper
from services.chassis.store import EventStore
from services.contracts import session as told
from services.contracts.shared import LocalText
from services.session.domain import session_facts as clock
from services.session.domain import session_state as situation
from services.session.domain.groups import GROUPS
from services.session.domain.groups_facts import GroupsPlaced
from services.session.domain.groups_state import GroupPlan
from services.session.domain.help import HELP, HelpClaimed, HelpRequested, HelpResolved
from services.session.domain.poll import POLL
from services.session.domain.poll_facts import AnswersModerated, PollClosed, PollOpened, PollRevealed
from services.session.domain.roster import ROSTER
from services.session.domain.roster_state import Roster
from services.session.domain.session import SESSION
from services.session.publishing_talk import word_count

EVENTS: Final[tuple[type[Event], ...]] = tuple(
    dict.fromkeys(event for decider in (SESSION, GROUPS, ROSTER, POLL, HELP) for event in decider.events)
)
"""Everything that the record is made from."""


async def record_of(store: EventStore, mapper: Mapper, conference: str, at: datetime | None) -> told.RecordView | None:
    """The record of an evening up to an instant of the conference clock; None: there was none by then.

    Args:
        store: the log of the session service.
        mapper: reads its events.
        conference: 32 hex digits.
        at: the instant; None: the one of its last event.
    """
    recorder = Recorder()
    for row in await store.select_conference(UUID(conference), topics=mapper.topics(EVENTS)):
        if at is None or row.recorded_at <= at:
            recorder.note(mapper.decode(row.topic, row.state), row.recorded_at)
    return recorder.view(conference, at)


class Recorder:
    """Writes down what happens in one conference, event by event."""

    def __init__(self) -> None:
        self._session: situation.Session = situation.Unprepared()
        self._plan = GroupPlan()
        self._roster = Roster()
        self._prepared: clock.SessionPrepared | None = None
        self._last_at: datetime | None = None
        self._starts_at: datetime | None = None
        self._started_at: datetime | None = None
        self._ended_at: datetime | None = None
        self._phases: list[told.PhaseRecord] = []
        self._seatings: list[told.SeatingRecord] = []
        self._polls: dict[str, told.PollRecord] = {}
        self._unseen: dict[str, tuple[told.WordCount, ...] | None] = {}
        self._calls: dict[str, told.HelpRecord] = {}

    def note(self, event: Event, at: datetime) -> None:
        """Takes down one event.

        Args:
            event: one of `EVENTS`, in the order of the log.
            at: when it happened.
        """
        self._last_at = at
        if isinstance(event, SESSION.events):
            self._session = SESSION.evolve(self._session, event)
            self._note_clock(event, at)
        elif isinstance(event, GROUPS.events):
            self._plan = GROUPS.evolve(self._plan, event)
            self._note_groups(event, at)
        elif isinstance(event, ROSTER.events):
            self._roster = ROSTER.evolve(self._roster, event)
        elif isinstance(event, POLL.events):
            self._note_poll(event, at)
        elif isinstance(event, HELP.events):
            self._note_call(event, at)

    def view(self, conference: str, at: datetime | None = None) -> told.RecordView | None:
        """What was taken down; None: there is no evening.

        Args:
            conference: 32 hex digits.
            at: up to when; None: up to the last event.
        """
        session, status = self._session, situation.status_of(self._session)
        if self._prepared is None or self._starts_at is None or self._last_at is None or status is None:
            return None
        return told.RecordView(
            conference_id=conference,
            at=at or self._last_at,
            title=self._prepared.title,
            status=status,
            script=self._prepared.script.name,
            script_version=self._prepared.script.version,
            starts_at=self._starts_at,
            present=len(self._roster.residents_present()),
            deadline=session.deadline if isinstance(session, situation.Running) else None,
            left_seconds=session.left.total_seconds() if isinstance(session, situation.Paused) else None,
            started_at=self._started_at,
            ended_at=self._ended_at,
            phases=tuple(self._phases),
            seatings=tuple(self._seatings),
            polls=tuple(self._polls.values()),
            help_calls=tuple(self._calls.values()),
        )

    @property
    def _run(self) -> int:
        return situation.run_of(self._session)

    def _note_clock(self, event: Event, at: datetime) -> None:
        match event:
            case clock.SessionPrepared():
                self._prepared, self._starts_at = event, event.starts_at
            case clock.SessionMoved(starts_at=starts_at):
                self._starts_at = starts_at
            case clock.SessionStarted(started_at=started_at):
                self._started_at = started_at
            case clock.SessionEnded():
                self._ended_at = at
            case clock.PhaseStarted(run=run):
                phase = situation.phase_of(self._session)
                assert phase is not None  # noqa: S101 -- one has just started
                self._phases.append(
                    told.PhaseRecord(
                        run=run,
                        key=phase.key,
                        kind=phase.kind,
                        title=LocalText(de=phase.title.de, en=phase.title.en),
                        minutes=phase.minutes,
                        started_at=at,
                        ended_at=None,
                        present=len(self._roster.residents_present()),
                    )
                )
            case clock.PhaseEnded(run=run):
                self._phases = [
                    msgspec.structs.replace(one, ended_at=at) if one.run == run else one for one in self._phases
                ]

    def _note_groups(self, event: Event, at: datetime) -> None:
        now = self._plan.now
        if now is None:
            return
        groups, known = now.seating.groups, self._seatings[-1] if self._seatings else None
        again = known is not None and known.run == now.run
        seating = told.SeatingRecord(
            run=now.run,
            mode=now.mode,
            formed_at=known.formed_at if known is not None and again else at,
            sizes=tuple(sorted((len(group.members) for group in groups), reverse=True)),
            with_mentor=sum(group.mentor_id is not None for group in groups),
            with_moderator=len(now.seating.with_moderator),
            moves=known.moves + (not isinstance(event, GroupsPlaced)) if known is not None and again else 0,
        )
        self._seatings = [*(self._seatings[:-1] if again else self._seatings), seating]

    def _note_poll(self, event: Event, at: datetime) -> None:
        match event:
            case PollOpened(poll_id=poll_id, asked=asked):
                self._polls[poll_id] = told.PollRecord(
                    poll_id=poll_id,
                    run=self._run,
                    question=LocalText(de=asked.question.de, en=asked.question.en),
                    opened_at=at,
                    closed_at=None,
                    ballots=None,
                    tally=None,
                )
            case PollClosed(poll_id=poll_id, ballots=ballots, tally=tally, hidden=hidden):
                counts = None if tally is None else tuple(word_count(one) for one in tally)
                if hidden:
                    self._unseen[poll_id], counts = counts, None
                self._polls[poll_id] = msgspec.structs.replace(
                    self._polls[poll_id], closed_at=at, ballots=ballots, tally=counts
                )
            case PollRevealed(poll_id=poll_id) if poll_id in self._unseen:
                counts = self._unseen.pop(poll_id)
                self._polls[poll_id] = msgspec.structs.replace(self._polls[poll_id], tally=counts)
            case AnswersModerated(poll_id=poll_id, answers=answers, show=False):
                # What a moderator hides after the count stands in no record either.
                self._unseen.update(
                    {one: _without(self._unseen[one], answers) for one in self._unseen if one == poll_id}
                )
                poll = self._polls[poll_id]
                self._polls[poll_id] = msgspec.structs.replace(poll, tally=_without(poll.tally, answers))

    def _note_call(self, event: Event, at: datetime) -> None:
        match event:
            case HelpRequested(call_id=call_id, group_id=group_id):
                self._calls[call_id] = told.HelpRecord(
                    run=self._run,
                    from_group=group_id is not None,
                    asked_at=at,
                    claimed_seconds=None,
                    resolved_seconds=None,
                )
            case HelpClaimed(call_id=call_id):
                call = self._calls[call_id]
                if call.claimed_seconds is None:
                    self._calls[call_id] = msgspec.structs.replace(call, claimed_seconds=_seconds(call, at))
            case HelpResolved(call_id=call_id):
                call = self._calls[call_id]
                self._calls[call_id] = msgspec.structs.replace(call, resolved_seconds=_seconds(call, at))


def _seconds(call: told.HelpRecord, at: datetime) -> float:
    return (at - call.asked_at).total_seconds()


def _without(tally: tuple[told.WordCount, ...] | None, answers: Collection[str]) -> tuple[told.WordCount, ...] | None:
    return None if tally is None else tuple(one for one in tally if one.answer_id not in answers)
