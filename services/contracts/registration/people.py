# SPDX-License-Identifier: Apache-2.0
"""Taking part: registering, confirming, entering, checking in; who is there, and what is kept of a person."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

import msgspec

from services.chassis.contract import Answer, CommandRequest, Done, Id, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.registration.vocabulary import SERVICE, Attributes, Role, SeatStatus
from services.contracts.shared import LongText, ShortText


class ConsentGiven(msgspec.Struct, frozen=True, kw_only=True):
    """One consent: what for, and which version of the text was shown."""

    purpose: ShortText
    version: ShortText


class RegistrationAccepted(Answer, frozen=True, kw_only=True):
    """The registration waits for its confirmation by mail."""

    conference_id: Id
    expires_at: datetime


class Register(CommandRequest[RegistrationAccepted], frozen=True, kw_only=True):
    """Registers a resident; a confirmation mail follows. The answer is the same for a known address."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = RegistrationAccepted
    REFUSALS: ClassVar[Refusals] = (
        refusals.ConferenceIsOver,
        refusals.ConferenceNotOpen,
        refusals.NotAnnounced,
        refusals.NotRegistered,
        refusals.TooManyMails,
    )
    conference_id: Id
    name: ShortText
    email: Annotated[str, msgspec.Meta(min_length=3, max_length=254, pattern="^[^@\\s]+@[^@\\s]+$")]
    language: Literal["de", "en"] = "de"
    attributes: Attributes = {}
    needs: LongText | None = None
    consents: tuple[ConsentGiven, ...] = ()


class RegistrationState(Answer, frozen=True, kw_only=True):
    """Where a registration stands; `waiting_position` counts from 1."""

    conference_id: Id
    participant_id: Id
    status: SeatStatus
    waiting_position: int | None = None
    checked_in: bool = False


class ConfirmRegistration(CommandRequest[RegistrationState], frozen=True, kw_only=True):
    """Confirms a registration with the secret of the mail: a seat, or a place on the waiting list."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = RegistrationState
    REFUSALS: ClassVar[Refusals] = (
        refusals.ConferenceIsOver,
        refusals.ConfirmationExpired,
        refusals.NoSeatToTake,
        refusals.NotAnnounced,
        refusals.NotRegistered,
        refusals.UnknownSecret,
    )
    conference_id: Id
    secret: ShortText


class CancelRegistration(CommandRequest[Done], frozen=True, kw_only=True):
    """Gives the seat or the place on the waiting list back (the resident, or staff on their behalf)."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.ConferenceIsOver, refusals.NotAnnounced, refusals.NotRegistered)
    conference_id: Id
    participant_id: Id


class AccessToken(Answer, frozen=True, kw_only=True):
    """A short-lived token of a resident."""

    token: str
    expires_at: datetime
    conference_id: Id
    participant_id: Id
    status: SeatStatus


class EnterWithLink(CommandRequest[AccessToken], frozen=True, kw_only=True):
    """Exchanges the secret of a personal link for an access token."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = AccessToken
    REFUSALS: ClassVar[Refusals] = (
        refusals.AccessIsClosed,
        refusals.ConferenceIsOver,
        refusals.NoSeatToTake,
        refusals.UnknownSecret,
    )
    conference_id: Id
    secret: ShortText


class CheckIn(CommandRequest[RegistrationState], frozen=True, kw_only=True):
    """The person is in the lobby: a seated one is checked in, a waiting one stands by for a free seat."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = RegistrationState
    REFUSALS: ClassVar[Refusals] = (
        refusals.ConferenceIsOver,
        refusals.NoSeatToTake,
        refusals.NotAnnounced,
        refusals.NotRegistered,
    )
    conference_id: Id
    participant_id: Id


class SeatStandbys(CommandRequest[Done], frozen=True, kw_only=True):
    """Gives the seats of those who did not come to people standing by, in the order of the waiting list."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.ConferenceIsOver, refusals.NotAnnounced, refusals.TooEarlyForStandbys)
    conference_id: Id


class EraseMe(CommandRequest[Done], frozen=True, kw_only=True):
    """Erases a person: contact deleted, key destroyed, seat released; everywhere and for good."""

    SERVICE: ClassVar[str] = SERVICE
    conference_id: Id
    participant_id: Id


class GetRegistration(QueryRequest[RegistrationState], frozen=True, kw_only=True):
    """Where one registration stands (the person, or staff)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = RegistrationState
    conference_id: Id
    participant_id: Id


class Names(Answer, frozen=True, kw_only=True):
    """Display names by id of participant or staff; erased and unknown people are missing."""

    names: dict[str, str]


class GetNames(QueryRequest[Names], frozen=True, kw_only=True):
    """Display names of the people of one conference (all when `ids` is empty), or of these people of the staff."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = Names
    conference_id: Id | None = None
    ids: tuple[Id, ...] = ()


class RosterEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One registration on the roster that staff see."""

    participant_id: Id
    status: SeatStatus
    waiting_position: int | None
    checked_in: bool
    needs: str | None


class StaffEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One role that a person of the staff holds at the conference; `scope` says where else, as in a grant."""

    staff_id: Id
    role: Role
    scope: str = "city"


class Roster(Answer, frozen=True, kw_only=True):
    """Registrations and staff of one conference, for staff."""

    conference_id: Id
    entries: tuple[RosterEntry, ...]
    staff: tuple[StaffEntry, ...]


class GetRoster(QueryRequest[Roster], frozen=True, kw_only=True):
    """The roster of one conference."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = Roster
    conference_id: Id


class PersonalData(Answer, frozen=True, kw_only=True):
    """Everything registration holds about one person, for export."""

    participant_id: Id
    name: str
    email: str
    language: str
    attributes: Attributes
    needs: str | None
    consents: tuple[ConsentGiven, ...]
    status: SeatStatus


class ExportMe(QueryRequest[PersonalData], frozen=True, kw_only=True):
    """A person's own data."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = PersonalData
    conference_id: Id
    participant_id: Id
