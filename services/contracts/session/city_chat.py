# SPDX-License-Identifier: Apache-2.0
"""The chat of the staff of the whole city, over all conferences."""

from typing import ClassVar

from services.chassis.contract import Answer, CommandRequest, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.session.chat import MessageAnswer, MessageView
from services.contracts.session.vocabulary import SERVICE
from services.contracts.shared import LongText


class PostCityMessage(CommandRequest[MessageAnswer], frozen=True, kw_only=True):
    """Writes to everybody who serves in the whole city: its desk and its pool (staff of the city)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = MessageAnswer
    REFUSALS: ClassVar[Refusals] = (refusals.ChatIsDeleted, refusals.TooManyMessages)
    text: LongText


class CityChatView(Answer, frozen=True, kw_only=True):
    """The newest messages of today and yesterday, oldest first."""

    messages: tuple[MessageView, ...]


class GetCityChat(QueryRequest[CityChatView], frozen=True, kw_only=True):
    """What the staff of the city wrote to each other today and yesterday (staff of the city)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = CityChatView
