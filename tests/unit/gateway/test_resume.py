# SPDX-License-Identifier: Apache-2.0
"""Whatever is lost, stalled or broken on the way: the picture of a client is what a fresh snapshot would say."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.live.history import History
from gateway.live.subscriber import UNKNOWN, Place
from gateway.live.views import Key, Told
from gateway.live.visibility import Viewer
from services.contracts import ideas, rooms, session
from tests.gateway.city import ANNA, BEN, CEM, CONFERENCE, GROUP_1, GROUP_2, MODERATOR, START, message, text
from tests.unit.gateway.watching import Client, answered, hub, tell_now

GUEST = "6e" * 16
VIEWERS = (
    Viewer(ANNA, staff=False), Viewer(BEN, staff=False), Viewer(CEM, staff=False), Viewer(MODERATOR, staff=True),
    Viewer(GUEST, staff=False, invited=True),
)  # fmt: skip
EVENING, POLLS = Key("session"), Key("polls")


def evening(number: int) -> Any:
    return session.SessionView(
        conference_id=CONFERENCE, status="RUNNING", script="s", phases=(), phase=number, run=number,
        started_at=START, deadline=None, left_seconds=None, announcement=None,
    )  # fmt: skip


def polls(*ballots: int) -> Any:
    found = (
        session.PollView(
            poll_id=f"{n}" * 32, kind="single", question=text("?"), options=(), open=True, ballots=b, tally=None
        )
        for n, b in enumerate(ballots)
    )
    return session.PollsView(conference_id=CONFERENCE, polls=tuple(found))


def groups(swapped: bool) -> Any:
    members = ((CEM, BEN), (ANNA,)) if swapped else ((ANNA, BEN), (CEM,))
    placed = (
        session.GroupView(group_id=group, number=n, members=people)
        for n, (group, people) in enumerate(zip((GROUP_1, GROUP_2), members, strict=True), 1)
    )
    return session.GroupsView(
        conference_id=CONFERENCE, generation=int(swapped), run=1, mode="mix", groups=tuple(placed), with_moderator=(),
        plans=1,
    )  # fmt: skip


def chat(channel: str, names: str) -> Any:
    messages = tuple(message(name, name, channel=channel, hidden=name == "f") for name in names)
    return session.ChatView(conference_id=CONFERENCE, channel=channel, messages=messages)


def board(names: str) -> Any:
    cards = tuple(
        ideas.CardView(
            card_id=name * 32, kind="OFFER", text="x", tags=(), author_id=ANNA if name < "c" else BEN, at=START
        )
        for name in names
    )
    return ideas.BoardView(conference_id=CONFERENCE, open_kinds=("OFFER",), cards=cards)


def sheets(author: str) -> Any:
    """A sheet of the first group, with a passage by somebody who may be of the other one."""
    passage = ideas.PassageView(passage_id="6" * 32, field="title", text="x", author_id=author, version=1)
    sheet = ideas.SheetView(
        conference_id=CONFERENCE, sheet_id="5" * 32, group_id=GROUP_1, topic_id=None, open=True, idea_id=None,
        passages=(passage,),
    )  # fmt: skip
    return ideas.Sheets(conference_id=CONFERENCE, sheets=(sheet,))


def venue(placed: str, generation: int) -> Any:
    entry = rooms.PlacementEntry(participant_id=placed, room="r", confirmed=False)
    return rooms.VenueView(
        conference_id=CONFERENCE, generation=generation, video=True, open=True, rooms=("p", "r"), placements=(entry,)
    )


def presence(seated: tuple[str, ...]) -> Any:
    return session.PresenceView(conference_id=CONFERENCE, seated=seated, present=(), staff={})


NAMES = st.text("abcdef", max_size=3).map(lambda names: "".join(dict.fromkeys(names)))
ANSWERS = st.one_of(
    st.integers(0, 3).map(lambda number: (EVENING, evening(number))),
    st.lists(st.integers(0, 2), max_size=3).map(lambda ballots: (POLLS, polls(*ballots))),
    st.booleans().map(lambda swapped: (Key("groups"), groups(swapped))),
    st.tuples(st.sampled_from(["plenary", "staff", GROUP_1, GROUP_2]), NAMES).map(
        lambda said: (Key("chat", said[0]), chat(*said))
    ),
    NAMES.map(lambda names: (Key("board"), board(names))),
    st.sampled_from([(ANNA, BEN, CEM), (ANNA, BEN), (CEM,)]).map(lambda seated: (Key("presence"), presence(seated))),
    st.sampled_from([ANNA, CEM]).map(lambda author: (Key("sheets"), sheets(author))),
    st.tuples(st.sampled_from([ANNA, BEN]), st.integers(0, 1)).map(lambda placed: (Key("venue"), venue(*placed))),
    st.sampled_from([(EVENING, None), (POLLS, None)]),
)
WHO = st.integers(0, len(VIEWERS) - 1)
BREAKS = st.tuples(WHO, st.integers(0, 3), st.lists(ANSWERS, min_size=1, max_size=4))
STEPS = st.one_of(
    ANSWERS.map(lambda answer: ("answer", answer)),
    st.just(("tell", None)),
    BREAKS.map(lambda what: ("break", what)),
    st.tuples(WHO, st.integers(0, 2)).map(lambda stalled: ("stall", stalled)),
    WHO.map(lambda who: ("read", who)),
    WHO.map(lambda who: ("disconnect", who)),
    WHO.map(lambda who: ("connect", who)),
    st.sampled_from([ANNA, CEM]).map(lambda who: ("release", who)),
    st.sampled_from([ANNA, CEM]).map(lambda who: ("seat", who)),
    st.just(("forget", None)),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, min_size=5, max_size=30))
def test_a_picture_that_was_interrupted_and_resumed_is_a_fresh_picture(steps: list[tuple[str, Any]]) -> None:
    asyncio.run(_play(steps))


async def _play(steps: list[tuple[str, Any]]) -> None:
    watched = hub()
    for key, answer in ((Key("presence"), presence((ANNA, BEN, CEM))), (Key("groups"), groups(False))):
        answered(watched, key, answer)
    clients = [Client(watched, viewer) for viewer in VIEWERS]
    for kind, what in steps:
        match kind:
            case "answer":
                answered(watched, *what)
            case "tell":
                tell_now(watched)
            case "stall":
                clients[what[0]].stall(what[1])
            case "break":  # reads so many messages more of what is told together, then the connection is cut
                who, messages, answers = what
                clients[who].stall(messages)
                for answer in answers:
                    answered(watched, *answer)
                tell_now(watched)
                clients[who].disconnect()
                clients[who].read()
                await clients[who].connect()
            case "read":
                clients[what].read()
            case "disconnect":
                clients[what].disconnect()
            case "connect":
                if clients[what].subscriber is None:
                    await clients[what].connect()
            case "release" | "seat":
                name = "SeatReleased" if kind == "release" else "SeatTaken"
                watched._note_seat(name, _told(what))
            case "forget":
                watched.history.forget()
    for client in clients:
        if client.subscriber is None:
            await client.connect()
    tell_now(watched)
    for client in clients:
        if not client.ready:
            client.read()
    for client in clients:
        assert client.failed is None
        assert client.sees() == client.fresh()


def _told(participant: str) -> Any:
    return Told(participant_id=participant)


async def test_who_comes_back_hears_only_what_has_changed_and_nothing_twice():
    watched = hub()
    answered(watched, Key("presence"), presence((ANNA,)))
    answered(watched, EVENING, evening(1))
    answered(watched, POLLS, polls(1, 1))
    anna = Client(watched, VIEWERS[0])
    await anna.connect()
    answered(watched, EVENING, evening(2))
    tell_now(watched)
    anna.disconnect()
    answered(watched, POLLS, polls(1, 2))
    answered(watched, POLLS, polls(1, 3))
    tell_now(watched)
    anna.heard.clear()
    await anna.connect()
    resumed, change = anna.heard
    assert resumed is None
    assert [poll.ballots for poll in change.changed] == [3]
    anna.disconnect()
    anna.heard.clear()
    await anna.connect()
    assert anna.heard == [None]


async def test_what_cannot_be_known_any_more_comes_as_a_snapshot():
    watched = hub()
    answered(watched, Key("presence"), presence((ANNA,)))
    anna = Client(watched, VIEWERS[0])
    await anna.connect()
    place = anna.cursor
    assert place is not None
    for changed in (
        place._replace(hub="another"),
        place._replace(generation=UNKNOWN),
        place._replace(generation=place.generation + 1),
        place._replace(audience="staff"),
    ):
        anna.disconnect()
        anna.heard.clear()
        anna.cursor = changed
        await anna.connect()
        assert anna.heard == [{}]


def test_answers_are_kept_for_a_while_and_in_a_bounded_number():
    now = [0.0]
    history = History(seconds=60, versions=3, now=lambda: now[0])
    for number in range(5):
        history.note(EVENING, number)
        now[0] += 1
    assert history.at(history.generation) == {EVENING: 4}
    assert history.at(history.generation - 2) == {EVENING: 2}
    assert history.at(history.generation - 3) is None
    now[0] += 100
    history.note(POLLS, "polls")
    history.note(EVENING, 5)
    assert history.at(history.generation - 1) == {EVENING: 4, POLLS: "polls"}
    now[0] += 100
    history.note(EVENING, 6)
    assert history.at(history.generation - 1) == {EVENING: 5, POLLS: "polls"}
    assert history.at(history.generation - 2) is None
    assert history.at(history.generation + 1) is None


def test_what_changed_often_once_is_forgotten_when_something_else_changes_later():
    now = [0.0]
    history = History(seconds=60, now=lambda: now[0])
    for number in range(50):
        history.note(EVENING, number)
    now[0] += 61
    history.note(POLLS, "polls")
    assert [len(kept) for kept in history._answers.values()] == [1, 1]
    assert history.at(history.generation) == {EVENING: 49, POLLS: "polls"}
    assert history.at(history.generation - 1) == {EVENING: 49}
    assert history.at(history.generation - 2) is None


async def test_whom_registration_seats_no_more_sees_the_clock_alone_and_everything_once_seated_again():
    watched = hub()
    answered(watched, Key("presence"), presence((ANNA, BEN)))
    answered(watched, EVENING, evening(1))
    answered(watched, POLLS, polls(1))
    anna, ben = Client(watched, VIEWERS[0]), Client(watched, VIEWERS[1])
    await anna.connect()
    await ben.connect()
    for seated, seen in (((BEN,), {EVENING}), ((ANNA, BEN), {EVENING, POLLS})):
        answered(watched, Key("presence"), presence(seated))
        tell_now(watched)
        assert anna.sees().keys() == seen
    assert POLLS in ben.sees()


async def test_who_is_interrupted_within_a_round_hears_also_what_was_taken_back_meanwhile():
    watched = hub()
    before, after = (evening(1), polls(1)), (evening(2), polls(2))
    answered(watched, Key("presence"), presence((ANNA,)))
    for key, answer in zip((EVENING, POLLS), before, strict=True):
        answered(watched, key, answer)
    anna = Client(watched, VIEWERS[0])
    await anna.connect()
    for key, answer in zip((EVENING, POLLS), after, strict=True):
        answered(watched, key, answer)
    anna.stall(1)
    tell_now(watched)
    assert len(anna.heard) == 2  # one of both changes, whichever
    for key, answer in zip((EVENING, POLLS), before, strict=True):
        answered(watched, key, answer)
    anna.disconnect()
    anna.read()
    await anna.connect()
    assert anna.sees() == anna.fresh()


async def test_who_is_told_without_a_name_cannot_resume_from_there():
    watched = hub()
    answered(watched, EVENING, evening(1))
    anna = Client(watched, VIEWERS[0])
    watched.show.incomplete = True
    await anna.connect()
    watched.show.incomplete = False
    answered(watched, EVENING, evening(2))
    tell_now(watched)
    assert anna.cursor is not None
    assert isinstance(anna.cursor, Place)
    anna.disconnect()
    anna.heard.clear()
    await anna.connect()
    assert anna.heard == [{EVENING: evening(2)}]
