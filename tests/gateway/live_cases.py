# SPDX-License-Identifier: Apache-2.0
"""What can change in a conference: what the services answer then, and what tells of it."""

import msgspec

from services.chassis.decider import Sealed
from services.contracts import ideas, rooms, session
from tests.gateway.city import (
    ANNA,
    BEN,
    CEM,
    CONFERENCE,
    DORA,
    GROUP_1,
    GROUP_2,
    MODERATOR,
    START,
    message,
    text,
)
from tests.gateway.pictures import AT, LIVE, view

CARD = ideas.CardView(card_id="72" * 16, kind="OFFER", text="ein Auto", tags=(), author_id=ANNA, at=START)

SECOND_POLL = session.PollView(
    poll_id="91" * 16, kind="word_cloud", question=text("Ein Wort?"), options=(), open=True, ballots=0, tally=None
)

REPORT = session.ReportView(
    report_id="ce" * 16, made_by=ANNA, participant_id=ANNA, message_id=None, reason="Ton", made_at=START,
    claimed_by=None, closed=False,
)  # fmt: skip
CALL = session.HelpCallView(
    call_id="ca" * 16, group_id=GROUP_1, asked_by=ANNA, reason="Ton", asked_at=START, claimed_by=None, resolved=False
)

REGROUPED = (
    session.GroupView(group_id=GROUP_1, number=1, members=(BEN, CEM)),
    session.GroupView(group_id=GROUP_2, number=2, members=(ANNA, DORA), mentor_id=MODERATOR),
)

MOVED = tuple(
    rooms.PlacementEntry(
        participant_id=one, room=f"r2.g{group.number}", confirmed=False, kind="group", group_id=group.group_id
    )
    for group in REGROUPED
    for one in group.members
)

SHEETS = view(ideas.Sheets).sheets

WRITTEN = msgspec.structs.replace(
    SHEETS[0],
    passages=(
        *SHEETS[0].passages,
        ideas.PassageView(passage_id="67" * 16, field="approach", text="bauen", author_id=ANNA, version=1),
    ),
)

CASES = {
    "phase": (view(session.SessionView, status="PAUSED", deadline=None), session.SessionPaused(**AT, run=1)),
    "announcement": (
        view(session.SessionView, announcement="Gleich geht es weiter"),
        session.BroadcastSent(**AT, message_id="b" * 32, text=Sealed("k", b"")),
    ),
    "groups": (
        view(session.GroupsView, generation=2, groups=REGROUPED),
        session.GroupsPlaced(**AT, generation=2, run=1, mode="mix", groups=()),
    ),
    "recall": (
        view(session.GroupsView, generation=2, groups=(), mode=None),
        session.GroupsRecalled(**AT, generation=2),
    ),
    "placement": (
        view(rooms.VenueView, generation=2, placements=MOVED),
        rooms.RoomOpened(**AT, generation=2, room="r2", kind="group"),
    ),
    "polls": (
        view(session.PollsView, polls=(*view(session.PollsView).polls, SECOND_POLL)),
        session.PollOpened(**AT, poll_id=SECOND_POLL.poll_id),
    ),
    "results": (
        view(session.PollsView, polls=(msgspec.structs.replace(view(session.PollsView).polls[0], ballots=3),)),
        session.PollResultsChanged(**LIVE),
    ),
    "cards": (
        view(ideas.BoardView, cards=(view(ideas.BoardView).cards[1], CARD)),
        ideas.CardsChanged(**LIVE),
    ),
    "kinds": (view(ideas.BoardView, open_kinds=()), ideas.CardsChanged(**LIVE)),
    "problems": (view(ideas.ProblemsView, open=True, voters=2), ideas.TopicsChosen(**AT, topics=())),
    "sheets": (view(ideas.Sheets, sheets=(WRITTEN, SHEETS[1])), ideas.SheetsChanged(**LIVE)),
    "chat": (
        session.ChatView(
            conference_id=CONFERENCE, channel="plenary", messages=(message("3", None, hidden=True), message("8", "Neu"))
        ),
        session.MessagePosted(**AT, message_id="8" * 32, channel="plenary"),
    ),
    "help": (view(session.HelpView, calls=(CALL,)), session.HelpRequested(**AT, call_id="ca" * 16, group_id=GROUP_1)),
    "reports": (view(session.ReportsView, reports=(REPORT,)), session.ReportMade(**AT, report_id="ce" * 16)),
    "presence": (view(session.PresenceView, present=(ANNA,)), session.PresenceChanged(**LIVE)),
}
