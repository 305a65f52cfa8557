# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from services.chassis.decider import Sealed
from services.chassis.records import Recorded
from services.contracts import session as told
from services.contracts.shared import Reason
from services.session.domain import groups_facts, roster_facts, session_facts
from services.session.domain.seating import Group
from services.session.domain.seating_rules import SeatingRule
from services.session.publishing import publish
from tests.unit.session.evening import NOON, PREPARED, by_hand, entered, left, minutes

CONFERENCE = "c" * 32
AT = datetime(2027, 3, 12, 13, tzinfo=UTC)
STAMP = {"at": AT, "conference_id": CONFERENCE}
ANNA, MIA = "a" * 32, "b" * 32
GROUP = Group(group_id="d" * 32, number=1, members=(ANNA,), mentor_id=MIA, topic_id="e" * 32)


def recorded(conference: str | None = CONFERENCE) -> Recorded:
    where = UUID(conference) if conference else None
    return Recorded(7, uuid4(), 0, "topic", b"", where, uuid4(), b"", AT)


BY_MIA = Reason(code="insult", by=MIA)
DRAFT = groups_facts.Draft(
    version=1, phase="exchange", mode="mix", groups=(GROUP,), with_moderator=(), seed=1, algorithm="x"
)

PUBLISHED = [
    (PREPARED, told.SessionPrepared(**STAMP)),
    (session_facts.LobbyOpened(), told.LobbyOpened(**STAMP)),
    (session_facts.SessionStarted(started_at=NOON), told.SessionStarted(**STAMP)),
    (
        entered(2, 1, NOON),
        told.PhaseStarted(
            **STAMP,
            run=2,
            phase="exchange",
            kind="groups",
            tools=("needs_offers",),
            group_mode="mix",
            deadline=NOON + minutes(15),
        ),
    ),
    (
        session_facts.PhaseExtended(run=2, deadline=NOON, by_hand=False),
        told.PhaseExtended(**STAMP, run=2, deadline=NOON),
    ),
    (session_facts.PhaseSkipped(key="exchange"), told.AgendaChanged(**STAMP, phase="exchange", skipped=True)),
    (session_facts.PhaseRestored(key="exchange"), told.AgendaChanged(**STAMP, phase="exchange", skipped=False)),
    (session_facts.LeadHandedOver(deputy_id=MIA, by=MIA), told.LeadChanged(**STAMP, led_by=MIA)),
    (session_facts.LeadHandedBack(by=MIA), told.LeadChanged(**STAMP, led_by=None)),
    (
        session_facts.GroupExtended(
            run=2, group_id=MIA, offset_seconds=60.0, deadline=NOON, ends_at=NOON, by_hand=False
        ),
        told.GroupExtended(**STAMP, run=2, group_id=MIA, deadline=NOON + minutes(1)),
    ),
    (
        session_facts.TimeMarkReached(run=2, minutes=5, deadline=NOON, by_hand=False),
        told.TimeMarkReached(**STAMP, run=2, minutes=5, deadline=NOON),
    ),
    (
        session_facts.PhaseClosing(run=2, closes_at=NOON, by_hand=True),
        told.PhaseClosing(**STAMP, run=2, closes_at=NOON),
    ),
    (left(2, 1), told.PhaseEnded(**STAMP, run=2, phase="exchange", tools=("needs_offers",))),
    (session_facts.SessionPaused(run=2, left_seconds=1.0), told.SessionPaused(**STAMP, run=2)),
    (session_facts.PausedPhaseExtended(run=2, left_seconds=1.0), told.SessionPaused(**STAMP, run=2)),
    (
        session_facts.SessionResumed(run=2, deadline=NOON, by_hand=True),
        told.SessionResumed(**STAMP, run=2, deadline=NOON),
    ),
    (session_facts.SessionEnded(), told.SessionEnded(**STAMP)),
    (
        groups_facts.GroupsPlaced(
            generation=3,
            run=2,
            phase="exchange",
            mode="mix",
            groups=(GROUP,),
            with_moderator=(),
            spare=(),
            seed=1,
            algorithm="x",
            again=False,
        ),
        told.GroupsPlaced(
            **STAMP,
            generation=3,
            run=2,
            mode="mix",
            groups=(told.GroupPlaced(group_id="d" * 32, number=1, members=(ANNA,), mentor_id=MIA, topic_id="e" * 32),),
        ),
    ),
    (
        groups_facts.PersonMoved(generation=4, participant_id=ANNA, group_id=None, gone=True),
        told.ParticipantMoved(**STAMP, generation=4, participant_id=ANNA, group_id=None),
    ),
    (
        groups_facts.MentorMoved(generation=5, mentor_id=MIA, group_id="d" * 32),
        told.ParticipantMoved(**STAMP, generation=5, participant_id=MIA, group_id="d" * 32),
    ),
    (
        groups_facts.GroupLocked(group_id="d" * 32, locked=True),
        told.GroupLocked(**STAMP, group_id="d" * 32, locked=True),
    ),
    (groups_facts.GroupsRecalled(generation=6), told.GroupsRecalled(**STAMP, generation=6)),
    (roster_facts.PersonCame(person_id=ANNA), told.PresenceEdge(**STAMP, participant_id=ANNA, present=True)),
    (roster_facts.PersonWent(person_id=ANNA), told.PresenceEdge(**STAMP, participant_id=ANNA, present=False)),
    *(
        (fact(participant_id=ANNA, code="insult", by=MIA), contract(**STAMP, participant_id=ANNA, reason=BY_MIA))
        for fact, contract in (
            (roster_facts.ParticipantWarned, told.ParticipantWarned),
            (roster_facts.ParticipantMuted, told.ParticipantMuted),
            (roster_facts.ParticipantSetApart, told.ParticipantSetApart),
        )
    ),
    (
        roster_facts.ParticipantUnmuted(participant_id=ANNA, by=MIA),
        told.ParticipantUnmuted(**STAMP, participant_id=ANNA),
    ),
    (
        roster_facts.ParticipantTakenBack(participant_id=ANNA, by=MIA),
        told.ParticipantTakenBack(**STAMP, participant_id=ANNA),
    ),
    (
        roster_facts.ParticipantExcluded(participant_id=ANNA, code="insult", by=MIA),
        told.ParticipantExcluded(**STAMP, participant_id=ANNA, reason=Reason(code="insult", by=MIA)),
    ),
    (
        roster_facts.ParticipantReadmitted(participant_id=ANNA, code="settled", by=MIA),
        told.ParticipantReadmitted(**STAMP, participant_id=ANNA, reason=Reason(code="settled", by=MIA)),
    ),
    (roster_facts.ParticipantReadmitted(participant_id=ANNA), told.ParticipantReadmitted(**STAMP, participant_id=ANNA)),
]

KEPT = [
    session_facts.SessionMoved(starts_at=NOON),
    by_hand(1, 0, 5, NOON),
    session_facts.PhaseChangeUndone(run=2),
    groups_facts.TopicsKept(topics=()),
    groups_facts.WishesKept(ranks={}),
    groups_facts.PlanDrafted(draft=DRAFT),
    groups_facts.PlanChosen(version=1),
    groups_facts.PlanWentLive(version=1),
    groups_facts.SeatingRuleSet(rule=SeatingRule(kind="apart", people=(ANNA, MIA))),
    groups_facts.SeatingRuleDropped(rule=SeatingRule(kind="apart", people=(ANNA, MIA))),
    groups_facts.TagsKept(participant_id=ANNA, kind="NEED", tags=(Sealed(ANNA, b"garden"),)),
    roster_facts.SeatFilled(participant_id=ANNA, attributes=Sealed(ANNA, b"box")),
    roster_facts.SeatEmptied(participant_id=ANNA),
    roster_facts.StaffJoined(staff_id=MIA, role="mentor"),
    roster_facts.StaffLeft(staff_id=MIA, role="mentor"),
    roster_facts.StaffVisits(staff_id=MIA, roles=("mentor",)),
    roster_facts.PersonForgotten(participant_id=ANNA),
]


@pytest.mark.parametrize(("event", "contract"), PUBLISHED, ids=lambda one: type(one).__name__)
def test_an_event_that_concerns_others_is_told(event, contract):
    assert publish(event, recorded()) == contract


@pytest.mark.parametrize("event", KEPT, ids=lambda one: type(one).__name__)
def test_an_event_that_concerns_nobody_else_stays_inside(event):
    assert publish(event, recorded()) is None


def test_every_event_of_session_groups_and_roster_is_decided_upon():
    known = {type(event) for event, _ in PUBLISHED} | {type(event) for event in KEPT}
    assert known == {
        kind
        for module in (session_facts, groups_facts, roster_facts)
        for kind in vars(module).values()
        if isinstance(kind, type) and hasattr(kind, "TOPIC") and kind.__module__ == module.__name__
    }
