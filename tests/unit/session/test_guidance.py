# SPDX-License-Identifier: Apache-2.0
"""A group without a mentor guides itself: steps on the screen, and three roles."""

from itertools import combinations
from uuid import UUID, uuid4

from services.chassis.decider import Event
from services.chassis.records import Recorded
from services.contracts.session import GroupView
from services.contracts.shared import LocalText
from services.session.domain.groups_facts import MentorMoved
from services.session.domain.guidance import ROLES, roles_of
from services.session.readmodel.places import GROUPINGS, GroupsNow
from tests.unit.session.evening import NOON
from tests.unit.session.test_groups import after, decided, place

CONFERENCE = "c" * 32
STEPS = (LocalText(de="Reden", en="Talk"),)
PEOPLE = [f"p{number}" for number in range(12)]


def shown(*events: Event) -> list[GroupView]:
    now = GroupsNow()
    for event in events:
        recorded = Recorded(7, uuid4(), 0, "topic", b"", UUID(CONFERENCE), uuid4(), b"", NOON)
        now = GROUPINGS.evolve(now, event, recorded) or now
    return list(now.answer(CONFERENCE, STEPS).groups)


def test_three_different_people_take_the_three_roles():
    for members in combinations(PEOPLE, 3):
        assert set(roles_of("exchange", members).values()) == set(members)
    assert set(roles_of("exchange", PEOPLE[:5])) == set(ROLES)


def test_the_order_of_the_people_changes_nothing():
    assert roles_of("exchange", PEOPLE[:5]) == roles_of("exchange", PEOPLE[4::-1])


def test_who_leaves_without_a_role_changes_nobody_s():
    for start in range(8):
        group = PEOPLE[start : start + 5]
        drawn = roles_of("exchange", group)
        for idle in set(group) - set(drawn.values()):
            assert roles_of("exchange", [one for one in group if one != idle]) == drawn


def test_another_phase_draws_anew():
    drawn = {tuple(roles_of(f"phase-{number}", PEOPLE[:4]).values()) for number in range(12)}
    assert len(drawn) > 6


def test_a_group_without_a_mentor_is_told_its_steps_and_roles_and_one_with_a_mentor_is_not():
    placed = decided(after(), place("abc", "def", mentors="M"))
    accompanied, alone = shown(*placed)
    assert (accompanied.steps, accompanied.roles) == ((), ())
    assert alone.steps == STEPS
    assert {role.role: role.participant_id for role in alone.roles} == roles_of("exchange", ("d", "e", "f"))


def test_the_roles_come_back_when_the_mentor_goes_on():
    placed = decided(after(), place("abc", "def", mentors="M"))
    first, second = shown(*placed, MentorMoved(generation=2, mentor_id="M", group_id="g2"))
    assert {role.role: role.participant_id for role in first.roles} == roles_of("exchange", ("a", "b", "c"))
    assert second.roles == ()
