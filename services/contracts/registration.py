# SPDX-License-Identifier: Apache-2.0
"""Messages of the registration service: who may take part.

`ParticipantId` is the only id of a person outside registration; it is random per person and conference.
Texts about a person travel as `Sealed` in events and opened in answers.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Literal, NamedTuple

import msgspec

from services.chassis.contract import (
    Answer,
    CommandRequest,
    ContractEvent,
    Done,
    Id,
    LiveChange,
    QueryRequest,
    Refusals,
)
from services.chassis.decider import Sealed
from services.contracts import refusals
from services.contracts.shared import Cut, Listed, LongText, ShortText

SERVICE = "registration"

Role = Literal["organiser", "moderator", "deputy", "mentor", "guest", "juror", "partner"]
AppStatus = Literal["WAITING", "APPROVED", "REJECTED", "SUSPENDED"]
Scope = Literal[
    "conference:read",
    "session:live",
    "idea:read",
    "idea:write",
    "resource-offer:write",
    "jury:read",
    "jury:score",
    "webhook:manage",
    "admin:registration",
    "admin:session",
    "admin:ideas",
    "admin:*",
]
"""What an app may be allowed. `admin:*` stands for all that begin with `admin:`."""
Scopes = Annotated[tuple[Scope, ...], msgspec.Meta(min_length=1, max_length=20)]
KeyId = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{8}$")]
"""Which key of an app: 8 hex digits."""
SeatStatus = Literal["SUBMITTED", "SEATED", "WAITLISTED", "CANCELLED", "RELEASED", "ERASED"]
ConferenceStatus = Literal["ANNOUNCED", "OPEN", "CLOSED", "HELD", "CANCELLED"]
Attributes = dict[str, str]
"""What a person agreed to use for mixed groups, for example `{"age": "30-44", "newcomer": "yes"}`."""


# Contract events ------------------------------------------------------------------------------------------------


class _Event(ContractEvent, frozen=True, kw_only=True):
    SERVICE: ClassVar[str] = SERVICE


class DistrictDefined(_Event, frozen=True, kw_only=True):
    """A district exists, or has another name or other streets."""

    district_id: Id


class ConferenceAnnounced(_Event, frozen=True, kw_only=True):
    """A conference exists; its session can be prepared."""

    conference_id: Id
    series_id: Id
    district_id: Id
    title: str
    starts_at: datetime
    zone: str
    capacity: int
    language: str
    script: str


class ConferenceOpened(_Event, frozen=True, kw_only=True):
    """Residents may register."""

    conference_id: Id


class ConferenceClosed(_Event, frozen=True, kw_only=True):
    """Nobody may register any more."""

    conference_id: Id


class ConferenceMoved(_Event, frozen=True, kw_only=True):
    """The conference starts at another instant."""

    conference_id: Id
    starts_at: datetime


class ConferenceCancelled(_Event, frozen=True, kw_only=True):
    """The conference does not take place."""

    conference_id: Id


class ConferenceHeld(_Event, frozen=True, kw_only=True):
    """The conference took place."""

    conference_id: Id


class SeatTaken(_Event, frozen=True, kw_only=True):
    """A person has a seat. `attributes` and `needs` are JSON sealed with the person's key; None: not given."""

    conference_id: Id
    participant_id: Id
    attributes: Sealed | None = None
    needs: Sealed | None = None


class SeatReleased(_Event, frozen=True, kw_only=True):
    """A person has no seat any more."""

    conference_id: Id
    participant_id: Id


class ParticipantCheckedIn(_Event, frozen=True, kw_only=True):
    """A seated person came."""

    conference_id: Id
    participant_id: Id


class StaffAssigned(_Event, frozen=True, kw_only=True):
    """A person serves in a role at a conference, in a series or a district; in none of them: in the city.

    Home district and organisation matter for conflicts of interest.
    """

    VERSION: ClassVar[int] = 2

    conference_id: Id | None
    staff_id: Id
    role: Role
    home_district_id: Id | None = None
    partner_id: Id | None = None
    series_id: Id | None = None
    district_id: Id | None = None


class StaffReleased(_Event, frozen=True, kw_only=True):
    """A person no longer serves in a role."""

    VERSION: ClassVar[int] = 2

    conference_id: Id | None
    staff_id: Id
    role: Role
    series_id: Id | None = None
    district_id: Id | None = None


class StaffErased(_Event, frozen=True, kw_only=True):
    """A person of the staff is erased: forget their cached key and name. Their roles were released before."""

    staff_id: Id


class ParticipantErased(_Event, frozen=True, kw_only=True):
    """The person's key is destroyed: forget cached keys, opened texts and authorship."""

    conference_id: Id
    participant_id: Id


class AppAccessChanged(_Event, frozen=True, kw_only=True):
    """An app was approved, suspended or erased, or its keys changed: ask anew what its keys may.

    `status` is what it has become, with the scopes that it has now; None: it was erased, or only its keys changed.
    """

    VERSION: ClassVar[int] = 2

    app_id: Id
    status: AppStatus | None = None
    scopes: tuple[Scope, ...] = ()
    erased: bool = False


# Commands -------------------------------------------------------------------------------------------------------


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
    REFUSALS: ClassVar[Refusals] = (refusals.ConferenceIsOver, refusals.NotAnnounced)
    conference_id: Id


class CloseConference(CommandRequest[Done], frozen=True, kw_only=True):
    """Closes the registration."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.NotAnnounced,)
    conference_id: Id


class CancelConference(CommandRequest[Done], frozen=True, kw_only=True):
    """Cancels the conference; everybody with a seat or a place on the waiting list gets a mail."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.ConferenceIsOver, refusals.NotAnnounced)
    conference_id: Id


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


class AddStaff(CommandRequest[Done], frozen=True, kw_only=True):
    """Adds a person of the staff."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.NotOfTheStaff,)
    staff_id: Id
    name: ShortText
    email: ShortText
    home_district_id: Id | None = None
    partner_id: Id | None = None


class AssignStaff(CommandRequest[Done], frozen=True, kw_only=True):
    """Gives a person a role at one conference, in one series or one district; in the city when none is named."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.NotOfTheStaff,)
    conference_id: Id | None = None
    series_id: Id | None = None
    district_id: Id | None = None
    staff_id: Id
    role: Role


class ReleaseStaff(CommandRequest[Done], frozen=True, kw_only=True):
    """Takes a role from a person, where they were given it."""

    SERVICE: ClassVar[str] = SERVICE
    conference_id: Id | None = None
    series_id: Id | None = None
    district_id: Id | None = None
    staff_id: Id
    role: Role


class EraseStaff(CommandRequest[Done], frozen=True, kw_only=True):
    """Erases a person of the staff (they ask, or an organiser), added or not: roles, name, address, key are gone."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.NotOfTheStaff,)
    staff_id: Id


class EraseMe(CommandRequest[Done], frozen=True, kw_only=True):
    """Erases a person: contact deleted, key destroyed, seat released; everywhere and for good."""

    SERVICE: ClassVar[str] = SERVICE
    conference_id: Id
    participant_id: Id


# Commands about apps --------------------------------------------------------------------------------------------


class AppAccepted(Answer, frozen=True, kw_only=True):
    """The app waits for the city's approval. `secret` is shown once; whoever has it fetches the app's keys."""

    app_id: Id
    secret: str


class RegisterApp(CommandRequest[AppAccepted], frozen=True, kw_only=True):
    """Registers an app, by whoever wrote it: what it wants to do, and who answers for it. Organisers decide."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = AppAccepted
    REFUSALS: ClassVar[Refusals] = (refusals.AppIs, refusals.TooManyAppsWait)
    name: ShortText
    contact_name: ShortText
    contact_email: Annotated[str, msgspec.Meta(min_length=3, max_length=254, pattern="^[^@\\s]+@[^@\\s]+$")]
    purpose: LongText
    licence: ShortText
    scopes: Scopes


class ApproveApp(CommandRequest[Done], frozen=True, kw_only=True):
    """Lets an app use the API with these scopes (organiser); also one that was rejected or suspended before."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.UnknownApp,)
    app_id: Id
    scopes: Scopes


class RejectApp(CommandRequest[Done], frozen=True, kw_only=True):
    """Turns down an app that waits (organiser)."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.AppIs, refusals.UnknownApp)
    app_id: Id


class SuspendApp(CommandRequest[Done], frozen=True, kw_only=True):
    """Stops an app at once, until it is approved again (organiser)."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.AppIs, refusals.UnknownApp)
    app_id: Id


class EraseApp(CommandRequest[Done], frozen=True, kw_only=True):
    """Erases an app with its contact for good (organiser): its keys end at once."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.UnknownApp,)
    app_id: Id


class ApiKey(Answer, frozen=True, kw_only=True):
    """A key for `Authorization: Bearer`. It is shown once."""

    api_key: str
    key_id: KeyId
    expires_at: datetime


class IssueAppKey(CommandRequest[ApiKey], frozen=True, kw_only=True):
    """Makes a key of an approved app, for whoever has its secret. The key before it stays good for a while."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = ApiKey
    REFUSALS: ClassVar[Refusals] = (refusals.AppIs, refusals.UnknownApp, refusals.UnknownSecret)
    app_id: Id
    secret: ShortText
    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 180
    overlap_hours: Annotated[int, msgspec.Meta(ge=0, le=720)] = 168


class RevokeAppKey(CommandRequest[Done], frozen=True, kw_only=True):
    """Ends a key at once: for whoever has the app's secret, and for organisers without it."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.UnknownApp, refusals.UnknownSecret)
    app_id: Id
    key_id: KeyId
    secret: ShortText | None = None


class NoteAppKeyUse(CommandRequest[Done], frozen=True, kw_only=True):
    """Notes on which day (`2026-11-07`) a key was used; the gateway tells it once a day."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.UnknownApp,)
    app_id: Id
    key_id: KeyId
    day: Annotated[str, msgspec.Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class NoteApp(CommandRequest[Done], frozen=True, kw_only=True):
    """Notes an app that came with a token of the city's provider, which calls it `client` (services only, at first
    sight).
    """

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.AppIs,)
    app_id: Id
    client: ShortText


# Commands about jobs ---------------------------------------------------------------------------------------------

JobKind = Literal["ANNOUNCE_CONFERENCES", "OPEN_CONFERENCES", "CANCEL_CONFERENCES", "ASSIGN_STAFF_MEMBERS"]
JobStatus = Literal["AWAITING_APPROVAL", "RUNNING", "FINISHED", "CANCELLED", "REJECTED", "EXPIRED"]
JOB_ROWS = 1000
"""So many rows has a job at most."""


class Bulk(NamedTuple):
    """A command that may be given for many things at once.

    Args:
        command: the same for one of them.
        about: the field of the command that names the thing.
        four_eyes: whether it takes a second person when many conferences are hit.
    """

    command: type[CommandRequest[Done]]
    about: str
    four_eyes: bool = False


BULK: Mapping[str, Bulk] = {
    "announce_conferences": Bulk(AnnounceConference, "conference_id"),
    "open_conferences": Bulk(OpenConference, "conference_id", four_eyes=True),
    "cancel_conferences": Bulk(CancelConference, "conference_id", four_eyes=True),
    "assign_staff_members": Bulk(AssignStaff, "staff_id"),
}
"""By the name of the rows in `StartJob`; in capitals it is the kind of job."""


class JobAccepted(Answer, frozen=True, kw_only=True):
    """The job runs, or waits until `approve_until` for the approval of a second person."""

    job_id: Id
    status: JobStatus
    approve_until: datetime | None = None


class StartJob(CommandRequest[JobAccepted], frozen=True, kw_only=True):
    """Has one command carried out for each of up to 1000 rows of one kind, one after the other, while nobody waits
    (organiser of the city). What hits many conferences waits for a second organiser.
    """

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = JobAccepted
    REFUSALS: ClassVar[Refusals] = (refusals.JobIs, refusals.TooManyJobs)
    announce_conferences: Annotated[tuple[AnnounceConference, ...], msgspec.Meta(max_length=JOB_ROWS)] = ()
    open_conferences: Annotated[tuple[OpenConference, ...], msgspec.Meta(max_length=JOB_ROWS)] = ()
    cancel_conferences: Annotated[tuple[CancelConference, ...], msgspec.Meta(max_length=JOB_ROWS)] = ()
    assign_staff_members: Annotated[tuple[AssignStaff, ...], msgspec.Meta(max_length=JOB_ROWS)] = ()


class ApproveJob(CommandRequest[Done], frozen=True, kw_only=True):
    """Lets a job of somebody else begin (a person who organises the city)."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.JobIs, refusals.OwnJob, refusals.UnknownJob)
    job_id: Id


class RejectJob(CommandRequest[Done], frozen=True, kw_only=True):
    """Turns a job of somebody else down that waits for approval (a person who organises the city)."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.JobIs, refusals.OwnJob, refusals.UnknownJob)
    job_id: Id
    reason: LongText


class CancelJob(CommandRequest[Done], frozen=True, kw_only=True):
    """Ends a job (organiser of the city): no further row is carried out. Rows that were carried out stay so."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.JobIs, refusals.UnknownJob)
    job_id: Id


# Live changes ----------------------------------------------------------------------------------------------------


class JobChanged(LiveChange, frozen=True, kw_only=True):
    """A job went on; its id stands where that of a conference usually does."""

    SERVICE: ClassVar[str] = SERVICE


# Queries --------------------------------------------------------------------------------------------------------


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


class KeysFound(Answer, frozen=True, kw_only=True):
    """Data keys by id; destroyed and unknown keys are missing. Never leaves the services."""

    keys: dict[str, bytes]


class GetKeys(QueryRequest[KeysFound], frozen=True, kw_only=True):
    """Data keys of people and sheets; only services ask."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = KeysFound
    ids: tuple[Id, ...]


class EnsureKeys(CommandRequest[KeysFound], frozen=True, kw_only=True):
    """Data keys made when they do not exist: for joint sheets, and for staff who write. Destroyed ones stay so."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = KeysFound
    conference_id: Id
    ids: tuple[Id, ...]
    joint: bool = False
    """Whether they are of texts that several people write, so that they are never erased with one of them."""


class JsonWebKeys(Answer, frozen=True, kw_only=True):
    """The public keys of resident (and, on laptops, staff) tokens as a JWK set."""

    keys: tuple[dict[str, str], ...]
    issuer: str


class GetJsonWebKeys(QueryRequest[JsonWebKeys], frozen=True, kw_only=True):
    """The issuer's current and next public keys."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = JsonWebKeys


class RoleEnded(msgspec.Struct, frozen=True, kw_only=True):
    """A role that a person of the staff no longer has; `scope` as in a grant."""

    staff_id: Id
    role: str
    scope: str


class Revocations(Answer, frozen=True, kw_only=True):
    """Whose access has ended lately: erased people, excluded residents, and roles that were taken from the staff."""

    people: tuple[Id, ...]
    excluded: tuple[Id, ...]
    roles: tuple[RoleEnded, ...]


class GetRevocations(QueryRequest[Revocations], frozen=True, kw_only=True):
    """Whose access has ended lately, for who did not hear of it; only services ask."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = Revocations


# Queries about apps ---------------------------------------------------------------------------------------------


class AppKey(Answer, frozen=True, kw_only=True):
    """What a key may: the SHA-256 of its secret in hex digits, the scopes of its app, its end."""

    secret_hash: str
    scopes: tuple[Scope, ...]
    expires_at: datetime


class GetAppKey(QueryRequest[AppKey], frozen=True, kw_only=True):
    """One key of an approved app; only services ask."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = AppKey
    app_id: Id
    key_id: KeyId


class AppAccess(Answer, frozen=True, kw_only=True):
    """Whether an app may use the API, and with which scopes at most; None: with those that its tokens say."""

    status: AppStatus
    scopes: tuple[Scope, ...] | None


class GetAppAccess(QueryRequest[AppAccess], frozen=True, kw_only=True):
    """What an app may that comes with tokens of the city's provider; only services ask."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = AppAccess
    app_id: Id


class AppKeyView(msgspec.Struct, frozen=True, kw_only=True):
    """One key as organisers see it; `last_used_on` is a day such as `2026-11-07`, None while it is unused."""

    key_id: KeyId
    expires_at: datetime
    last_used_on: str | None


class AppView(msgspec.Struct, frozen=True, kw_only=True):
    """One app as organisers see it. Of one that comes with tokens of the city's provider, `client` is its name there,
    nothing is known of its purpose, its licence and who answers for it, and no `scopes` are those of its tokens.
    """

    app_id: Id
    name: str
    status: AppStatus
    purpose: str | None
    licence: str | None
    wanted: tuple[Scope, ...]
    scopes: tuple[Scope, ...]
    contact_name: str | None
    contact_email: str | None
    registered_at: datetime
    keys: tuple[AppKeyView, ...]
    client: str | None = None


class Apps(Listed, frozen=True, kw_only=True):
    """Apps, the newest first."""

    items: tuple[AppView, ...]


class ListApps(QueryRequest[Apps], frozen=True, kw_only=True):
    """Apps, all or those with one status (organiser). `ids`: these alone."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = Apps
    cut: Cut = Cut()
    status: AppStatus | None = None
    ids: tuple[Id, ...] = ()


# Queries about jobs ---------------------------------------------------------------------------------------------


class JobView(Answer, frozen=True, kw_only=True):
    """How far a job is, for organisers. `decided_by` approved or rejected it; `ended_at` is None while there is
    something to do. The names are None of people who were never added, or erased.
    """

    job_id: Id
    kind: JobKind
    status: JobStatus
    rows: int
    done: int
    failed: int
    requested_by: Id
    requested_by_name: str | None
    by_app: bool
    requested_at: datetime
    approve_until: datetime | None
    decided_by: Id | None
    decided_by_name: str | None
    decided_at: datetime | None
    reason: str | None
    ended_at: datetime | None


class GetJob(QueryRequest[JobView], frozen=True, kw_only=True):
    """One job (organiser of the city)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = JobView
    job_id: Id


class Jobs(Listed, frozen=True, kw_only=True):
    """Jobs, the newest first."""

    items: tuple[JobView, ...]


class ListJobs(QueryRequest[Jobs], frozen=True, kw_only=True):
    """Jobs, all or those with one status (organiser of the city)."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = Jobs
    cut: Cut = Cut()
    status: JobStatus | None = None


class JobRowView(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one row, counted from 1: either the id of what it was about, or the refusal as JSON."""

    number: int
    result_id: Id | None
    refused: str | None


class JobRows(Listed, frozen=True, kw_only=True):
    """Rows of a job that had their turn, in their order."""

    items: tuple[JobRowView, ...]


class ListJobRows(QueryRequest[JobRows], frozen=True, kw_only=True):
    """Rows of a job that had their turn: all, those that were refused, or the one with a number (organiser of the
    city).
    """

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = JobRows
    job_id: Id
    cut: Cut = Cut()
    only_failed: bool = False
    number: Annotated[int, msgspec.Meta(ge=1, le=JOB_ROWS)] | None = None
