# SPDX-License-Identifier: Apache-2.0
"""Who gets a seat, who waits, who stands by."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.chassis.decider import Refusal, Sealed
from services.chassis.testing.story import Story
from services.registration.domain.conference import CONFERENCE
from services.registration.domain.registrations import (
    ParticipantErased,
    RegistrationCancelled,
    RegistrationExpired,
    RegistrationRepeated,
    SeatReleased,
)
from services.registration.domain.seating import (
    FEWEST_UNCONFIRMED,
    CancelRegistration,
    CheckIn,
    ConfirmationExpired,
    ConfirmRegistration,
    EraseParticipant,
    ExpireRegistration,
    NoSeatToTake,
    NotRegistered,
    RepeatRegistration,
    SeatStandbys,
    SubmitRegistration,
    TooEarlyForStandbys,
)
from tests.unit.registration.people import (
    ANNA,
    BORIS,
    CLARA,
    DILEK,
    EMIL,
    EVENING,
    LONG_BEFORE,
    PUBLISHED_MINUTE,
    called,
    came,
    opened,
    person,
    seat,
    seated,
    stands_by,
    submitted,
    waiting,
    waits,
)

story = Story(CONFERENCE)
full = story.given(*opened(capacity=2), *seated(ANNA, BORIS))


def wish(kind, who, now=LONG_BEFORE, **facts):
    return kind(now=now, conference_id=EVENING, participant_id=who, **facts)


def seat_standbys(now=PUBLISHED_MINUTE):
    return SeatStandbys(now=now, conference_id=EVENING)


def cancelled(who, *, seat_released):
    return RegistrationCancelled(conference_id=EVENING, participant_id=who, seat_released=seat_released)


def released(who, cause="NO_SHOW"):
    return SeatReleased(conference_id=EVENING, participant_id=who, cause=cause)


def test_a_registration_has_48_hours_to_be_confirmed():
    story.given(*opened()).when(wish(SubmitRegistration, ANNA)).then(submitted(ANNA))


def crowd(*, now=LONG_BEFORE):
    """As many unconfirmed registrations as a small conference keeps."""
    return [submitted(person(number), now) for number in range(10, 10 + FEWEST_UNCONFIRMED)]


def expired(who):
    return RegistrationExpired(conference_id=EVENING, participant_id=who)


def test_one_unconfirmed_registration_too_many_ends_the_oldest_and_keeps_nobody_out():
    small = story.given(*opened(capacity=2), submitted(ANNA), *crowd(now=LONG_BEFORE + timedelta(minutes=1))[1:])
    small.when(wish(SubmitRegistration, BORIS)).then(expired(ANNA), submitted(BORIS))
    large = story.given(*opened(capacity=11), submitted(ANNA), *crowd())
    large.when(wish(SubmitRegistration, BORIS)).then(submitted(BORIS))


def test_who_registered_again_is_not_the_oldest():
    again = wish(RepeatRegistration, ANNA, LONG_BEFORE + timedelta(minutes=1))
    outcome = story.given(*opened(capacity=2), submitted(ANNA), *crowd()[1:]).when(
        again, wish(SubmitRegistration, BORIS)
    )
    assert outcome.events == [expired(person(11)), submitted(BORIS)]


def test_in_a_crowd_a_known_address_is_not_refused():
    full_of_them = story.given(*opened(capacity=2), *crowd())
    outcome = full_of_them.when(wish(RepeatRegistration, person(10)))
    assert [type(event) for event in outcome.events] == [RegistrationRepeated]


def test_who_is_confirmed_is_never_crowded_out():
    story.given(*opened(capacity=2), *crowd(), waits(person(10))).when(wish(SubmitRegistration, ANNA)).then(
        submitted(ANNA)
    )


def test_ever_so_many_invented_people_take_no_more_room():
    wishes = [wish(SubmitRegistration, person(number)) for number in range(10, 10 + 3 * FEWEST_UNCONFIRMED)]
    outcome = story.given(*opened(capacity=2), *seated(ANNA)).when(*wishes)
    assert len(outcome.after.seats.registrations) == 1 + FEWEST_UNCONFIRMED
    assert outcome.after.seats.seated == (ANNA,)


def test_an_expired_registration_that_was_erased_afterwards_stays_gone():
    erased = ParticipantErased(conference_id=EVENING, participant_id=ANNA)
    past = story.given(*opened(), submitted(ANNA), expired(ANNA), erased)
    past.when(wish(ConfirmRegistration, ANNA)).refused(NotRegistered(participant_id=ANNA))


def test_a_confirmed_registration_takes_a_free_seat():
    story.given(*opened(), submitted(ANNA)).when(wish(ConfirmRegistration, ANNA)).then(seat(ANNA))


def test_a_seat_carries_what_the_person_agreed_to_share():
    sealed = Sealed(ANNA, b"box")
    outcome = story.given(*opened()).when(
        wish(SubmitRegistration, ANNA, attributes=sealed, needs=sealed), wish(ConfirmRegistration, ANNA)
    )
    assert outcome.events[0].attributes == sealed
    assert outcome.events[0].needs == sealed


def test_confirming_twice_changes_nothing():
    full.when(wish(ConfirmRegistration, ANNA)).then()
    full.given(*waiting(CLARA)).when(wish(ConfirmRegistration, CLARA)).then()


def test_a_late_confirmation_is_refused():
    late = LONG_BEFORE + timedelta(hours=48)
    story.given(*opened(), submitted(ANNA)).when(wish(ConfirmRegistration, ANNA, late)).refused(
        ConfirmationExpired(expired_at=late)
    )


def test_a_stranger_cannot_confirm():
    story.given(*opened()).when(wish(ConfirmRegistration, ANNA)).refused(NotRegistered(participant_id=ANNA))


def test_an_unconfirmed_registration_expires_once():
    late = LONG_BEFORE + timedelta(hours=48)
    past = story.given(*opened(), submitted(ANNA))
    expired = RegistrationExpired(conference_id=EVENING, participant_id=ANNA)
    past.when(wish(ExpireRegistration, ANNA, late)).then(expired)
    past.given(expired).when(wish(ExpireRegistration, ANNA, late)).then()


def test_a_renewed_registration_does_not_expire_at_the_first_date():
    later = LONG_BEFORE + timedelta(hours=24)
    story.given(*opened(), submitted(ANNA)).when(
        wish(RepeatRegistration, ANNA, later), wish(ExpireRegistration, ANNA, LONG_BEFORE + timedelta(hours=48))
    ).then()


def test_a_confirmed_registration_does_not_expire():
    full.when(wish(ExpireRegistration, ANNA, LONG_BEFORE + timedelta(hours=48))).then()


def test_repeated_registrations_cause_three_mails_at_most():
    past = story.given(*opened(), submitted(ANNA))
    for number in (1, 2, 3):
        repeated = RegistrationRepeated(
            conference_id=EVENING,
            participant_id=ANNA,
            number=number,
            expires_at=LONG_BEFORE + timedelta(hours=48),
        )
        past.when(wish(RepeatRegistration, ANNA)).then(repeated)
        past = past.given(repeated)
    past.when(wish(RepeatRegistration, ANNA)).then()


def test_who_confirms_after_the_last_seat_waits():
    full.given(submitted(CLARA)).when(wish(ConfirmRegistration, CLARA)).then(waits(CLARA))


def test_a_cancelled_seat_goes_to_the_head_of_the_waiting_list():
    full.given(*waiting(CLARA, DILEK)).when(wish(CancelRegistration, ANNA)).then(
        cancelled(ANNA, seat_released=True), seat(CLARA, "MOVED_UP")
    )


def test_who_leaves_the_waiting_list_releases_no_seat():
    full.given(*waiting(CLARA, DILEK)).when(wish(CancelRegistration, CLARA)).then(cancelled(CLARA, seat_released=False))


def test_cancelling_twice_changes_nothing():
    full.given(cancelled(ANNA, seat_released=True)).when(wish(CancelRegistration, ANNA)).then()


def test_a_cancelled_registration_cannot_be_confirmed_again():
    full.given(cancelled(ANNA, seat_released=True)).when(wish(ConfirmRegistration, ANNA)).refused(
        NoSeatToTake(status="CANCELLED")
    )


def test_a_seated_person_checks_in_once():
    full.when(wish(CheckIn, ANNA)).then(came(ANNA))
    full.given(came(ANNA)).when(wish(CheckIn, ANNA)).then()


def test_a_waiting_person_in_the_lobby_stands_by():
    full.given(*waiting(CLARA)).when(wish(CheckIn, CLARA)).then(stands_by(CLARA))
    full.given(*waiting(CLARA), stands_by(CLARA)).when(wish(CheckIn, CLARA)).then()


def test_a_standby_who_moves_up_is_checked_in():
    full.given(*waiting(CLARA), stands_by(CLARA)).when(wish(CancelRegistration, ANNA)).then(
        cancelled(ANNA, seat_released=True), seat(CLARA, "MOVED_UP"), came(CLARA)
    )


def test_an_unconfirmed_person_cannot_check_in():
    story.given(*opened(), submitted(ANNA)).when(wish(CheckIn, ANNA)).refused(NoSeatToTake(status="SUBMITTED"))


def test_seats_are_kept_until_the_published_minute():
    full.when(seat_standbys(PUBLISHED_MINUTE - timedelta(seconds=1))).refused(
        TooEarlyForStandbys(not_before=PUBLISHED_MINUTE)
    )


def test_unused_seats_go_to_standbys_in_the_order_of_the_waiting_list():
    (
        full.given(*waiting(CLARA, DILEK, EMIL), stands_by(EMIL), stands_by(DILEK), came(ANNA))
        .when(seat_standbys())
        .then(called(), released(BORIS), seat(DILEK, "STANDBY"), came(DILEK))
    )


def test_the_last_who_got_a_seat_loses_it_first():
    full.given(*waiting(CLARA), stands_by(CLARA)).when(seat_standbys()).then(
        called(), released(BORIS), seat(CLARA, "STANDBY"), came(CLARA)
    )


def test_nobody_loses_a_seat_that_nobody_needs():
    full.given(*waiting(CLARA)).when(seat_standbys()).then(called())


def test_standbys_are_called_once():
    full.given(called()).when(seat_standbys()).then()


def test_a_standby_who_comes_after_the_minute_gets_an_unused_seat_at_once():
    full.given(*waiting(CLARA), called(), came(ANNA)).when(wish(CheckIn, CLARA)).then(
        stands_by(CLARA), released(BORIS), seat(CLARA, "STANDBY"), came(CLARA)
    )


def test_after_the_minute_a_freed_seat_goes_to_people_in_the_lobby_only():
    full.given(*waiting(CLARA, DILEK), came(ANNA), came(BORIS), called(), stands_by(DILEK)).when(
        wish(CancelRegistration, ANNA)
    ).then(cancelled(ANNA, seat_released=True), seat(DILEK, "STANDBY"), came(DILEK))


def test_a_no_show_who_comes_later_stands_by():
    lost = full.given(
        *waiting(CLARA), stands_by(CLARA), came(ANNA), called(), released(BORIS), seat(CLARA, "STANDBY"), came(CLARA)
    )
    lost.when(wish(CheckIn, BORIS)).then(stands_by(BORIS))
    lost.given(stands_by(BORIS)).when(wish(CancelRegistration, ANNA)).then(
        cancelled(ANNA, seat_released=True), seat(BORIS, "STANDBY"), came(BORIS)
    )


def test_an_erased_person_gives_the_seat_on():
    full.given(*waiting(CLARA)).when(wish(EraseParticipant, ANNA)).then(
        released(ANNA, "ERASED"),
        ParticipantErased(conference_id=EVENING, participant_id=ANNA),
        seat(CLARA, "MOVED_UP"),
    )


def test_an_erased_person_is_unknown():
    past = full.given(ParticipantErased(conference_id=EVENING, participant_id=ANNA))
    past.when(wish(EraseParticipant, ANNA)).then()
    past.when(wish(CheckIn, ANNA)).refused(NotRegistered)


kinds = st.sampled_from([SubmitRegistration, ConfirmRegistration, CancelRegistration, CheckIn, EraseParticipant])
steps = st.lists(st.tuples(kinds, st.integers(1, 8)), max_size=80)


@given(before=steps, after=steps, capacity=st.integers(1, 4))
def test_whatever_people_do_no_seat_is_sold_twice_and_none_stays_empty(before, after, capacity):
    state = CONFERENCE.fold(CONFERENCE.initial, opened(capacity))
    wishes = [wish(kind, person(number)) for kind, number in before]
    wishes += [seat_standbys(), *(wish(kind, person(number), PUBLISHED_MINUTE) for kind, number in after)]
    for each in wishes:
        result = CONFERENCE.decide(state, each)
        state = state if isinstance(result, Refusal) else CONFERENCE.fold(state, result)
        seats = state.seats
        assert len(set(seats.seated)) == len(seats.seated) <= capacity
        assert not set(seats.seated) & set(seats.waiting)
        assert {who for who, r in seats.registrations.items() if r.status == "SEATED"} == set(seats.seated)
        assert {who for who, r in seats.registrations.items() if r.status == "WAITLISTED"} == set(seats.waiting)
        hoping = [w for w in seats.waiting if not seats.standbys_called or seats.registrations[w].present]
        assert not (hoping and seats.free), "a person waits although a seat is free"
        unused = [who for who in seats.seated if seats.standbys_called and not seats.registrations[who].present]
        assert not (hoping and unused), "a person stands by although somebody has not come"
