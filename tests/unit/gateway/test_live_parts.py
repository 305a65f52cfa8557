# SPDX-License-Identifier: Apache-2.0
"""What each viewer may see of the live views, and what makes a view out of date."""

from datetime import UTC, datetime

import pytest

from gateway.live import visibility
from gateway.live.parts import Seats, changes, parts, upserts, wanted
from gateway.live.views import BOUND, VIEWS, Key
from gateway.live.visibility import Viewer
from gateway.schema.live import CHANGES
from services.chassis.contract import ContractEvent, LiveChange
from services.contracts import ideas, registration, rooms, session

CONFERENCE = "c" * 32
ANNA, BEN, MIA = Viewer("a" * 32, staff=False), Viewer("b" * 32, staff=False), Viewer("e" * 32, staff=True)
AT = datetime(2026, 11, 7, 16, tzinfo=UTC)
ONE = session.GroupPlaced(group_id="1" * 32, number=1, members=(ANNA.id,), mentor_id=MIA.id)
TWO = session.GroupPlaced(group_id="2" * 32, number=2, members=(BEN.id,))
GROUPS = session.GroupsView(
    conference_id=CONFERENCE, generation=1, run=1, mode="mix", groups=(ONE, TWO), with_moderator=(), plans=1
)


SEATED = session.PresenceView(conference_id=CONFERENCE, seated=(ANNA.id, BEN.id), present=(), staff={})


def test_who_waits_for_a_seat_sees_the_clock_alone():
    views = {Key("session"): "clock", Key("groups"): GROUPS, Key("presence"): SEATED}
    waiting = Viewer("f" * 32, staff=False)
    assert parts(waiting, views) == {Key("session"): "clock"}
    assert Key("groups") in parts(waiting._replace(invited=True), views)
    assert parts(ANNA, {**views, Key("presence"): None}) == {Key("session"): "clock"}


def test_residents_see_their_own_group_and_staff_all():
    views = {Key("groups"): GROUPS, Key("presence"): SEATED}
    assert parts(ANNA, views)[Key("groups")] == Seats(None, ONE)
    assert parts(MIA, views)[Key("groups")] == Seats(GROUPS, ONE)


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
    found = visibility.placement(BEN, venue)
    assert (found.room, found.generation, found.video) == ("rb", 3, True)
    assert visibility.placement(MIA, venue).room == "plenary"
    assert visibility.placement(MIA, None) is None


def test_what_is_equal_is_no_change_and_what_is_gone_is_one():
    key, other = Key("session"), Key("polls")
    assert changes({key: 1, other: 2}, {key: 1, other: 2}) == []
    assert [(change.key, change.before, change.now) for change in changes({key: 1}, {other: 2})] == [
        (other, None, 2),
        (key, 1, None),
    ]


def test_a_list_changes_by_what_is_new_or_other_and_by_the_ids_of_what_is_gone():
    assert upserts(("a1", "b1", "c1"), ("a1", "b2", "d1"), lambda item: item[0]) == (["b2", "d1"], ["c"])


def messages(kind):
    return {
        value
        for module in (registration, session, rooms, ideas)
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, kind) and value is not kind and not name.startswith("_")
    }


UNSHOWN = {
    registration.ConferenceAnnounced, registration.ConferenceOpened, registration.ConferenceClosed,
    ideas.ChallengePublished, ideas.JuryRoundOpened, ideas.JurorRecused, ideas.JuryRoundClosed, ideas.IdeaAwarded,
}  # fmt: skip
"""Messages that change nothing that a live conference shows."""


def test_every_message_of_the_contracts_makes_a_view_out_of_date_or_is_known_to_change_nothing():
    told = messages(ContractEvent) | messages(LiveChange)
    bound = {message for view in VIEWS.values() for message in view.messages}
    assert told - bound == UNSHOWN
    assert {(message.SERVICE, message.__name__) for message in bound} == set(BOUND)


def test_every_part_has_a_change_that_tells_of_it():
    kinds = {key.kind for key in wanted(MIA, {})}
    assert kinds | {"placement"} == set(CHANGES)
