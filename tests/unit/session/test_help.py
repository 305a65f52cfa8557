# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime

from services.chassis.decider import Sealed
from services.chassis.testing.story import Story
from services.session.domain.help import (
    HELP,
    AlreadyClaimed,
    AlreadyResolved,
    ClaimHelp,
    HelpClaimed,
    HelpRequested,
    HelpResolved,
    RequestHelp,
    ResolveHelp,
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
    return HelpClaimed(call_id=FIRST, by=by)


def claim(by: str = MENTOR) -> ClaimHelp:
    return ClaimHelp(call_id=FIRST, by=by, now=NOON)


RESOLVED = HelpResolved(call_id=FIRST, by=MENTOR)
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
