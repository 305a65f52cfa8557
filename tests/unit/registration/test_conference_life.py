# SPDX-License-Identifier: Apache-2.0
"""How far a conference is, and what that allows."""

import msgspec
import pytest

from services.chassis.testing.story import Story
from services.registration.domain.conference import (
    CONFERENCE,
    AlreadyAnnounced,
    AnnounceConference,
    CancelConference,
    CloseConference,
    ConferenceCancelled,
    ConferenceClosed,
    ConferenceHeld,
    ConferenceIsOver,
    ConferenceNotOpen,
    ConferenceOpened,
    HoldConference,
    NotAnnounced,
    OpenConference,
)
from services.registration.domain.registrations import ParticipantErased, RegistrationExpired, SeatTaken
from services.registration.domain.retention import EraseEverybody
from services.registration.domain.seating import (
    CancelRegistration,
    CheckIn,
    ConfirmRegistration,
    EraseParticipant,
    SubmitRegistration,
)
from tests.unit.registration.people import (
    ANNA,
    BORIS,
    CLARA,
    DILEK,
    EVENING,
    LONG_BEFORE,
    announced,
    opened,
    seated,
    submitted,
    waiting,
)

story = Story(CONFERENCE)
cancelled = ConferenceCancelled(conference_id=EVENING)
held = ConferenceHeld(conference_id=EVENING)


def announce(**changes):
    facts = msgspec.structs.asdict(announced()) | changes
    return AnnounceConference(now=LONG_BEFORE, **facts)


def wish(kind, **facts):
    return kind(now=LONG_BEFORE, conference_id=EVENING, **facts)


def test_a_conference_is_announced_once():
    story.when(announce()).then(announced())
    story.given(announced()).when(announce()).then()


def test_announced_facts_do_not_change_silently():
    story.given(announced()).when(announce(capacity=40)).refused(AlreadyAnnounced)


def test_nobody_registers_at_an_unknown_conference():
    story.when(wish(SubmitRegistration, participant_id=ANNA)).refused(NotAnnounced)


def test_nobody_registers_before_the_conference_opens():
    story.given(announced()).when(wish(SubmitRegistration, participant_id=ANNA)).refused(
        ConferenceNotOpen(status="ANNOUNCED")
    )


def test_opening_twice_changes_nothing():
    story.given(announced()).when(wish(OpenConference)).then(ConferenceOpened(conference_id=EVENING))
    story.given(*opened()).when(wish(OpenConference)).then()


def test_who_registered_in_time_confirms_after_the_closing():
    outcome = story.given(*opened(), submitted(ANNA)).when(
        wish(CloseConference), wish(ConfirmRegistration, participant_id=ANNA)
    )
    assert outcome.after.seats.seated == (ANNA,)


def test_closing_takes_an_open_conference():
    story.given(*opened()).when(wish(CloseConference)).then(ConferenceClosed(conference_id=EVENING))
    story.given(announced()).when(wish(CloseConference)).then()


@pytest.mark.parametrize("over", [cancelled, held])
def test_nobody_gets_a_seat_when_it_is_over(over):
    past = story.given(*opened(), submitted(ANNA), over)
    past.when(wish(ConfirmRegistration, participant_id=ANNA)).refused(ConferenceIsOver)
    past.when(wish(CheckIn, participant_id=ANNA)).refused(ConferenceIsOver)


def test_a_cancelled_conference_is_never_held():
    story.given(*opened(), cancelled).when(wish(HoldConference)).then()


def test_a_held_conference_is_never_cancelled():
    story.given(*opened(), held).when(wish(CancelConference)).refused(ConferenceIsOver(status="HELD"))


def test_cancelling_a_registration_afterwards_changes_nothing():
    story.given(*opened(), *seated(ANNA), held).when(wish(CancelRegistration, participant_id=ANNA)).then()


def test_a_person_can_be_erased_after_the_evening():
    outcome = story.given(*opened(), *seated(ANNA), held).when(wish(EraseParticipant, participant_id=ANNA))
    assert outcome.after.seats.registrations[ANNA].status == "ERASED"


def test_erasing_somebody_unknown_changes_nothing():
    story.when(wish(EraseParticipant, participant_id=ANNA)).then()
    story.given(*opened()).when(wish(EraseParticipant, participant_id=ANNA)).then()


def test_when_the_time_of_keeping_is_over_everybody_is_erased_and_nobody_moves_up():
    people = [*seated(ANNA, BORIS), *waiting(CLARA), submitted(DILEK)]
    over = story.given(*opened(capacity=2), *people, RegistrationExpired(conference_id=EVENING, participant_id=DILEK))
    outcome = over.when(wish(EraseEverybody))
    erased = [event.participant_id for event in outcome.events if isinstance(event, ParticipantErased)]
    assert erased == [ANNA, BORIS, CLARA]
    assert not any(isinstance(event, SeatTaken) for event in outcome.events)
    over.given(*outcome.events).when(wish(EraseEverybody)).then()
