# SPDX-License-Identifier: Apache-2.0
"""How a client's view is held against what a query answers."""

from types import SimpleNamespace
from typing import Any

from gateway.client.results import PollsChanged, PollsChangedChangedPolls, PollsChangedChangedPollsQuestion
from services.cli.rehearse.view import View

NOW = "2026-11-20T18:00:00Z"


def poll(poll_id: str, *, ballots: int = 0) -> PollsChangedChangedPolls:
    return PollsChangedChangedPolls(
        id=poll_id,
        kind="SINGLE",
        question=PollsChangedChangedPollsQuestion(de="Ja?", en="Yes?"),
        options=(),
        open=False,
        ballots=ballots,
        tally=(),
    )


def told(*polls: PollsChangedChangedPolls) -> View:
    view = View()
    view.apply(PollsChanged(cursor="", server_time=NOW, changed_polls=polls))  # type: ignore[arg-type]
    return view


def answer(*polls: Any) -> SimpleNamespace:
    return SimpleNamespace(
        session=None, my_group=None, my_placement=None, problems=None, polls=polls, sheets=None, board=None
    )


def test_the_same_polls_do_not_differ():
    assert told(poll("p1")).differences(answer(poll("p1")), None) == []


def test_another_value_is_told_with_its_place():
    assert told(poll("p1", ballots=3)).differences(answer(poll("p1", ballots=4)), None) == [
        "polls.p1.ballots: 3 in the view, 4 in the answer"
    ]


def test_a_change_that_was_lost_is_told():
    assert told().differences(answer(poll("p1")), None) == ["polls: p1 is missing in the view"]


def test_a_removal_that_was_lost_is_told():
    assert told(poll("p1")).differences(answer(), None) == ["polls: p1 is in the view alone"]


def test_a_part_that_is_missing_as_a_whole_is_told():
    view = told()
    view.whole["placement"] = {"room": "here"}
    assert view.differences(answer(), None) == ["placement: {'room': 'here'} in the view, None in the answer"]
