# SPDX-License-Identifier: Apache-2.0
"""What other services and the gateway learn of polls, chat, help calls and reports; see `publishing.py`.

Ballots are not here: they never leave the session service's database.
"""

from typing import assert_never

from services.chassis.decider import Event
from services.chassis.store import Recorded
from services.contracts import session as told
from services.session.domain import chat, poll_facts, reports
from services.session.domain import help as help_
from services.session.domain.chat_life import ChatDeleted


def publish_poll(
    event: poll_facts.PollEvent, recorded: Recorded
) -> told.PollOpened | told.PollRevealed | told.PollClosed | None:
    """Openings and results that may be seen; everything else about polls stays here."""
    at, conference = recorded.recorded_at, _conference(recorded)
    match event:
        case poll_facts.PollOpened(poll_id=poll_id):
            return told.PollOpened(at=at, conference_id=conference, poll_id=poll_id)
        case poll_facts.PollRevealed(poll_id=poll_id):
            return told.PollRevealed(at=at, conference_id=conference, poll_id=poll_id)
        case poll_facts.PollVotingEnded() | poll_facts.AnswersModerated():
            return None
        case poll_facts.PollClosed(poll_id=poll_id, ballots=ballots, tally=tally, spread=spread, hidden=hidden):
            return told.PollClosed(
                at=at,
                conference_id=conference,
                poll_id=poll_id,
                ballots=ballots,
                tally=None if hidden or tally is None else tuple(word_count(one) for one in tally),
                spread=None if hidden or spread is None else told_spread(spread),
            )
        case _:
            assert_never(event)


def word_count(count: poll_facts.Count) -> told.WordCount:
    """A count as others see it."""
    return told.WordCount(label=count.label, count=count.count, place=count.place, answer_id=count.answer)


def told_spread(spread: poll_facts.Spread) -> told.Spread:
    """The middle of values as others see it."""
    return told.Spread(lower=spread.lower, median=spread.median, upper=spread.upper)


def publish_chat(
    event: chat.ChatEvent | ChatDeleted, recorded: Recorded
) -> told.MessagePosted | told.BroadcastSent | told.MessageHidden | told.ChatDeleted:
    """Messages without their texts, which are asked for by those who may read them; broadcasts with theirs, sealed."""
    at, conference = recorded.recorded_at, _conference(recorded)
    match event:
        case chat.MessagePosted(message_id=message_id, channel=channel):
            return told.MessagePosted(at=at, conference_id=conference, message_id=message_id, channel=channel)
        case chat.BroadcastSent(message_id=message_id, text=text):
            return told.BroadcastSent(at=at, conference_id=conference, message_id=message_id, text=text)
        case chat.MessageHidden(message_id=message_id, channel=channel):
            return told.MessageHidden(at=at, conference_id=conference, message_id=message_id, channel=channel)
        case ChatDeleted():
            return told.ChatDeleted(at=at, conference_id=conference)
        case _:
            assert_never(event)


def publish_city_chat(event: Event, recorded: Recorded) -> told.CityMessagePosted | told.CityChatDeleted | None:
    """What the staff of the whole city write to each other, without the texts; nothing else belongs to the city."""
    match event:
        case chat.MessagePosted(message_id=message_id):
            return told.CityMessagePosted(at=recorded.recorded_at, message_id=message_id)
        case ChatDeleted():
            return told.CityChatDeleted(at=recorded.recorded_at)
        case _:
            return None


def publish_help(
    event: help_.HelpEvent, recorded: Recorded
) -> told.HelpRequested | told.HelpClaimed | told.HelpPooled | told.HelpHandedOver | told.HelpResolved:
    """Calls without who asked and why."""
    at, conference = recorded.recorded_at, _conference(recorded)
    match event:
        case help_.HelpRequested(call_id=call_id, group_id=group_id):
            return told.HelpRequested(at=at, conference_id=conference, call_id=call_id, group_id=group_id)
        case help_.HelpClaimed(call_id=call_id, by=by):
            return told.HelpClaimed(at=at, conference_id=conference, call_id=call_id, by=by)
        case help_.HelpPooled(call_id=call_id):
            return told.HelpPooled(at=at, conference_id=conference, call_id=call_id)
        case help_.HelpHandedOver(call_id=call_id, to=to):
            return told.HelpHandedOver(at=at, conference_id=conference, call_id=call_id, to=to)
        case help_.HelpResolved(call_id=call_id):
            return told.HelpResolved(at=at, conference_id=conference, call_id=call_id)
        case _:
            assert_never(event)


def publish_report(
    event: reports.ReportEvent, recorded: Recorded
) -> told.ReportMade | told.ReportClaimed | told.ReportClosed:
    """That there is something to look into; not who reported whom, and why."""
    at, conference = recorded.recorded_at, _conference(recorded)
    match event:
        case reports.ReportMade(report_id=report_id):
            return told.ReportMade(at=at, conference_id=conference, report_id=report_id)
        case reports.ReportClaimed(report_id=report_id):
            return told.ReportClaimed(at=at, conference_id=conference, report_id=report_id)
        case reports.ReportClosed(report_id=report_id):
            return told.ReportClosed(at=at, conference_id=conference, report_id=report_id)
        case _:
            assert_never(event)


def _conference(recorded: Recorded) -> str:
    if recorded.conference_id is None:
        raise ValueError(f"event {recorded.notification_id} belongs to no conference")
    return recorded.conference_id.hex
