# SPDX-License-Identifier: Apache-2.0
"""Who is here: what gateways ask before they show a conference to somebody."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from services.chassis.decider import Event
from services.chassis.records import Recorded
from services.session.domain.roster_facts import (
    ParticipantExcluded,
    ParticipantReadmitted,
    PersonCame,
    PersonWent,
    SeatEmptied,
    SeatFilled,
    StaffJoined,
    StaffVisits,
)
from services.session.readmodel.places import PRESENCE, WhoIsHere

CONFERENCE, ANNA, BEN, MIA = "c" * 32, "a" * 32, "b" * 32, "d" * 32
SEATED = (SeatFilled(participant_id=ANNA, attributes=None), SeatFilled(participant_id=BEN, attributes=None))
EXCLUDED = ParticipantExcluded(participant_id=ANNA, code="insult", by=MIA)


def seated_after(*events: Event) -> tuple[str, ...]:
    return after(*events).answer(CONFERENCE).seated


def after(*events: Event) -> WhoIsHere:
    here = WhoIsHere()
    for event in events:
        recorded = Recorded(
            7, uuid4(), 0, "topic", b"", UUID(CONFERENCE), uuid4(), b"", datetime(2027, 3, 12, tzinfo=UTC)
        )
        assert PRESENCE.keys(event, recorded) == (CONFERENCE,)
        here = PRESENCE.evolve(here, event, recorded) or here
    return here


def test_nothing_is_shown_to_an_excluded_person_even_by_a_gateway_that_missed_the_exclusion():
    assert seated_after(*SEATED, EXCLUDED) == (BEN,)


def test_a_readmitted_person_has_the_seat_again():
    assert seated_after(*SEATED, EXCLUDED, ParticipantReadmitted(participant_id=ANNA)) == (ANNA, BEN)


def test_who_lost_the_seat_while_excluded_has_none_when_readmitted():
    readmitted = ParticipantReadmitted(participant_id=ANNA)
    assert seated_after(*SEATED, EXCLUDED, SeatEmptied(participant_id=ANNA), readmitted) == (BEN,)


def test_staff_of_the_series_are_shown_with_all_their_roles_while_they_are_here():
    came = (StaffJoined(staff_id=MIA, role="mentor"), StaffVisits(staff_id=MIA, roles=("mentor", "moderator")))
    assert after(*came, PersonCame(person_id=MIA)).answer(CONFERENCE).staff == {MIA: ("mentor", "moderator")}
    gone = after(*came, PersonCame(person_id=MIA), PersonWent(person_id=MIA))
    assert gone.answer(CONFERENCE).staff == {MIA: ("mentor",)}
    assert after(*came, StaffVisits(staff_id=MIA, roles=())).answer(CONFERENCE).staff == {MIA: ("mentor",)}
