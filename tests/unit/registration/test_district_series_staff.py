# SPDX-License-Identifier: Apache-2.0
"""Districts, series and the roles of the staff."""

from datetime import UTC, datetime

import msgspec

from services.chassis.testing.story import Story
from services.registration.domain import district, series, staff

NOW = datetime(2026, 9, 1, tzinfo=UTC)
VAUBAN = district.DistrictDefined(
    district_id="d" * 32,
    name="Vauban",
    postal_codes=("79100",),
    streets=(district.Streets(street="Vaubanallee"),),
)
AUTUMN = series.SeriesCreated(series_id="5" * 32, title="Herbst", script="full-evening", zone="Europe/Berlin")
MIRA = "a" * 32
EVENING = "c" * 32
added = staff.StaffAdded(staff_id=MIRA, home_district_id=VAUBAN.district_id, partner_id=None)
moderates = staff.StaffAssigned(
    staff_id=MIRA, conference_id=EVENING, role="moderator", home_district_id=VAUBAN.district_id, partner_id=None
)


def define(**changes):
    return district.DefineDistrict(now=NOW, **(msgspec.structs.asdict(VAUBAN) | changes))


def create(**changes):
    return series.CreateSeries(now=NOW, **(msgspec.structs.asdict(AUTUMN) | changes))


def assign(role="moderator", conference_id=EVENING):
    return staff.AssignStaff(now=NOW, staff_id=MIRA, conference_id=conference_id, role=role)


def test_a_district_is_redefined_by_its_latest_definition():
    story = Story(district.DISTRICT)
    story.when(define()).then(VAUBAN)
    story.given(VAUBAN).when(define()).then()
    story.given(VAUBAN).when(define(name="Quartier Vauban")).then(
        msgspec.structs.replace(VAUBAN, name="Quartier Vauban")
    )


def test_a_series_is_created_once():
    story = Story(series.SERIES)
    story.when(create()).then(AUTUMN)
    story.given(AUTUMN).when(create()).then()
    story.given(AUTUMN).when(create(zone="Europe/Lisbon")).refused(series.SeriesAlreadyCreated)


def test_only_people_of_the_staff_hold_roles():
    Story(staff.STAFF_MEMBER).when(assign()).refused(staff.NotOfTheStaff(staff_id=MIRA))


def test_an_assignment_carries_what_matters_for_conflicts():
    story = Story(staff.STAFF_MEMBER).given(added)
    story.when(assign()).then(moderates)
    story.given(moderates).when(assign()).then()


def test_a_role_is_released_once():
    story = Story(staff.STAFF_MEMBER).given(added, moderates)
    release = staff.ReleaseStaff(now=NOW, staff_id=MIRA, conference_id=EVENING, role="moderator")
    released = staff.StaffReleased(staff_id=MIRA, conference_id=EVENING, role="moderator")
    story.when(release).then(released)
    story.given(released).when(release).then()


def test_a_correction_of_the_person_keeps_the_roles():
    corrected = msgspec.structs.replace(added, home_district_id=None)
    command = staff.AddStaff(now=NOW, staff_id=MIRA, home_district_id=None, partner_id=None)
    outcome = Story(staff.STAFF_MEMBER).given(added, moderates).when(command).then(corrected)
    assert outcome.after.roles == {(EVENING, "moderator")}


def test_an_erased_person_holds_no_role_and_is_not_added_again():
    erase = staff.EraseStaff(now=NOW, staff_id=MIRA)
    erased = staff.StaffErased(staff_id=MIRA)
    Story(staff.STAFF_MEMBER).given(added, moderates).when(erase).then(erased)
    gone = Story(staff.STAFF_MEMBER).given(added, moderates, erased)
    gone.when(erase).then()
    gone.when(assign("deputy")).refused(staff.NotOfTheStaff(staff_id=MIRA))
    add = staff.AddStaff(now=NOW, staff_id=MIRA, home_district_id=None, partner_id=None)
    gone.when(add).refused(staff.NotOfTheStaff(staff_id=MIRA))


def test_who_came_with_a_token_alone_is_erased_and_not_added_afterwards():
    erase = staff.EraseStaff(now=NOW, staff_id=MIRA)
    erased = staff.StaffErased(staff_id=MIRA)
    Story(staff.STAFF_MEMBER).when(erase).then(erased)
    gone = Story(staff.STAFF_MEMBER).given(erased)
    gone.when(erase).then()
    add = staff.AddStaff(now=NOW, staff_id=MIRA, home_district_id=None, partner_id=None)
    gone.when(add).refused(staff.NotOfTheStaff(staff_id=MIRA))
