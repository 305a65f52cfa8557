# SPDX-License-Identifier: Apache-2.0
"""Which earlier groups come back in a phase, and how large computed groups are."""

import msgspec
import pytest

from services.session.domain.groups_state import GroupPlan
from services.session.domain.seating import Seating
from services.session.methods.plans import Question, plan
from services.session.planning import like_of
from tests.unit.session.evening import SCRIPT

EXCHANGE = next(phase for phase in SCRIPT.phases if phase.kind == "groups")
SAME = msgspec.structs.replace(EXCHANGE, key="again", group_mode="same")
HELD = GroupPlan(earlier={"one": Seating(groups=()), "two": Seating(groups=())})


def test_the_groups_of_the_phase_that_the_script_names_come_back():
    assert like_of(msgspec.structs.replace(SAME, like="one"), HELD) == "one"


def test_without_a_name_those_of_the_last_phase_come_back():
    assert like_of(SAME, HELD) == "two"


def test_a_phase_that_was_left_out_has_no_groups_to_bring_back():
    assert like_of(msgspec.structs.replace(SAME, like="skipped"), HELD) == "two"
    assert like_of(SAME, GroupPlan()) is None


def test_other_phases_form_new_groups():
    assert like_of(EXCHANGE, HELD) is None


@pytest.mark.parametrize(("size", "groups"), [(3, 16), (4, 13), (5, 10)])
def test_computed_groups_have_the_size_of_the_script(size, groups):
    people = tuple(f"p{number:02}" for number in range(50))
    assert len(plan(Question(mode="mix", people=people, size=size)).groups) == groups


def test_groups_of_one_topic_have_the_size_of_the_script():
    people = tuple(f"p{number:02}" for number in range(9))
    wishes = tuple(("t",) for _ in people)
    found = plan(Question(mode="topic", people=people, topics=("t",), wishes=wishes, size=5))
    assert sorted(len(members) for members, _ in found.groups) == [4, 5]
