# SPDX-License-Identifier: Apache-2.0
"""Who belongs in which room."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.chassis.decider import Refusal
from services.chassis.testing.story import Story
from services.rooms.domain.arrival import ARRIVAL, ConfirmRoom, PlacementChanged, PlacementConfirmed
from services.rooms.domain.venue import (
    VENUE,
    AdmitAgain,
    BarPerson,
    CloseVenue,
    GroupHasNoRoom,
    MovePerson,
    OpenGeneration,
    PrepareVenue,
    RecallPeople,
    VenueIsClosed,
)
from services.rooms.domain.venue_facts import (
    GroupRoomClosed,
    GroupRoomOpened,
    PeopleRecalled,
    PersonBarred,
    PersonMoved,
    Seating,
    VenueClosed,
    VenuePrepared,
)

NOW = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
CONF = "c0" * 16
ANNA, BEN, CLEO, DAVID, EMRE, FADIME = (f"{n:032x}" for n in range(1, 7))
RED, BLUE = "a1" * 16, "b2" * 16
PREPARED = VenuePrepared(conference_id=CONF, cell="c1", plenary=f"c1.{CONF}.p")
RED_ROOM, BLUE_ROOM = f"c1.{CONF}.r1.g1", f"c1.{CONF}.r1.g2"


def opened(group: str, room: str, *members: str, generation: int = 1) -> GroupRoomOpened:
    return GroupRoomOpened(conference_id=CONF, generation=generation, room=room, group_id=group, members=members)


ROUND_ONE = (PREPARED, opened(RED, RED_ROOM, ANNA, BEN, CLEO), opened(BLUE, BLUE_ROOM, DAVID, EMRE, FADIME))
story = Story(VENUE)


def test_a_venue_is_prepared_once():
    story.given(PREPARED).when(PrepareVenue(now=NOW, conference_id=CONF, cell="c1")).then()


def test_the_plenary_has_a_name_made_of_cell_and_conference():
    story.when(PrepareVenue(now=NOW, conference_id=CONF, cell="c1")).then(PREPARED)


def test_groups_open_one_generation_with_a_room_each():
    groups = (
        Seating(group_id=RED, number=1, members=(ANNA, BEN, CLEO)),
        Seating(group_id=BLUE, number=2, members=(DAVID, EMRE, FADIME)),
    )
    (story.given(PREPARED).when(OpenGeneration(now=NOW, conference_id=CONF, groups=groups)).then(*ROUND_ONE[1:]))


def test_groups_before_the_lobby_are_refused():
    story.when(OpenGeneration(now=NOW, conference_id=CONF, groups=())).refused(VenueIsClosed)


def test_a_second_round_closes_the_first_and_uses_other_names():
    groups = (Seating(group_id=RED, number=1, members=(ANNA, EMRE, CLEO)),)
    outcome = story.given(*ROUND_ONE).when(OpenGeneration(now=NOW, conference_id=CONF, groups=groups))
    outcome.then(
        GroupRoomClosed(conference_id=CONF, room=RED_ROOM),
        GroupRoomClosed(conference_id=CONF, room=BLUE_ROOM),
        opened(RED, f"c1.{CONF}.r2.g1", ANNA, EMRE, CLEO, generation=2),
    )
    assert outcome.after.room_of(BEN) == PREPARED.plenary


def test_a_round_without_groups_brings_everybody_back_into_the_plenary():
    outcome = story.given(*ROUND_ONE).when(OpenGeneration(now=NOW, conference_id=CONF, groups=()))
    outcome.then(
        PeopleRecalled(conference_id=CONF, generation=2),
        GroupRoomClosed(conference_id=CONF, room=RED_ROOM),
        GroupRoomClosed(conference_id=CONF, room=BLUE_ROOM),
    )
    assert outcome.after.room_of(ANNA) == PREPARED.plenary


def test_a_person_moves_into_the_room_of_another_group():
    (
        story.given(*ROUND_ONE)
        .when(MovePerson(now=NOW, participant_id=ANNA, group_id=BLUE))
        .then(PersonMoved(conference_id=CONF, generation=2, participant_id=ANNA, room=BLUE_ROOM))
    )


def test_a_move_to_where_the_person_belongs_changes_nothing():
    story.given(*ROUND_ONE).when(MovePerson(now=NOW, participant_id=ANNA, group_id=RED)).then()


def test_a_move_into_a_group_without_a_room_is_refused():
    command = MovePerson(now=NOW, participant_id=ANNA, group_id="ff" * 16)
    story.given(*ROUND_ONE).when(command).refused(GroupHasNoRoom(group_id="ff" * 16))


def test_a_recall_brings_everybody_into_the_plenary():
    outcome = story.given(*ROUND_ONE).when(RecallPeople(now=NOW))
    assert outcome.events[0] == PeopleRecalled(conference_id=CONF, generation=2)
    assert {outcome.after.room_of(person) for person in (ANNA, EMRE)} == {PREPARED.plenary}


def test_a_recall_without_groups_changes_nothing():
    story.given(PREPARED).when(RecallPeople(now=NOW)).then()


def test_a_person_can_be_barred_before_the_venue_is_ready():
    (
        story.when(BarPerson(now=NOW, conference_id=CONF, participant_id=ANNA)).then(
            PersonBarred(conference_id=CONF, participant_id=ANNA)
        )
    )


def test_a_readmitted_person_is_no_longer_barred():
    barred = PersonBarred(conference_id=CONF, participant_id=ANNA)
    assert (
        not story.given(PREPARED, barred)
        .when(AdmitAgain(now=NOW, conference_id=CONF, participant_id=ANNA))
        .after.barred
    )


def test_a_closed_venue_places_nobody():
    closed = VenueClosed(conference_id=CONF)
    story.given(PREPARED, closed).when(MovePerson(now=NOW, participant_id=ANNA, group_id=None)).refused(VenueIsClosed)


def test_closing_twice_is_closing_once():
    story.given(PREPARED, VenueClosed(conference_id=CONF)).when(CloseVenue(now=NOW)).then()


people = st.sampled_from([ANNA, BEN, CLEO, DAVID, EMRE, FADIME])
commands = st.lists(
    st.one_of(
        st.builds(MovePerson, now=st.just(NOW), participant_id=people, group_id=st.sampled_from([RED, BLUE, None])),
        st.builds(RecallPeople, now=st.just(NOW)),
        st.permutations([ANNA, BEN, CLEO, DAVID, EMRE, FADIME]).map(
            lambda order: OpenGeneration(
                now=NOW,
                conference_id=CONF,
                groups=(
                    Seating(group_id=RED, number=1, members=tuple(order[:3])),
                    Seating(group_id=BLUE, number=2, members=tuple(order[3:])),
                ),
            )
        ),
    ),
    max_size=20,
)


@given(commands)
def test_everybody_always_belongs_in_exactly_one_open_room(wishes):
    venue = VENUE.fold(VENUE.initial, [PREPARED])
    names_seen: set[str] = set()
    for wish in wishes:
        result = VENUE.decide(venue, wish)
        if isinstance(result, Refusal):
            continue
        before = venue
        venue = VENUE.fold(venue, result)
        new_rooms = {room.name for room in venue.rooms} - {room.name for room in before.rooms}
        assert not new_rooms & names_seen, "a room's name was used twice"
        names_seen |= new_rooms
        open_rooms = {venue.plenary, *(room.name for room in venue.rooms)}
        assert {venue.room_of(person) for person in (ANNA, BEN, CLEO, DAVID, EMRE, FADIME)} <= open_rooms
        assert venue.generation >= before.generation


arrival = Story(ARRIVAL)
CONFIRM = ConfirmRoom(now=NOW, conference_id=CONF, participant_id=ANNA, generation=1, room=RED_ROOM, present=1)
CONFIRMED = PlacementConfirmed(conference_id=CONF, participant_id=ANNA, generation=1, room=RED_ROOM)


def test_a_client_confirms_the_room_it_is_in():
    arrival.when(CONFIRM).then(CONFIRMED)


def test_confirming_the_same_room_twice_is_one_arrival():
    arrival.given(CONFIRMED).when(CONFIRM).then()


def test_a_client_of_an_earlier_generation_is_told_the_present_one():
    late = ConfirmRoom(now=NOW, conference_id=CONF, participant_id=ANNA, generation=1, room=BLUE_ROOM, present=2)
    arrival.given(CONFIRMED).when(late).refused(PlacementChanged(generation=2))
