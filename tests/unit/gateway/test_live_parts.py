# SPDX-License-Identifier: Apache-2.0
"""What each viewer may see of the live views, and what makes a view out of date."""

from datetime import UTC, datetime

import msgspec
import pytest

from gateway.live import visibility
from gateway.live.changes import Changes
from gateway.live.parts import Look, Seats, parts, wanted
from gateway.live.topics import TOPICS
from gateway.live.views import VIEWS, Key, bound
from gateway.live.visibility import Viewer
from gateway.schema.live import CHANGES
from gateway.schema.live_city import DESK_CHANGES, JURY_CHANGES
from services.chassis.contract import ContractEvent, LiveChange
from services.contracts import ideas, registration, rooms, session

CONFERENCE = "c" * 32
ANNA, BEN, MIA = Viewer("a" * 32, staff=False), Viewer("b" * 32, staff=False), Viewer("e" * 32, staff=True)
AT = datetime(2026, 11, 7, 16, tzinfo=UTC)
ONE = session.GroupView(group_id="1" * 32, number=1, members=(ANNA.id,), mentor_id=MIA.id)
TWO = session.GroupView(group_id="2" * 32, number=2, members=(BEN.id,))
GROUPS = session.GroupsView(
    conference_id=CONFERENCE, generation=1, run=1, mode="mix", groups=(ONE, TWO), with_moderator=(), plans=1
)


SEATED = session.PresenceView(conference_id=CONFERENCE, seated=(ANNA.id, BEN.id), present=(), staff={})


def told(sent, now, *, again=frozenset(), changes=None):
    changes = changes or Changes()
    steps = changes.again(sent, now, again) if again else changes.between(sent, now)
    assert not steps or steps[-1].after == now
    return [step.change for step in steps]


def seen(viewer, views, shared=None):
    return parts(Look(viewer, {} if shared is None else shared), views)


def test_who_waits_for_a_seat_sees_the_clock_alone():
    views = {Key("session"): "clock", Key("groups"): GROUPS, Key("presence"): SEATED}
    waiting = Viewer("f" * 32, staff=False)
    assert seen(waiting, views) == {Key("session"): "clock"}
    assert Key("groups") in seen(waiting._replace(invited=True), views)
    assert seen(ANNA, {**views, Key("presence"): None}) == {Key("session"): "clock"}


def test_residents_see_their_own_group_and_staff_all():
    views = {Key("groups"): GROUPS, Key("presence"): SEATED}
    assert seen(ANNA, views)[Key("groups")] == Seats(None, ONE)
    assert seen(MIA, views)[Key("groups")] == Seats(GROUPS, ONE)


def test_residents_read_the_plenary_and_their_group_and_staff_every_channel():
    assert visibility.channels(ANNA, GROUPS) == ("plenary", ONE.group_id)
    assert visibility.channels(MIA, GROUPS) == ("plenary", "staff", ONE.group_id, TWO.group_id)
    assert visibility.channels(ANNA, None) == ("plenary",)


def test_help_calls_are_asked_for_only_for_staff():
    assert "help" not in {key.kind for key in wanted(ANNA, {})}
    assert "help" in {key.kind for key in wanted(MIA, {})}


@pytest.mark.parametrize(("kind", "hidden"), [("NEED", True), ("OFFER", True), ("VALUE", False), ("QUESTION", False)])
def test_the_author_of_a_need_or_offer_is_known_to_themselves_alone(kind, hidden):
    card = ideas.CardView(card_id="f" * 32, kind=kind, text="x", tags=(), author_id=ANNA.id, at=AT)
    assert visibility.card(ANNA, card).author_id == ANNA.id
    assert (visibility.card(BEN, card).author_id is None) == hidden


def sheet(group, author):
    passage = ideas.PassageView(passage_id="6" * 32, field="title", text="x", author_id=author, version=1)
    return ideas.SheetView(
        conference_id=CONFERENCE, sheet_id=group[0] * 32, group_id=group, topic_id=None, open=True, idea_id=None,
        passages=(passage,),
    )  # fmt: skip


def test_a_sheet_is_read_by_its_group_and_by_those_who_wrote_it():
    sheets = (sheet(ONE.group_id, ANNA.id), sheet(TWO.group_id, ANNA.id), sheet("3" * 32, BEN.id))
    assert visibility.sheets(ANNA, sheets, GROUPS) == sheets[:2]
    assert visibility.sheets(ANNA, sheets, None) == sheets[:2]
    assert visibility.sheets(BEN, sheets, GROUPS) == sheets[1:]
    assert visibility.sheets(MIA, sheets, GROUPS) == sheets


def test_a_hidden_message_keeps_its_text_for_staff():
    message = session.MessageView(
        message_id="3" * 32, channel="plenary", author_id=ANNA.id, text="x", hidden=True, at=AT
    )
    assert visibility.message(ANNA, message).text is None
    assert visibility.message(MIA, message).text == "x"


def test_a_placement_is_ones_own_and_whoever_has_none_belongs_to_the_plenary():
    entries = tuple(
        rooms.PlacementEntry(participant_id=one.id, room=f"r{one.id[0]}", confirmed=False) for one in (ANNA, BEN)
    )
    venue = rooms.VenueView(
        conference_id=CONFERENCE, generation=3, video=True, open=True, rooms=("plenary",), placements=entries
    )
    found = visibility.placement(BEN, venue, entries[1])
    assert (found.room, found.generation, found.video) == ("rb", 3, True)
    assert visibility.placement(MIA, venue, None).room == "plenary"
    assert visibility.placement(MIA, msgspec.structs.replace(venue, rooms=()), None) is None


def test_what_is_equal_is_no_change_and_what_is_gone_is_one():
    key, other = Key("session"), Key("presence")
    assert told({key: (1,), other: (2,)}, {key: (1,), other: (2,)}) == []
    assert [(change.key, change.now) for change in told({key: 1}, {other: 2})] == [(other, 2), (key, None)]


def poll(name, ballots):
    return session.PollView(
        poll_id=name * 32, kind="single_choice", question=None, options=(), open=True, ballots=ballots, tally=None
    )


def test_a_list_changes_by_what_is_new_or_other_and_by_the_ids_of_what_is_gone():
    key = Key("polls")
    old = (poll("a", 1), poll("b", 1), poll("c", 1))
    (change,) = told({key: old}, {key: (poll("a", 1), poll("b", 2), poll("d", 1))})
    assert change.changed == (poll("b", 2), poll("d", 1))
    assert change.removed == ("c" * 32,)


def test_a_board_whose_open_kinds_alone_differ_has_changed():
    key = Key("board")
    before = ideas.BoardView(conference_id=CONFERENCE, cards=(), open_kinds=("NEED",))
    (change,) = told({key: before}, {key: msgspec.structs.replace(before, open_kinds=())})
    assert (change.changed, change.removed, change.now.open_kinds) == ((), (), ())


def test_what_is_told_again_is_told_whole_with_what_is_gone():
    polls, evening = Key("polls"), Key("session")
    sent = {polls: (poll("a", 1), poll("b", 1)), evening: "clock"}
    now = {polls: (sent[polls][1],), evening: "clock"}
    found = told(sent, now, again=frozenset(sent))
    assert [(change.key, change.changed, change.removed) for change in found] == [
        (polls, now[polls], ("a" * 32,)),
        (evening, (), ()),
    ]


def test_changes_are_not_kept_longer_than_they_are_used():
    changes = Changes(seconds=0.0)
    for number in range(100):
        told({}, {Key("session"): str(number)}, changes=changes)
        changes.begin()
    assert len(changes._known) == 1
    assert not changes._pairs


def offer(author, name):
    return ideas.CardView(card_id=name * 32, kind="OFFER", text="x", tags=(), author_id=author, at=AT)


def test_everybody_but_the_author_is_told_of_an_offer_by_the_same_object():
    old = ideas.BoardView(conference_id=CONFERENCE, cards=(offer(BEN.id, "5"),), open_kinds=("OFFER",))
    new = msgspec.structs.replace(old, cards=(*old.cards, offer(ANNA.id, "6")))
    cem = Viewer("d" * 32, staff=False)
    present = session.PresenceView(conference_id=CONFERENCE, seated=(ANNA.id, BEN.id, cem.id), present=(), staff={})
    shared, changes = {}, Changes()
    looks = [Look(viewer, shared) for viewer in (ANNA, BEN, cem)]
    sent = [parts(look, {Key("board"): old, Key("presence"): present}) for look in looks]
    now = [parts(look, {Key("board"): new, Key("presence"): present}) for look in looks]
    (anna,), (ben,), (cems,) = [told(old, new, changes=changes) for old, new in zip(sent, now, strict=True)]
    assert ben is cems
    assert ben.changed[0].author_id is None
    assert anna.changed[0].author_id == ANNA.id


def test_a_change_that_comes_back_later_is_told_anew():
    key, changes = Key("session"), Changes(seconds=0.0)
    (first,) = told({key: "old"}, {key: "new"}, changes=changes)
    changes.begin()
    (second,) = told({key: "old"}, {key: "new"}, changes=changes)
    assert first is not second


def messages(kind):
    return {
        value
        for module in (registration, session, rooms, ideas)
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, kind) and value is not kind and not name.startswith("_")
    }


UNSHOWN = {
    registration.StaffErased, registration.AppAccessChanged, ideas.ChallengePublished,
    # For the feed of changes.
    registration.DistrictDefined, registration.ConferenceHeld, session.SessionPrepared, ideas.IdeaRevised,
    # Asked for when it is answered; registration writes to people.
    session.SurveyOpened, session.SurveyClosed,
    # A jury round tells its own live change.
    ideas.JuryRoundOpened, ideas.JurorRecused, ideas.JuryRoundClosed, ideas.IdeaAwarded,
}  # fmt: skip
"""Messages that change nothing that can be watched."""


def test_every_message_of_the_contracts_makes_a_view_out_of_date_or_is_known_to_change_nothing():
    told = messages(ContractEvent) | messages(LiveChange)
    shown = {message for topic in TOPICS for view in topic.views.values() for message in view.messages}
    assert told - shown == UNSHOWN
    of_conferences = {message for view in VIEWS.values() for message in view.messages}
    assert {(message.SERVICE, message.__name__) for message in of_conferences} == set(bound(VIEWS))


def test_every_part_has_a_change_that_tells_of_it():
    kinds = {key.kind for key in wanted(MIA, {})}
    assert kinds | {"placement", "conduct"} == set(CHANGES)
    assert {key.kind for key in TOPICS[1].wanted(MIA, {})} == set(DESK_CHANGES)
    assert TOPICS[2].affected("round") == set(JURY_CHANGES)
