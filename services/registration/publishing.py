# SPDX-License-Identifier: Apache-2.0
"""Own event → contract event: the only place where the two vocabularies meet. Pure, the same on every run."""

from typing import cast

from services.chassis.contract import ContractEvent
from services.chassis.decider import Event
from services.chassis.records import Recorded
from services.contracts import registration as contract
from services.registration.domain import app, district, staff
from services.registration.domain import conference as life
from services.registration.domain import registrations as domain


def publish(event: Event, recorded: Recorded) -> ContractEvent | None:
    """What other services are told about a stored event; None: nothing."""
    at = recorded.recorded_at
    match event:
        case district.DistrictDefined():
            return contract.DistrictDefined(at=at, district_id=event.district_id)
        case life.ConferenceAnnounced():
            return contract.ConferenceAnnounced(
                at=at,
                conference_id=event.conference_id,
                series_id=event.series_id,
                district_id=event.district_id,
                title=event.title,
                starts_at=event.starts_at,
                zone=event.zone,
                capacity=event.capacity,
                language=event.language,
                script=event.script,
            )
        case life.ConferenceOpened():
            return contract.ConferenceOpened(at=at, conference_id=event.conference_id)
        case life.ConferenceClosed():
            return contract.ConferenceClosed(at=at, conference_id=event.conference_id)
        case life.ConferenceCancelled():
            return contract.ConferenceCancelled(at=at, conference_id=event.conference_id)
        case life.ConferenceHeld():
            return contract.ConferenceHeld(at=at, conference_id=event.conference_id)
        case domain.SeatTaken():
            return contract.SeatTaken(
                at=at,
                conference_id=event.conference_id,
                participant_id=event.participant_id,
                attributes=event.attributes,
                needs=event.needs,
            )
        case domain.SeatReleased() | domain.RegistrationCancelled(seat_released=True):
            return contract.SeatReleased(at=at, conference_id=event.conference_id, participant_id=event.participant_id)
        case domain.ParticipantCheckedIn():
            return contract.ParticipantCheckedIn(
                at=at, conference_id=event.conference_id, participant_id=event.participant_id
            )
        case domain.ParticipantErased():
            return contract.ParticipantErased(
                at=at, conference_id=event.conference_id, participant_id=event.participant_id
            )
        case staff.StaffAssigned():
            return contract.StaffAssigned(
                at=at,
                conference_id=event.conference_id,
                staff_id=event.staff_id,
                role=_role(event.role),
                home_district_id=event.home_district_id,
                partner_id=event.partner_id,
                series_id=event.series_id,
                district_id=event.district_id,
            )
        case staff.StaffReleased():
            return contract.StaffReleased(
                at=at,
                conference_id=event.conference_id,
                staff_id=event.staff_id,
                role=_role(event.role),
                series_id=event.series_id,
                district_id=event.district_id,
            )
        case staff.StaffErased():
            return contract.StaffErased(at=at, staff_id=event.staff_id)
        case app.AppApproved():
            scopes = cast(tuple[contract.Scope, ...], event.scopes)
            return contract.AppAccessChanged(at=at, app_id=event.app_id, status="APPROVED", scopes=scopes)
        case app.AppSuspended():
            return contract.AppAccessChanged(at=at, app_id=event.app_id, status="SUSPENDED")
        case app.AppErased():
            return contract.AppAccessChanged(at=at, app_id=event.app_id, erased=True)
        case app.AppKeyIssued() | app.AppKeyRevoked():
            return contract.AppAccessChanged(at=at, app_id=event.app_id)
        case _:
            return None


def _role(role: str) -> contract.Role:
    """The role in the contract's words; the command that stored it was checked against them."""
    return cast(contract.Role, role)
