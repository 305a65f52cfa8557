# SPDX-License-Identifier: Apache-2.0
"""How a client's view is held against what a query answers."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from gateway.client.results import (
    ChatChanged,
    ChatChangedChangedMessages,
    ChatChangedChangedMessagesAuthor,
    ConferenceSnapshot,
    PollsChanged,
    PollsChangedChangedPolls,
    PollsChangedChangedPollsQuestion,
)
from services.cli.rehearse.view import View, channels

AT = datetime(2026, 11, 20, 18, tzinfo=UTC)
NOTHING: dict[str, Any] = {"plenary": None}


def poll(poll_id: str, *, ballots: int = 0) -> PollsChangedChangedPolls:
    return PollsChangedChangedPolls(
        id=poll_id,
        kind="SINGLE",
        question=PollsChangedChangedPollsQuestion(de="Ja?", en="Yes?"),
        options=(),
        open=False,
        ballots=ballots,
        results="LIVE",
        waiting=0,
        at_least=None,
        at_most=None,
        tally=(),
        spread=None,
    )


def told(*polls: PollsChangedChangedPolls) -> View:
    view = View()
    view.apply(PollsChanged(cursor="", server_time=AT, changed_polls=polls))
    return view


def seeing(**parts: Any) -> View:
    view = View()
    view.apply(ConferenceSnapshot(cursor="", server_time=AT, chats=(), **parts))
    return view


def answer(*polls: Any) -> SimpleNamespace:
    return SimpleNamespace(
        session=None, my_group=None, my_placement=None, problems=None, polls=polls, sheets=None, board=None
    )


def test_the_same_polls_do_not_differ():
    assert told(poll("p1")).differences(answer(poll("p1")), NOTHING) == []


def test_another_value_is_told_with_its_place():
    assert told(poll("p1", ballots=3)).differences(answer(poll("p1", ballots=4)), NOTHING) == [
        "polls.p1.ballots: 3 in the view, 4 in the answer"
    ]


def test_a_change_that_was_lost_is_told():
    assert told().differences(answer(poll("p1")), NOTHING) == ["polls: p1 is missing in the view"]


def test_a_removal_that_was_lost_is_told():
    assert told(poll("p1")).differences(answer(), NOTHING) == ["polls: p1 is in the view alone"]


def test_a_part_that_is_missing_as_a_whole_is_told():
    view = seeing(placement={"room": "here"})
    assert view.differences(answer(), NOTHING) == ["placement: {'room': 'here'} in the view, None in the answer"]


def message(message_id: str, text: str = "Hallo") -> ChatChangedChangedMessages:
    author = ChatChangedChangedMessagesAuthor(id="anna")
    return ChatChangedChangedMessages(id=message_id, channel="g1", author=author, text=text, hidden=False, at=AT)


def heard(*messages: ChatChangedChangedMessages) -> View:
    view = View()
    view.apply(
        ChatChanged(
            cursor="", server_time=AT, channel="g1", readable=True, changed_messages=messages, removed_message_ids=()
        )
    )
    return view


def test_the_chat_of_a_group_is_compared():
    chat = SimpleNamespace(messages=(message("m1"),))
    assert heard(message("m1")).differences(answer(), {"plenary": None, "g1": chat}) == []
    assert heard(message("m1", "Na")).differences(answer(), {"g1": chat}) == [
        "chats.g1.m1.text: 'Na' in the view, 'Hallo' in the answer"
    ]


def test_a_channel_that_one_may_no_longer_read_is_told():
    assert heard(message("m1")).differences(answer(), NOTHING) == ["chats: g1 is in the view alone"]


@pytest.mark.parametrize("part", ["groups", "venue", "presence"])
def test_what_staff_see_is_compared(part):
    asked = answer()
    setattr(asked, part, {"some": "thing"})
    assert View().differences(asked, NOTHING) == [f"{part}: None in the view, {{'some': 'thing'}} in the answer"]
    assert seeing(**{part: {"some": "thing"}}).differences(asked, NOTHING) == []


def test_help_calls_that_staff_see_are_compared():
    asked = answer()
    asked.help = (msgspec.defstruct("HelpCall", ["id"])("h1"),)
    assert View().differences(asked, NOTHING) == ["help: h1 is missing in the view"]


def test_residents_read_the_plenary_and_their_group_and_staff_read_every_channel():
    group = SimpleNamespace(id="g1")
    alone, seated, staff = answer(), answer(), answer()
    seated.my_group = group
    staff.groups = SimpleNamespace(groups=(group, SimpleNamespace(id="g2")))
    assert channels(alone) == ["plenary"]
    assert channels(seated) == ["plenary", "g1"]
    assert channels(staff) == ["plenary", "staff", "g1", "g2"]
