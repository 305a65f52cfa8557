# SPDX-License-Identifier: Apache-2.0
"""What other services and the gateway learn of polls, chat and help calls; `publishing.py` puts it in its place.

Ballots are not here: they never leave the session service's database.
"""

from typing import assert_never

from services.chassis.store import Recorded
from services.contracts import session as told
from services.session.domain import chat, poll
from services.session.domain import help as help_


def publish_poll(event: poll.PollEvent, recorded: Recorded) -> told.PollOpened | told.PollClosed | None:
    """Openings and results; the moment in between is nobody's business."""
    match event:
        case poll.PollOpened(poll_id=poll_id):
            return told.PollOpened(at=recorded.recorded_at, conference_id=_conference(recorded), poll_id=poll_id)
        case poll.PollVotingEnded():
            return None
        case poll.PollClosed(poll_id=poll_id, ballots=ballots, tally=tally):
            return told.PollClosed(
                at=recorded.recorded_at,
                conference_id=_conference(recorded),
                poll_id=poll_id,
                ballots=ballots,
                tally=tuple(told.WordCount(label=one.label, count=one.count) for one in tally),
            )
        case _:
            assert_never(event)


def publish_chat(
    event: chat.ChatEvent, recorded: Recorded
) -> told.MessagePosted | told.BroadcastSent | told.MessageHidden:
    """Messages without their texts, which are asked for by those who may read them; broadcasts with theirs, sealed."""
    at, conference = recorded.recorded_at, _conference(recorded)
    match event:
        case chat.MessagePosted(message_id=message_id, channel=channel):
            return told.MessagePosted(at=at, conference_id=conference, message_id=message_id, channel=channel)
        case chat.BroadcastSent(message_id=message_id, text=text):
            return told.BroadcastSent(at=at, conference_id=conference, message_id=message_id, text=text)
        case chat.MessageHidden(message_id=message_id, channel=channel):
            return told.MessageHidden(at=at, conference_id=conference, message_id=message_id, channel=channel)
        case _:
            assert_never(event)


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


def _conference(recorded: Recorded) -> str:
    if recorded.conference_id is None:
        raise ValueError(f"event {recorded.notification_id} belongs to no conference")
    return recorded.conference_id.hex
