# SPDX-License-Identifier: Apache-2.0
"""What one person answers in one wave of the survey: a stream of its own with one sealed sheet, and no way back.

The stream's id says nothing about the person, and nothing in its event does. The sheet is sealed under the wave's key,
which is destroyed when the wave is closed. It cannot be changed: who looks at results before and after somebody changed
their mind would learn an answer.
"""

from collections.abc import Mapping, Sequence
from typing import assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Sealed
from services.session.domain.ballot import ValueOutOfBounds
from services.session.domain.script import SurveyItem, Wave
from services.session.domain.survey import SurveyIs
from services.session.domain.survey_facts import Asking


class SheetSubmitted(Event, frozen=True, kw_only=True):
    """Somebody has answered this wave."""

    TOPIC = "session.survey_sheet_submitted"

    wave: Wave
    sheet: Sealed


class Blank(msgspec.Struct, frozen=True):
    """The person has not answered."""


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """The person has answered."""

    sheet: Sealed


class SubmitSheet(Command, frozen=True, kw_only=True):
    """Answers the items of a wave.

    Args:
        asking: the wave as the handler saw it, None when it was never opened; the append is void when it has changed.
        values: of the scales by the keys of their items.
        texts: words, by the keys of theirs.
        sheet: both, and the code, sealed so that equal ones give equal boxes.
    """

    wave: Wave
    asking: Asking | None
    values: Mapping[str, int]
    texts: Mapping[str, str]
    sheet: Sealed


class AlreadyAnswered(Refusal, frozen=True, kw_only=True):
    """The person has answered this wave, differently; answers are not changed."""

    wave: Wave


class ItemNotAsked(Refusal, frozen=True, kw_only=True):
    """The wave does not ask this, or not in this way: a scale takes a value, a text takes words."""

    item: str


class ItemUnanswered(Refusal, frozen=True, kw_only=True):
    """Every scale is answered, or nothing at all."""

    item: str


def decide(sheet: Blank | Filled, command: SubmitSheet) -> Sequence[SheetSubmitted] | Refusal:
    """What follows when a person answers."""
    asking = command.asking
    if asking is None or asking.status != "open":
        return SurveyIs(wave=command.wave, status=None if asking is None else asking.status)
    refusal = _misfit(command, asking.items)
    if refusal is not None:
        return refusal
    match sheet:
        case Blank():
            return [SheetSubmitted(wave=command.wave, sheet=command.sheet)]
        case Filled():
            return [] if sheet.sheet == command.sheet else AlreadyAnswered(wave=command.wave)
        case _:
            assert_never(sheet)


def _misfit(command: SubmitSheet, items: Sequence[SurveyItem]) -> Refusal | None:
    scales = {item.key: item for item in items if item.kind == "scale"}
    texts = {item.key for item in items if item.kind == "text"}
    for key in (*(command.values.keys() - scales.keys()), *(command.texts.keys() - texts)):
        return ItemNotAsked(item=key)
    for key, item in scales.items():
        if key not in command.values:
            return ItemUnanswered(item=key)
        if not item.at_least <= command.values[key] <= item.at_most:
            return ValueOutOfBounds(lowest=item.at_least, highest=item.at_most)
    return None


def evolve(_: Blank | Filled, event: SheetSubmitted) -> Blank | Filled:
    """The sheet after an event."""
    return Filled(sheet=event.sheet)


SHEET: Decider[Blank | Filled, SubmitSheet, SheetSubmitted] = Decider(
    name="session.survey_sheet", initial=Blank(), decide=decide, evolve=evolve, events=(SheetSubmitted,)
)
