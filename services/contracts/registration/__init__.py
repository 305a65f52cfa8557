# SPDX-License-Identifier: Apache-2.0
"""Messages of the registration service: who may take part. Each area has a module; all of them are used from here.

`ParticipantId` is the only id of a person outside registration; it is random per person and conference.
Texts about a person travel as `Sealed` in events and opened in answers.
"""

# ruff: noqa: I001 -- in the order in which the schema shows the commands
from services.contracts.registration.vocabulary import (
    SERVICE, Role, AppStatus, Scope, Scopes, KeyId, SeatStatus, ConferenceStatus, Attributes,
)  # fmt: skip
from services.contracts.registration.conferences import (
    StreetRange, DefineDistrict, CreateSeries, AnnounceConference, OpenConference, CloseConference,
    CancelConference, District, Districts, ListDistricts, Conference, Conferences, ListConferences, GetConference,
)  # fmt: skip
from services.contracts.registration.people import (
    ConsentGiven, RegistrationAccepted, Register, RegistrationState, ConfirmRegistration, CancelRegistration,
    AccessToken, EnterWithLink, CheckIn, SeatStandbys, EraseMe, GetRegistration, Names, GetNames, RosterEntry,
    StaffEntry, Roster, GetRoster, PersonalData, ExportMe,
)  # fmt: skip
from services.contracts.registration.staff import (
    AddStaff, AssignStaff, ReleaseStaff, EraseStaff, RoleEnded, Revocations, GetRevocations,
)  # fmt: skip
from services.contracts.registration.apps import (
    AppAccepted, RegisterApp, ApproveApp, RejectApp, SuspendApp, EraseApp, ApiKey, IssueAppKey, RevokeAppKey,
    NoteAppKeyUse, NoteApp, AppKey, GetAppKey, AppAccess, GetAppAccess, AppKeyView, AppView, Apps, ListApps,
)  # fmt: skip
from services.contracts.registration.jobs import (
    JobKind, JobStatus, JOB_ROWS, Bulk, BULK, JobAccepted, StartJob, ApproveJob, RejectJob, CancelJob, JobChanged,
    JobView, Approval, ApprovalFor, GetJob, Jobs, ListJobs, JobRowView, JobRows, ListJobRows,
)  # fmt: skip
from services.contracts.registration.keys import (
    KeysFound, GetKeys, EnsureKeys, JsonWebKeys, GetJsonWebKeys,
)  # fmt: skip
from services.contracts.registration.events import (
    DistrictDefined, ConferenceAnnounced, ConferenceOpened, ConferenceClosed, ConferenceMoved, ConferenceCancelled,
    ConferenceHeld, SeatTaken, SeatReleased, ParticipantCheckedIn, StaffAssigned, StaffReleased, StaffErased,
    ParticipantErased, AppAccessChanged,
)  # fmt: skip

__all__ = [
    "BULK", "JOB_ROWS", "SERVICE", "AccessToken", "AddStaff", "AnnounceConference", "ApiKey", "AppAccepted",
    "AppAccess", "AppAccessChanged", "AppKey", "AppKeyView", "AppStatus", "AppView", "Approval", "ApprovalFor",
    "ApproveApp", "ApproveJob", "Apps", "AssignStaff", "Attributes", "Bulk", "CancelConference", "CancelJob",
    "CancelRegistration", "CheckIn", "CloseConference", "Conference", "ConferenceAnnounced", "ConferenceCancelled",
    "ConferenceClosed", "ConferenceHeld", "ConferenceMoved", "ConferenceOpened", "ConferenceStatus", "Conferences",
    "ConfirmRegistration", "ConsentGiven", "CreateSeries", "DefineDistrict", "District", "DistrictDefined",
    "Districts", "EnsureKeys", "EnterWithLink", "EraseApp", "EraseMe", "EraseStaff", "ExportMe", "GetAppAccess",
    "GetAppKey", "GetConference", "GetJob", "GetJsonWebKeys", "GetKeys", "GetNames", "GetRegistration",
    "GetRevocations", "GetRoster", "IssueAppKey", "JobAccepted", "JobChanged", "JobKind", "JobRowView", "JobRows",
    "JobStatus", "JobView", "Jobs", "JsonWebKeys", "KeyId", "KeysFound", "ListApps", "ListConferences",
    "ListDistricts", "ListJobRows", "ListJobs", "Names", "NoteApp", "NoteAppKeyUse", "OpenConference",
    "ParticipantCheckedIn", "ParticipantErased", "PersonalData", "Register", "RegisterApp", "RegistrationAccepted",
    "RegistrationState", "RejectApp", "RejectJob", "ReleaseStaff", "Revocations", "RevokeAppKey", "Role",
    "RoleEnded", "Roster", "RosterEntry", "Scope", "Scopes", "SeatReleased", "SeatStandbys", "SeatStatus",
    "SeatTaken", "StaffAssigned", "StaffEntry", "StaffErased", "StaffReleased", "StartJob", "StreetRange",
    "SuspendApp",
]  # fmt: skip
