# SPDX-License-Identifier: Apache-2.0
"""The words that the messages about ideas share."""

from typing import Annotated, ClassVar, Literal

import msgspec

from services.chassis.contract import CommandRequest, Done, Id

SERVICE = "ideas"
CardKind = Literal["NEED", "OFFER", "VALUE", "QUESTION"]
SheetField = Literal["title", "problem", "approach", "first_steps", "resources_needed", "contact"]
Tags = Annotated[tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=40)], ...], msgspec.Meta(max_length=20)]


class TopicChosen(msgspec.Struct, frozen=True, kw_only=True):
    """A problem chosen for the solutions phase."""

    topic_id: Id
    problem_id: Id


class _Command(CommandRequest[Done], frozen=True, kw_only=True):
    SERVICE: ClassVar[str] = SERVICE

    conference_id: Id
