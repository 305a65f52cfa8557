# SPDX-License-Identifier: Apache-2.0
"""Who may write on which sheet follows the placement of the solutions phase, whatever comes later."""

from datetime import UTC, datetime

from services.chassis.decider import Refusal
from services.chassis.testing.story import Story
from services.ideas.domain.evening import (
    EVENING,
    Evening,
    EveningCommand,
    GroupsNoted,
    MemberMoved,
    MoveMember,
    NoteGroups,
    NotePhase,
    PenReturned,
    PenTaken,
    PhaseNoted,
    ReturnPen,
    SheetGroup,
    TakePen,
    group_of,
)

NOON = datetime(2027, 4, 17, 12, tzinfo=UTC)
G1 = SheetGroup(group_id="g1", members=("anna", "ben"), mentors=("mia",))
G2 = SheetGroup(group_id="g2", members=("cem", "dora"))
SHEETS = PhaseNoted(run=5, sheets=True)
PLACED = GroupsNoted(generation=3, run=5, groups=(G1, G2))
story = Story(EVENING)


def after(*commands: EveningCommand) -> Evening:
    state = EVENING.initial
    for command in commands:
        result = EVENING.decide(state, command)
        assert not isinstance(result, Refusal)
        state = EVENING.fold(state, result)
    return state


def test_what_is_known_is_not_noted_again():
    story.given(SHEETS).when(NotePhase(now=NOON, run=5, sheets=True)).then()
    story.given(SHEETS, PLACED).when(NoteGroups(now=NOON, generation=3, run=5, groups=(G1, G2))).then()


def test_groups_are_seated_whichever_is_told_first_the_phase_or_the_placement():
    phase, groups = NotePhase(now=NOON, run=5, sheets=True), NoteGroups(now=NOON, generation=3, run=5, groups=(G1, G2))
    assert after(phase, groups).groups == after(groups, phase).groups == {"g1": G1, "g2": G2}


def test_a_person_who_moves_writes_in_the_new_group():
    moved = story.given(SHEETS, PLACED).when(MoveMember(now=NOON, participant_id="anna", group_id="g2"))
    moved.then(MemberMoved(participant_id="anna", group_id="g2"))
    assert group_of(moved.after, "anna") == "g2"
    assert moved.after.groups["g1"].members == ("ben",)


def test_groups_of_a_later_phase_leave_the_sheets_with_their_groups():
    state = after(
        NotePhase(now=NOON, run=5, sheets=True),
        NoteGroups(now=NOON, generation=3, run=5, groups=(G1, G2)),
        MoveMember(now=NOON, participant_id="anna", group_id="g2"),
        NotePhase(now=NOON, run=6, sheets=False),
        NoteGroups(now=NOON, generation=5, run=6, groups=(SheetGroup(group_id="x", members=("anna", "ben")),)),
        MoveMember(now=NOON, participant_id="cem", group_id=None),
    )
    assert group_of(state, "anna") == "g2"
    assert group_of(state, "cem") == "g2"


def test_a_recall_after_the_phase_leaves_the_groups_their_sheets():
    story.given(SHEETS, PLACED, PhaseNoted(run=6, sheets=False)).when(
        MoveMember(now=NOON, participant_id="anna", group_id=None)
    ).then()


def test_all_who_ever_mentored_a_group_are_remembered():
    other = GroupsNoted(generation=4, run=5, groups=(SheetGroup(group_id="g1", members=("anna",), mentors=("noa",)),))
    state = EVENING.fold(EVENING.initial, [SHEETS, PLACED, other])
    assert state.groups["g1"].mentors == ("mia", "noa")
    assert state.groups["g2"].members == ()


def test_an_excluded_person_gets_the_pen_back_when_readmitted():
    taken = PenTaken(participant_id="anna", erased=False)
    story.when(TakePen(now=NOON, participant_id="anna")).then(taken)
    story.given(taken).when(TakePen(now=NOON, participant_id="anna")).then()
    story.given(taken).when(ReturnPen(now=NOON, participant_id="anna")).then(PenReturned(participant_id="anna"))


def test_an_erased_person_never_gets_the_pen_back():
    erased = PenTaken(participant_id="anna", erased=True)
    story.given(PenTaken(participant_id="anna", erased=False)).when(
        TakePen(now=NOON, participant_id="anna", erased=True)
    ).then(erased)
    story.given(erased).when(ReturnPen(now=NOON, participant_id="anna")).then()
