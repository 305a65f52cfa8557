# SPDX-License-Identifier: Apache-2.0
"""Chat and what staff say to everybody."""

from datetime import datetime
from typing import ClassVar

import msgspec

from services.chassis.contract import Answer, CommandRequest, Id, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.session.vocabulary import SERVICE, _Command
from services.contracts.shared import LongText, ShortText


class MessageAnswer(Answer, frozen=True, kw_only=True):
    """The id of the message."""

    message_id: Id


class PostMessage(CommandRequest[MessageAnswer], frozen=True, kw_only=True):
    """Writes into the chat of the plenary, of staff, or of the group the person sits in (`channel`: group id)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = MessageAnswer
    REFUSALS: ClassVar[Refusals] = (
        refusals.ChannelIsOff,
        refusals.ChatIsDeleted,
        refusals.CodeNotAccepted,
        refusals.PersonIsMuted,
        refusals.SessionIs,
        refusals.TooManyMessages,
    )
    conference_id: Id
    channel: ShortText
    text: LongText


class HideMessage(_Command, frozen=True, kw_only=True):
    """Hides a message from everybody but staff (staff)."""

    message_id: Id


class Broadcast(CommandRequest[MessageAnswer], frozen=True, kw_only=True):
    """Shows a text to everybody, wherever they are (staff)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = MessageAnswer
    REFUSALS: ClassVar[Refusals] = (refusals.ChatIsDeleted, refusals.SessionIs, refusals.TooManyMessages)
    conference_id: Id
    text: LongText


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """One chat message; `text` is None when it was hidden, its author erased or the chat deleted."""

    message_id: Id
    channel: str
    author_id: Id
    text: str | None
    hidden: bool
    at: datetime


class ChatView(Answer, frozen=True, kw_only=True):
    """The newest messages of one channel, oldest first."""

    conference_id: Id
    channel: str
    messages: tuple[MessageView, ...]


class GetChat(QueryRequest[ChatView], frozen=True, kw_only=True):
    """The newest 200 messages of one channel."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = ChatView
    conference_id: Id
    channel: ShortText
