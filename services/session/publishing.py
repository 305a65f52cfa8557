# SPDX-License-Identifier: Apache-2.0
"""What the other services and the gateway learn of an evening: from one own event zero or one contract event.

Ballots, tags and wishes stay inside. Texts of people travel sealed.
"""

from datetime import datetime, timedelta

import msgspec

from services.chassis.contract import ContractEvent
from services.chassis.decider import Event
from services.chassis.store import Recorded
from services.contracts import session as told
from services.contracts.shared import Reason
from services.session.domain import chat, groups_facts, poll_facts, reports, roster_facts, session_facts, survey_facts
from services.session.domain import help as help_
from services.session.domain.chat_life import ChatDeleted
from services.session.publishing_survey import publish_survey
from services.session.publishing_talk import publish_chat, publish_city_chat, publish_help, publish_poll, publish_report


def publish(event: Event, recorded: Recorded) -> ContractEvent | None:
    """The contract event of one stored event, None for what stays inside."""
    if recorded.conference_id is None:
        return publish_city_chat(event, recorded)
    match event:
        case (
            poll_facts.PollOpened()
            | poll_facts.PollRevealed()
            | poll_facts.AnswersModerated()
            | poll_facts.PollVotingEnded()
            | poll_facts.PollClosed()
        ):
            return publish_poll(event, recorded)
        case chat.MessagePosted() | chat.MessageHidden() | chat.BroadcastSent() | ChatDeleted():
            return publish_chat(event, recorded)
        case (
            help_.HelpRequested()
            | help_.HelpClaimed()
            | help_.HelpPooled()
            | help_.HelpHandedOver()
            | help_.HelpResolved()
        ):
            return publish_help(event, recorded)
        case reports.ReportMade() | reports.ReportClaimed() | reports.ReportClosed():
            return publish_report(event, recorded)
        case survey_facts.SurveyOpened() | survey_facts.SurveyEndMoved() | survey_facts.SurveyClosed():
            return publish_survey(event, recorded)
        case _:
            return _phases(event, recorded) or _groups(event, recorded) or _roster(event, recorded)


def _phases(event: Event, recorded: Recorded) -> ContractEvent | None:
    at, conference = _stamp(recorded)
    match event:
        case session_facts.SessionPrepared():
            return told.SessionPrepared(at=at, conference_id=conference)
        case session_facts.LobbyOpened():
            return told.LobbyOpened(at=at, conference_id=conference)
        case session_facts.SessionStarted():
            return told.SessionStarted(at=at, conference_id=conference)
        case session_facts.PhaseStarted():
            return told.PhaseStarted(
                at=at,
                conference_id=conference,
                run=event.run,
                phase=event.key,
                kind=event.kind,
                tools=event.tools,
                group_mode=event.group_mode,
                deadline=event.deadline,
            )
        case session_facts.PhaseExtended():
            return told.PhaseExtended(at=at, conference_id=conference, run=event.run, deadline=event.deadline)
        case session_facts.GroupExtended():
            own = None if event.deadline is None else event.deadline + timedelta(seconds=event.offset_seconds)
            return told.GroupExtended(
                at=at, conference_id=conference, run=event.run, group_id=event.group_id, deadline=own
            )
        case session_facts.TimeMarkReached():
            return told.TimeMarkReached(
                at=at, conference_id=conference, run=event.run, minutes=event.minutes, deadline=event.deadline
            )
        case session_facts.PhaseClosing():
            return told.PhaseClosing(at=at, conference_id=conference, run=event.run, closes_at=event.closes_at)
        case session_facts.PhaseSkipped() | session_facts.PhaseRestored():
            skipped = isinstance(event, session_facts.PhaseSkipped)
            return told.AgendaChanged(at=at, conference_id=conference, phase=event.key, skipped=skipped)
        case session_facts.LeadHandedOver():
            return told.LeadChanged(at=at, conference_id=conference, led_by=event.deputy_id)
        case session_facts.LeadHandedBack():
            return told.LeadChanged(at=at, conference_id=conference, led_by=None)
        case session_facts.PhaseEnded():
            return told.PhaseEnded(at=at, conference_id=conference, run=event.run, phase=event.key, tools=event.tools)
        case session_facts.SessionPaused() | session_facts.PausedPhaseExtended():
            return told.SessionPaused(at=at, conference_id=conference, run=event.run)
        case session_facts.SessionResumed():
            return told.SessionResumed(at=at, conference_id=conference, run=event.run, deadline=event.deadline)
        case session_facts.SessionEnded():
            return told.SessionEnded(at=at, conference_id=conference)
        case _:
            return None


def _groups(event: Event, recorded: Recorded) -> ContractEvent | None:
    at, conference = _stamp(recorded)
    match event:
        case groups_facts.GroupsPlaced():
            return told.GroupsPlaced(
                at=at,
                conference_id=conference,
                generation=event.generation,
                run=event.run,
                mode=event.mode,
                groups=msgspec.convert(msgspec.to_builtins(event.groups), tuple[told.GroupPlaced, ...]),
                with_moderator=event.with_moderator,
            )
        case groups_facts.PersonMoved():
            return _moved(recorded, event.generation, event.participant_id, event.group_id)
        case groups_facts.MentorMoved():
            return _moved(recorded, event.generation, event.mentor_id, event.group_id)
        case groups_facts.GroupsRecalled():
            return told.GroupsRecalled(at=at, conference_id=conference, generation=event.generation)
        case groups_facts.GroupLocked():
            return told.GroupLocked(at=at, conference_id=conference, group_id=event.group_id, locked=event.locked)
        case _:
            return None


def _roster(event: Event, recorded: Recorded) -> ContractEvent | None:
    at, conference = _stamp(recorded)
    match event:
        case roster_facts.PersonCame():
            return told.PresenceEdge(at=at, conference_id=conference, participant_id=event.person_id, present=True)
        case roster_facts.PersonWent():
            return told.PresenceEdge(at=at, conference_id=conference, participant_id=event.person_id, present=False)
        case roster_facts.ParticipantExcluded():
            reason = Reason(code=event.code, by=event.by)
            return told.ParticipantExcluded(
                at=at, conference_id=conference, participant_id=event.participant_id, reason=reason
            )
        case roster_facts.ParticipantWarned(participant_id=who, code=code, by=by):
            reason = Reason(code=code, by=by)
            return told.ParticipantWarned(at=at, conference_id=conference, participant_id=who, reason=reason)
        case roster_facts.ParticipantMuted(participant_id=who, code=code, by=by):
            reason = Reason(code=code, by=by)
            return told.ParticipantMuted(at=at, conference_id=conference, participant_id=who, reason=reason)
        case roster_facts.ParticipantUnmuted(participant_id=who):
            return told.ParticipantUnmuted(at=at, conference_id=conference, participant_id=who)
        case roster_facts.ParticipantSetApart(participant_id=who, code=code, by=by):
            reason = Reason(code=code, by=by)
            return told.ParticipantSetApart(at=at, conference_id=conference, participant_id=who, reason=reason)
        case roster_facts.ParticipantTakenBack(participant_id=who):
            return told.ParticipantTakenBack(at=at, conference_id=conference, participant_id=who)
        case roster_facts.ParticipantReadmitted(participant_id=who, code=code, by=by):
            why = None if code is None or by is None else Reason(code=code, by=by)
            return told.ParticipantReadmitted(at=at, conference_id=conference, participant_id=who, reason=why)
        case _:
            return None


def _moved(recorded: Recorded, generation: int, who: str, group_id: str | None) -> told.ParticipantMoved:
    at, conference = _stamp(recorded)
    return told.ParticipantMoved(
        at=at, conference_id=conference, generation=generation, participant_id=who, group_id=group_id
    )


def _stamp(recorded: Recorded) -> tuple[datetime, str]:
    if recorded.conference_id is None:
        raise ValueError(f"event {recorded.notification_id} belongs to no conference")
    return recorded.recorded_at, recorded.conference_id.hex
