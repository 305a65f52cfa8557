# SPDX-License-Identifier: Apache-2.0
"""One channel of the chat of one conference: the plenary, staff, a small group, or what staff tells everybody.

The state holds only what the rule needs, however many messages there are: when each author wrote last, and which
messages are hidden. The texts are sealed under their authors' keys before they come here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Sealed, Snapshotted

PLENARY: Final = "plenary"
STAFF: Final = "staff"
BROADCAST: Final = "broadcast"
CITY: Final = "city"
"""Names of channels, the last one that of the staff of the whole city; every other one is the id of a small group."""

BURST: Final = 10
WINDOW: Final = timedelta(seconds=10)
"""So many messages one person may write into one channel within this span."""


def channel_key(chat_id: str, channel: str) -> str:
    """The key of a channel's stream; of an evening the chat has the id of its conference."""
    return f"{chat_id}:{channel}"


# Events ---------------------------------------------------------------------------------------------------------


class MessagePosted(Event, frozen=True, kw_only=True):
    """Somebody wrote something."""

    TOPIC = "session.message_posted"

    message_id: str
    channel: str
    author_id: str
    text: Sealed
    posted_at: datetime


class BroadcastSent(Event, frozen=True, kw_only=True):
    """Staff said something to everybody, wherever they are."""

    TOPIC = "session.broadcast_sent"

    message_id: str
    author_id: str
    text: Sealed
    posted_at: datetime


class MessageHidden(Event, frozen=True, kw_only=True):
    """Staff hid a message from everybody but staff."""

    TOPIC = "session.message_hidden"

    message_id: str
    channel: str
    by: str


ChatEvent: TypeAlias = MessagePosted | BroadcastSent | MessageHidden


# State ----------------------------------------------------------------------------------------------------------


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """What the rule remembers of a channel.

    Args:
        written: per author the instants of their latest messages, at most `BURST`, the oldest first.
        hidden: ids of the hidden messages.
    """

    written: Mapping[str, tuple[datetime, ...]] = {}
    hidden: frozenset[str] = frozenset()


# Commands and refusals ------------------------------------------------------------------------------------------


class PostMessage(Command, frozen=True, kw_only=True):
    """Writes into the channel."""

    message_id: str
    channel: str
    author_id: str
    text: Sealed


class Broadcast(Command, frozen=True, kw_only=True):
    """Says something to everybody."""

    message_id: str
    author_id: str
    text: Sealed


class HideMessage(Command, frozen=True, kw_only=True):
    """Hides a message that the handler found in this channel."""

    message_id: str
    channel: str
    by: str


ChatCommand: TypeAlias = PostMessage | Broadcast | HideMessage


class ChannelIsOff(Refusal, frozen=True, kw_only=True):
    """In this phase nobody writes into this channel; staff still reach everybody."""

    phase: str


class PersonIsMuted(Refusal, frozen=True, kw_only=True):
    """Staff muted the person, who writes nothing until staff let them speak again."""

    participant_id: str


class TooManyMessages(Refusal, frozen=True, kw_only=True):
    """The person wrote a lot just now; there is room for the next message at `retry_at`."""

    retry_at: datetime


# Rule -----------------------------------------------------------------------------------------------------------


def decide(channel: Channel, command: ChatCommand) -> Sequence[ChatEvent] | Refusal:
    """What follows from a command to one channel."""
    match command:
        case PostMessage(message_id=message_id, author_id=author_id, text=text, now=now):
            return _too_many(channel, author_id, now) or [
                MessagePosted(
                    message_id=message_id, channel=command.channel, author_id=author_id, text=text, posted_at=now
                )
            ]
        case Broadcast(message_id=message_id, author_id=author_id, text=text, now=now):
            return _too_many(channel, author_id, now) or [
                BroadcastSent(message_id=message_id, author_id=author_id, text=text, posted_at=now)
            ]
        case HideMessage(message_id=message_id):
            if message_id in channel.hidden:
                return []
            return [MessageHidden(message_id=message_id, channel=command.channel, by=command.by)]
        case _:
            assert_never(command)


def _too_many(channel: Channel, author_id: str, now: datetime) -> TooManyMessages | None:
    written = channel.written.get(author_id, ())
    if len(written) < BURST or now - written[0] >= WINDOW:
        return None
    return TooManyMessages(retry_at=written[0] + WINDOW)


def evolve(channel: Channel, event: ChatEvent) -> Channel:
    """The channel after an event."""
    match event:
        case MessagePosted(author_id=author_id, posted_at=at) | BroadcastSent(author_id=author_id, posted_at=at):
            latest = (*channel.written.get(author_id, ()), at)[-BURST:]
            return Channel(written={**channel.written, author_id: latest}, hidden=channel.hidden)
        case MessageHidden(message_id=message_id):
            return Channel(written=channel.written, hidden=channel.hidden | {message_id})
        case _:
            assert_never(event)


CHAT: Decider[Channel, ChatCommand, ChatEvent] = Decider(
    name="session.chat",
    initial=Channel(),
    decide=decide,
    evolve=evolve,
    events=(MessagePosted, BroadcastSent, MessageHidden),
    snapshot=Snapshotted((Channel,)),
)
