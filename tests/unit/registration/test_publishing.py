# SPDX-License-Identifier: Apache-2.0
"""What other services are told."""

from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

import msgspec
import pytest

from services.chassis.decider import Sealed
from services.chassis.records import Recorded
from services.contracts import registration as contract
from services.registration.domain import conference as life
from services.registration.domain import registrations as domain
from services.registration.domain import staff
from services.registration.domain.district import DistrictDefined
from services.registration.publishing import publish
from tests.unit.registration.people import ANNA, EVENING, announced, seat

AT = datetime(2026, 11, 20, 15, 3, tzinfo=UTC)
RECORDED = Recorded(7, UUID(int=1), 0, "", b"", UUID(EVENING), UUID(int=2), b"", AT)
IDS = {"conference_id": EVENING, "participant_id": ANNA}


def told(event):
    return publish(event, RECORDED)


def test_an_announced_conference_is_told_with_everything_a_session_needs():
    event = told(announced())
    assert isinstance(event, contract.ConferenceAnnounced)
    assert msgspec.structs.asdict(event) == {**msgspec.structs.asdict(announced()), "at": AT}


@pytest.mark.parametrize(("event", "expected"), [
    (life.ConferenceOpened(conference_id=EVENING), contract.ConferenceOpened(at=AT, conference_id=EVENING)),
    (life.ConferenceClosed(conference_id=EVENING), contract.ConferenceClosed(at=AT, conference_id=EVENING)),
    (life.ConferenceCancelled(conference_id=EVENING), contract.ConferenceCancelled(at=AT, conference_id=EVENING)),
    (life.ConferenceHeld(conference_id=EVENING), contract.ConferenceHeld(at=AT, conference_id=EVENING)),
    (
        DistrictDefined(district_id=ANNA, name="Stühlinger", postal_codes=(), streets=()),
        contract.DistrictDefined(at=AT, district_id=ANNA),
    ),
    (domain.SeatReleased(**IDS, cause="NO_SHOW"), contract.SeatReleased(at=AT, **IDS)),
    (domain.RegistrationCancelled(**IDS, seat_released=True), contract.SeatReleased(at=AT, **IDS)),
    (domain.RegistrationCancelled(**IDS, seat_released=False), None),
    (domain.ParticipantCheckedIn(**IDS), contract.ParticipantCheckedIn(at=AT, **IDS)),
    (domain.ParticipantErased(**IDS), contract.ParticipantErased(at=AT, **IDS)),
    (staff.StaffErased(staff_id=ANNA), contract.StaffErased(at=AT, staff_id=ANNA)),
    (domain.WaitingListJoined(**IDS), None),
    (domain.RegistrationExpired(**IDS), None),
])  # fmt: skip
def test_a_fact_is_told_in_the_contracts_words(event, expected):
    assert told(event) == expected


def test_a_seat_is_told_with_what_the_person_agreed_to_share_still_sealed():
    box = Sealed(ANNA, b"box")
    event = told(msgspec.structs.replace(seat(ANNA), attributes=box, needs=box))
    assert event == contract.SeatTaken(at=AT, **IDS, attributes=box, needs=box)


@pytest.mark.parametrize("role", get_args(contract.Role))
def test_every_role_is_told(role):
    facts = {"staff_id": "a" * 32, "conference_id": None, "role": role}
    assigned = staff.StaffAssigned(**facts, home_district_id=None, partner_id=None)
    assert told(assigned) == contract.StaffAssigned(at=AT, **facts)
    assert told(staff.StaffReleased(**facts)) == contract.StaffReleased(at=AT, **facts)
