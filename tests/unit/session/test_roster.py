# SPDX-License-Identifier: Apache-2.0
import pytest

from services.chassis.decider import Sealed
from services.chassis.testing.story import Story
from services.session.domain.roster import ROSTER
from services.session.domain.roster_commands import (
    AddStaff,
    EmptySeat,
    ExcludeParticipant,
    FillSeat,
    ForgetPerson,
    MarkAbsent,
    MarkPresent,
    MuteParticipant,
    NotOnTheRoster,
    ReadmitParticipant,
    RemoveStaff,
    SetApart,
    TakeBack,
    UnmuteParticipant,
    WarnParticipant,
)
from services.session.domain.roster_facts import (
    ParticipantExcluded,
    ParticipantMuted,
    ParticipantReadmitted,
    ParticipantSetApart,
    ParticipantTakenBack,
    ParticipantUnmuted,
    ParticipantWarned,
    PersonCame,
    PersonForgotten,
    PersonWent,
    SeatEmptied,
    SeatFilled,
    StaffJoined,
    StaffLeft,
    StaffVisits,
)
from tests.unit.session.evening import NOON

ANNA, BEN, MIA, ORG = ("a" * 32, "b" * 32, "c" * 32, "d" * 32)
BOX = Sealed(ANNA, b"box")
story = Story(ROSTER)
seated = story.given(SeatFilled(participant_id=ANNA, attributes=BOX), SeatFilled(participant_id=BEN))
here = seated.given(PersonCame(person_id=ANNA))


def test_a_seat_is_filled_once():
    seated.when(FillSeat(participant_id=ANNA, attributes=BOX, now=NOON)).then()


def test_who_comes_is_noted_once_and_strangers_are_passed_over():
    here.when(MarkPresent(people=(ANNA, BEN, BEN, "f" * 32), now=NOON)).then(PersonCame(person_id=BEN))


def test_who_was_not_here_cannot_leave():
    here.when(MarkAbsent(people=(ANNA, BEN), now=NOON)).then(PersonWent(person_id=ANNA))


def test_a_seat_that_is_released_takes_its_owner_along():
    here.when(EmptySeat(participant_id=ANNA, now=NOON)).then(
        PersonWent(person_id=ANNA), SeatEmptied(participant_id=ANNA)
    )


def test_releasing_a_seat_twice_changes_nothing():
    here.when(EmptySeat(participant_id="f" * 32, now=NOON)).then()


def test_an_excluded_person_leaves_and_cannot_come_back():
    outcome = here.when(ExcludeParticipant(participant_id=ANNA, code="insult", by=ORG, now=NOON)).then(
        PersonWent(person_id=ANNA), ParticipantExcluded(participant_id=ANNA, code="insult", by=ORG)
    )
    assert ROSTER.decide(outcome.after, MarkPresent(people=(ANNA,), now=NOON)) == []


def test_only_residents_are_excluded():
    story.given(StaffJoined(staff_id=MIA, role="mentor")).when(
        ExcludeParticipant(participant_id=MIA, code="insult", by=ORG, now=NOON)
    ).refused(NotOnTheRoster(participant_id=MIA))


def test_a_readmitted_person_may_come_back():
    shut_out = seated.given(ParticipantExcluded(participant_id=ANNA, code="insult", by=ORG))
    back = ReadmitParticipant(participant_id=ANNA, code="settled", by=ORG, now=NOON)
    shut_out.when(back, MarkPresent(people=(ANNA,), now=NOON)).then(PersonCame(person_id=ANNA))
    shut_out.when(back).then(ParticipantReadmitted(participant_id=ANNA, code="settled", by=ORG))


def test_an_erased_person_leaves_no_attributes_behind():
    outcome = here.when(ForgetPerson(participant_id=ANNA, now=NOON)).then(
        PersonWent(person_id=ANNA), PersonForgotten(participant_id=ANNA)
    )
    assert ANNA not in outcome.after.seats


def test_staff_holds_several_roles():
    mentor = story.given(StaffJoined(staff_id=MIA, role="mentor"))
    mentor.when(AddStaff(staff_id=MIA, role="mentor", now=NOON)).then()
    mentor.when(AddStaff(staff_id=MIA, role="guest", now=NOON)).then(StaffJoined(staff_id=MIA, role="guest"))


def test_the_last_role_takes_its_holder_along():
    present = story.given(
        StaffJoined(staff_id=MIA, role="mentor"), StaffJoined(staff_id=MIA, role="guest"), PersonCame(person_id=MIA)
    )
    present.when(RemoveStaff(staff_id=MIA, role="guest", now=NOON)).then(StaffLeft(staff_id=MIA, role="guest"))
    present.given(StaffLeft(staff_id=MIA, role="guest")).when(RemoveStaff(staff_id=MIA, role="mentor", now=NOON)).then(
        PersonWent(person_id=MIA), StaffLeft(staff_id=MIA, role="mentor")
    )


def test_mentors_sit_with_groups_unless_they_moderate():
    roster = ROSTER.fold(
        ROSTER.initial,
        [
            SeatFilled(participant_id=ANNA),
            StaffJoined(staff_id=MIA, role="mentor"),
            StaffJoined(staff_id=ORG, role="mentor"),
            StaffJoined(staff_id=ORG, role="deputy"),
            *(PersonCame(person_id=one) for one in (ANNA, MIA, ORG)),
        ],
    )
    assert roster.mentors_present() == (MIA,)
    assert roster.residents_present() == (ANNA,)


def visit(*roles: str) -> MarkPresent:
    return MarkPresent(people=(MIA,), visiting={MIA: roles}, now=NOON)


def test_staff_of_the_series_serve_as_long_as_they_are_here():
    came = (StaffVisits(staff_id=MIA, roles=("mentor", "moderator")), PersonCame(person_id=MIA))
    seated.when(visit("mentor", "moderator")).then(*came)
    there = seated.given(*came)
    there.when(visit("moderator", "mentor")).then()
    there.when(MarkPresent(people=(MIA,), now=NOON)).then()  # another gateway says nothing of them
    there.when(MarkAbsent(people=(MIA,), now=NOON)).then(PersonWent(person_id=MIA))
    there.given(PersonWent(person_id=MIA)).when(MarkPresent(people=(MIA,), now=NOON)).then()


def test_who_comes_back_without_the_role_serves_no_more():
    came = story.given(StaffVisits(staff_id=MIA, roles=("mentor",)), PersonCame(person_id=MIA))
    came.when(visit()).then(StaffVisits(staff_id=MIA, roles=()), PersonWent(person_id=MIA))
    came.given(StaffJoined(staff_id=MIA, role="guest")).when(visit()).then(StaffVisits(staff_id=MIA, roles=()))


def test_who_loses_a_role_at_the_conference_stays_by_the_one_in_the_series():
    both = story.given(StaffJoined(staff_id=MIA, role="mentor"), StaffVisits(staff_id=MIA, roles=("moderator",)))
    both.given(PersonCame(person_id=MIA)).when(RemoveStaff(staff_id=MIA, role="mentor", now=NOON)).then(
        StaffLeft(staff_id=MIA, role="mentor")
    )


def test_a_role_in_the_series_is_none_for_a_resident_and_for_who_is_not_here():
    seated.when(MarkPresent(people=(ANNA,), visiting={ANNA: ("mentor",), ORG: ("mentor",)}, now=NOON)).then(
        PersonCame(person_id=ANNA)
    )


def test_mentors_of_the_series_sit_with_groups_unless_they_moderate_here():
    roster = ROSTER.fold(
        ROSTER.initial,
        [
            StaffVisits(staff_id=MIA, roles=("mentor",)),
            StaffVisits(staff_id=ORG, roles=("mentor",)),
            StaffJoined(staff_id=ORG, role="deputy"),
            *(PersonCame(person_id=one) for one in (MIA, ORG)),
        ],
    )
    assert roster.mentors_present() == (MIA,)


@pytest.mark.parametrize(
    ("command", "event"),
    [
        (WarnParticipant, ParticipantWarned),
        (MuteParticipant, ParticipantMuted),
        (SetApart, ParticipantSetApart),
    ],
)
def test_a_measure_names_its_rule_and_who_took_it(command, event):
    seated.when(command(participant_id=ANNA, code="insult", by=ORG, now=NOON)).then(
        event(participant_id=ANNA, code="insult", by=ORG)
    )


@pytest.mark.parametrize("command", [WarnParticipant, MuteParticipant, SetApart])
def test_measures_are_about_residents_of_the_conference(command):
    seated.when(command(participant_id="f" * 32, code="insult", by=ORG, now=NOON)).refused(
        NotOnTheRoster(participant_id="f" * 32)
    )


MUTED = ParticipantMuted(participant_id=ANNA, code="insult", by=ORG)
APART = ParticipantSetApart(participant_id=ANNA, code="insult", by=ORG)


def test_muting_twice_changes_nothing_and_warning_twice_is_two_warnings():
    seated.given(MUTED).when(MuteParticipant(participant_id=ANNA, code="spam", by=MIA, now=NOON)).then()
    warned = ParticipantWarned(participant_id=ANNA, code="spam", by=MIA)
    seated.given(warned).when(WarnParticipant(participant_id=ANNA, code="spam", by=MIA, now=NOON)).then(warned)


def test_who_is_muted_may_speak_again():
    back = UnmuteParticipant(participant_id=ANNA, by=MIA, now=NOON)
    assert (
        seated.given(MUTED).when(back).then(ParticipantUnmuted(participant_id=ANNA, by=MIA)).after.muted == frozenset()
    )
    seated.when(back).then()


def test_who_was_removed_from_groups_is_here_and_has_no_place_in_them_until_taken_back():
    back = TakeBack(participant_id=ANNA, by=MIA, now=NOON)
    after = here.given(APART).when(MarkPresent(people=(BEN,), now=NOON)).then(PersonCame(person_id=BEN)).after
    assert (after.residents_present(), after.may_come(ANNA)) == ((BEN,), True)
    again = here.given(APART).when(back).then(ParticipantTakenBack(participant_id=ANNA, by=MIA)).after
    assert again.residents_present() == (ANNA,)
    here.when(back).then()
