# SPDX-License-Identifier: Apache-2.0
"""Districts, series and conferences: announcing and opening them, and finding them."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

import msgspec

from services.chassis.contract import Answer, CommandRequest, Done, Id, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.registration.vocabulary import SERVICE, ConferenceStatus
from services.contracts.shared import Cut, Listed, ShortText


class StreetRange(msgspec.Struct, frozen=True, kw_only=True):
    """House numbers `first` to `last` of a street; both None: the whole street."""

    street: ShortText
    first: int | None = None
    last: int | None = None


class DefineDistrict(CommandRequest[Done], frozen=True, kw_only=True):
    """Defines or redefines a district (organiser of the city)."""

    SERVICE: ClassVar[str] = SERVICE
    district_id: Id
    name: ShortText
    streets: tuple[StreetRange, ...]
    postal_codes: tuple[ShortText, ...]


class CreateSeries(CommandRequest[Done], frozen=True, kw_only=True):
    """Creates a series: conferences that share a script and a timetable."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.SeriesAlreadyCreated,)
    series_id: Id
    title: ShortText
    script: ShortText = "full-evening"
    zone: ShortText = "Europe/Berlin"


class AnnounceConference(CommandRequest[Done], frozen=True, kw_only=True):
    """Announces one evening of one district."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.AlreadyAnnounced,)
    conference_id: Id
    series_id: Id
    district_id: Id
    title: ShortText
    starts_at: datetime
    capacity: Annotated[int, msgspec.Meta(ge=3, le=500)] = 50
    language: Literal["de", "en"] = "de"


class OpenConference(CommandRequest[Done], frozen=True, kw_only=True):
    """Opens the registration."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.ApprovalNeeded, refusals.ConferenceIsOver, refusals.NotAnnounced)
    conference_id: Id


class CloseConference(CommandRequest[Done], frozen=True, kw_only=True):
    """Closes the registration."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.NotAnnounced,)
    conference_id: Id


class CancelConference(CommandRequest[Done], frozen=True, kw_only=True):
    """Cancels the conference; everybody with a seat or a place on the waiting list gets a mail."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.ApprovalNeeded, refusals.ConferenceIsOver, refusals.NotAnnounced)
    conference_id: Id


class District(Answer, frozen=True, kw_only=True):
    """A part of the city."""

    district_id: Id
    name: str
    postal_codes: tuple[str, ...]
    streets: tuple[StreetRange, ...]


class Districts(Listed, frozen=True, kw_only=True):
    """Districts by name."""

    items: tuple[District, ...]


class ListDistricts(QueryRequest[Districts], frozen=True, kw_only=True):
    """Districts, all or those that a postal code and a street with house number belong to. `ids`: these alone."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = Districts
    cut: Cut = Cut()
    postal_code: str | None = None
    street: str | None = None
    house_number: int | None = None
    ids: tuple[Id, ...] = ()


class Conference(Answer, frozen=True, kw_only=True):
    """One evening of one district, as everybody may see it."""

    conference_id: Id
    series_id: Id
    district_id: Id
    district_name: str
    title: str
    status: ConferenceStatus
    starts_at: datetime
    zone: str
    language: str
    capacity: int
    seats_taken: int
    waiting: int


class Conferences(Listed, frozen=True, kw_only=True):
    """Conferences by start and id."""

    items: tuple[Conference, ...]


class ListConferences(QueryRequest[Conferences], frozen=True, kw_only=True):
    """Conferences by start, all or of one district."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = Conferences
    cut: Cut = Cut()
    district_id: Id | None = None


class GetConference(QueryRequest[Conference], frozen=True, kw_only=True):
    """One conference."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = Conference
    conference_id: Id
