# SPDX-License-Identifier: Apache-2.0
"""A series: conferences that share a script and a time zone."""

from collections.abc import Sequence
from typing import assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal


class SeriesCreated(Event, frozen=True, kw_only=True):
    """The series exists."""

    TOPIC = "registration.series_created"
    series_id: str
    title: str
    script: str
    zone: str


class Uncreated(msgspec.Struct, frozen=True):
    """Nobody has created the series."""


class Created(msgspec.Struct, frozen=True):
    """The series exists."""

    facts: SeriesCreated


Series = Uncreated | Created


class CreateSeries(Command, frozen=True, kw_only=True):
    """Creates the series."""

    series_id: str
    title: str
    script: str
    zone: str


class SeriesAlreadyCreated(Refusal, frozen=True, kw_only=True):
    """The series exists with other facts; announced conferences rely on them."""

    series_id: str


def decide(series: Series, command: CreateSeries) -> Sequence[SeriesCreated] | Refusal:
    """A series is created once; the same wish again changes nothing."""
    created = SeriesCreated(series_id=command.series_id, title=command.title, script=command.script, zone=command.zone)
    match series:
        case Uncreated():
            return [created]
        case Created(facts=facts):
            return [] if facts == created else SeriesAlreadyCreated(series_id=command.series_id)
        case _:
            assert_never(series)


def evolve(series: Series, event: SeriesCreated) -> Series:
    """The series exists."""
    return Created(facts=event)


SERIES: Decider[Series, CreateSeries, SeriesCreated] = Decider(
    name="registration.series", initial=Uncreated(), decide=decide, evolve=evolve, events=(SeriesCreated,)
)
