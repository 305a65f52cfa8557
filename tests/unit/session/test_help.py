# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta

from services.chassis.decider import Sealed
from services.chassis.testing.story import Story
from services.session.domain.help import (
    CALLS,
    HELP,
    WINDOW,
    AlreadyClaimed,
    AlreadyResolved,
    ClaimHelp,
    EnterGroup,
    HandOverHelp,
    HelpClaimed,
    HelpHandedOver,
    HelpPooled,
    HelpRequested,
    HelpResolved,
    PoolHelp,
    RequestHelp,
    ResolveHelp,
    TooManyCalls,
    UnknownCall,
)

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ANNA, BILAL, MENTOR, MODERATOR = "a" * 32, "b" * 32, "c" * 32, "d" * 32
GROUP, OTHER_GROUP = "e" * 32, "f" * 32
FIRST, SECOND = "1" * 32, "2" * 32
REASON = Sealed(ANNA, b"box")

story = Story(HELP)


def asked(call_id: str = FIRST, by: str = ANNA, group: str | None = GROUP) -> HelpRequested:
    return HelpRequested(call_id=call_id, asked_by=by, group_id=group, reason=REASON, asked_at=NOON)


def ask(call_id: str = FIRST, by: str = ANNA, group: str | None = GROUP) -> RequestHelp:
    return RequestHelp(call_id=call_id, asked_by=by, group_id=group, reason=REASON, now=NOON)


def claimed(by: str = MENTOR) -> HelpClaimed:
    return HelpClaimed(call_id=FIRST, by=by, claimed_at=NOON)


def claim(by: str = MENTOR) -> ClaimHelp:
    return ClaimHelp(call_id=FIRST, by=by, now=NOON)


RESOLVED = HelpResolved(call_id=FIRST, by=MENTOR, resolved_at=NOON)
POOL = PoolHelp(call_id=FIRST, now=NOON)
POOLED = HelpPooled(call_id=FIRST, pooled_at=NOON)
RESOLVE = ResolveHelp(call_id=FIRST, by=MENTOR, now=NOON)


def test_a_group_asks_for_help():
    story.when(ask()).then(asked())


def test_a_second_person_of_a_waiting_group_adds_no_call():
    story.given(asked()).when(ask(SECOND, BILAL)).then()


def test_a_person_outside_groups_waits_only_once():
    story.given(asked(group=None)).when(ask(SECOND, group=None)).then()


def test_two_persons_outside_groups_wait_each_for_themselves():
    story.given(asked(group=None)).when(ask(SECOND, BILAL, None)).then(asked(SECOND, BILAL, None))


def test_another_group_waits_by_itself():
    story.given(asked()).when(ask(SECOND, BILAL, OTHER_GROUP)).then(asked(SECOND, BILAL, OTHER_GROUP))


def test_a_claimed_call_still_stands_for_its_group():
    story.given(asked(), claimed()).when(ask(SECOND, BILAL)).then()


def test_after_the_call_is_done_the_group_may_ask_again():
    story.given(asked(), claimed(), RESOLVED).when(ask(SECOND)).then(asked(SECOND))


def test_the_first_of_the_staff_takes_the_call():
    story.given(asked()).when(claim()).then(claimed())


def test_the_second_of_the_staff_learns_who_took_it():
    story.given(asked(), claimed()).when(claim(MODERATOR)).refused(AlreadyClaimed(by=MENTOR))


def test_claiming_ones_own_call_again_changes_nothing():
    story.given(asked(), claimed()).when(claim()).then()


def test_a_call_that_is_done_is_not_claimed():
    story.given(asked(), RESOLVED).when(claim()).refused(AlreadyResolved(call_id=FIRST))


def test_a_call_that_nobody_made_is_not_claimed():
    story.when(claim()).refused(UnknownCall(call_id=FIRST))


def test_a_call_is_done():
    story.given(asked(), claimed()).when(RESOLVE).then(RESOLVED)


def test_a_call_can_be_withdrawn_before_anybody_came():
    story.given(asked()).when(RESOLVE).then(RESOLVED)


def test_resolving_twice_changes_nothing():
    story.given(asked(), RESOLVED).when(RESOLVE).then()


def test_a_call_that_nobody_made_is_not_resolved():
    story.when(RESOLVE).refused(UnknownCall(call_id=FIRST))


def test_a_call_that_nobody_takes_is_offered_to_the_pool():
    story.given(asked()).when(POOL).then(POOLED)


def test_a_call_is_offered_to_the_pool_once():
    story.given(asked(), POOLED).when(POOL).then()


def test_a_call_that_somebody_has_stays_with_them():
    story.given(asked(), claimed()).when(POOL).then()


def test_a_call_that_is_done_needs_no_pool():
    story.given(asked(), RESOLVED).when(POOL).then()


def hand_over(to: str | None, by: str = MENTOR, *, leads: bool = False) -> HandOverHelp:
    return HandOverHelp(call_id=FIRST, by=by, leads=leads, to=to, now=NOON)


def handed_over(to: str | None, by: str = MENTOR) -> HelpHandedOver:
    return HelpHandedOver(call_id=FIRST, by=by, to=to, handed_over_at=NOON)


def test_who_has_a_call_hands_it_over():
    story.given(asked(), claimed()).when(hand_over(MODERATOR)).then(handed_over(MODERATOR))


def test_a_mentor_does_not_give_away_what_another_has():
    story.given(asked(), claimed(MODERATOR)).when(hand_over(MENTOR)).refused(AlreadyClaimed(by=MODERATOR))


def test_who_leads_gives_away_what_others_have():
    away = hand_over(ANNA, MODERATOR, leads=True)
    story.given(asked(), claimed()).when(away).then(handed_over(ANNA, MODERATOR))


def test_a_call_given_back_waits_for_whoever_comes_first():
    story.given(asked(), claimed(), handed_over(None)).when(claim(MODERATOR)).then(claimed(MODERATOR))


def test_a_call_given_back_is_offered_to_the_pool_in_the_end():
    story.given(asked(), claimed(), handed_over(None)).when(POOL).then(POOLED)


def test_handing_over_to_who_has_it_changes_nothing():
    story.given(asked(), handed_over(MODERATOR)).when(hand_over(MODERATOR)).then()


def test_staff_who_enter_the_group_answer_its_call():
    entered = EnterGroup(group_id=GROUP, by=MODERATOR, came_at=NOON, now=NOON)
    story.given(asked(), claimed()).when(entered).then(HelpResolved(call_id=FIRST, by=MODERATOR, resolved_at=NOON))


def test_who_asked_for_help_does_not_answer_by_coming_back():
    story.given(asked(by=MENTOR)).when(EnterGroup(group_id=GROUP, by=MENTOR, came_at=NOON, now=NOON)).then()


def test_entering_a_group_that_did_not_call_changes_nothing():
    story.given(asked()).when(EnterGroup(group_id=OTHER_GROUP, by=MENTOR, came_at=NOON, now=NOON)).then()


def test_who_came_before_the_group_called_has_not_answered_its_call():
    earlier = EnterGroup(group_id=GROUP, by=MENTOR, came_at=NOON - timedelta(seconds=1), now=NOON)
    story.given(asked()).when(earlier).then()


def flood() -> list[HelpRequested | HelpResolved]:
    ids = [f"{number:032x}" for number in range(CALLS)]
    return [
        event for one in ids for event in (asked(one, group=None), HelpResolved(call_id=one, by=ANNA, resolved_at=NOON))
    ]


def test_a_person_who_calls_and_withdraws_again_and_again_has_to_wait():
    story.given(*flood()).when(ask(FIRST, group=None)).refused(TooManyCalls(retry_at=NOON + WINDOW))


def test_after_a_while_the_person_may_call_again():
    later = RequestHelp(call_id=FIRST, asked_by=ANNA, group_id=None, reason=None, now=NOON + WINDOW)
    called = HelpRequested(call_id=FIRST, asked_by=ANNA, group_id=None, reason=None, asked_at=NOON + WINDOW)
    story.given(*flood()).when(later).then(called)


def test_others_may_call_all_the_same():
    story.given(*flood()).when(ask(FIRST, BILAL, None)).then(asked(FIRST, BILAL, None))
