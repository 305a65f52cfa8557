# SPDX-License-Identifier: Apache-2.0
"""Who drives the clock: the moderators, or the one deputy who took over."""

import pytest

from services.chassis.testing.story import Story
from services.session.domain.session import SESSION
from services.session.domain.session_commands import (
    CITY,
    AnotherLeads,
    By,
    EndSession,
    HandBack,
    HandOver,
    NextPhase,
    OpenLobby,
    PauseSession,
    SessionIs,
    SkipPhase,
    StartSession,
)
from services.session.domain.session_facts import LeadHandedBack, LeadHandedOver, SessionEnded
from services.session.domain.session_state import led_by_of
from tests.unit.session.evening import IN_GROUPS, NOON, PREPARED, RUNNING, left

story = Story(SESSION)
MIA = By(id="a" * 32, role="moderator")
DAN, DOT = (By(id=letter * 32, role="deputy") for letter in "bc")
OVER = LeadHandedOver(deputy_id=DAN.id, by=MIA.id)


def test_the_moderator_hands_over_to_a_deputy():
    story.given(*RUNNING).when(HandOver(deputy_id=DAN.id, by=MIA, now=NOON)).then(OVER)


def test_a_deputy_takes_over_by_naming_themselves():
    taken = LeadHandedOver(deputy_id=DAN.id, by=DAN.id)
    story.given(*RUNNING).when(HandOver(deputy_id=DAN.id, by=DAN, now=NOON)).then(taken)
    story.given(PREPARED).when(HandOver(deputy_id=DAN.id, by=DAN, now=NOON)).then(taken)


def test_a_deputy_names_nobody_else():
    story.given(*RUNNING).when(HandOver(deputy_id=DOT.id, by=DAN, now=NOON)).refused(AnotherLeads(led_by=None))


def test_handing_over_twice_changes_nothing():
    story.given(*RUNNING, OVER).when(HandOver(deputy_id=DAN.id, by=MIA, now=NOON)).then()


def test_who_leads_may_hand_on():
    story.given(*RUNNING, OVER).when(HandOver(deputy_id=DOT.id, by=DAN, now=NOON)).then(
        LeadHandedOver(deputy_id=DOT.id, by=DAN.id)
    )


@pytest.mark.parametrize("by", [MIA, DAN, CITY])
def test_the_moderator_takes_the_lead_back_and_the_deputy_or_the_city_may_give_it(by):
    story.given(*RUNNING, OVER).when(HandBack(by=by, now=NOON)).then(LeadHandedBack(by=by.id))


def test_another_deputy_does_not_hand_back():
    story.given(*RUNNING, OVER).when(HandBack(by=DOT, now=NOON)).refused(AnotherLeads(led_by=DAN.id))


def test_taking_back_what_nobody_has_changes_nothing():
    story.given(*RUNNING).when(HandBack(by=MIA, now=NOON)).then()


def test_an_ended_evening_has_no_lead():
    given = story.given(*RUNNING, left(1, 0), SessionEnded())
    given.when(HandOver(deputy_id=DAN.id, by=MIA, now=NOON)).refused(SessionIs(status="ENDED"))
    given.when(HandBack(by=MIA, now=NOON)).refused(SessionIs(status="ENDED"))


CLICKS = [
    lambda by: NextPhase(run=2, force=True, by=by, now=NOON),
    lambda by: PauseSession(by=by, now=NOON),
    lambda by: SkipPhase(run=2, phase="closing", by=by, now=NOON),
    lambda by: EndSession(by=by, now=NOON),
]


@pytest.mark.parametrize("click", CLICKS)
def test_a_deputy_who_did_not_take_over_drives_nothing(click):
    story.given(*IN_GROUPS).when(click(DAN)).refused(AnotherLeads(led_by=None))


@pytest.mark.parametrize("click", CLICKS)
def test_while_a_deputy_leads_only_they_and_the_city_drive(click):
    led = story.given(*IN_GROUPS, OVER)
    led.when(click(MIA)).refused(AnotherLeads(led_by=DAN.id))
    led.when(click(DOT)).refused(AnotherLeads(led_by=DAN.id))
    assert led.when(click(DAN)).events
    assert led.when(click(CITY)).events


def test_the_lead_lasts_from_the_lobby_through_all_phases():
    led = story.given(PREPARED, OVER)
    outcome = led.when(OpenLobby(by=DAN, now=NOON), StartSession(by=DAN, now=NOON), NextPhase(run=1, by=DAN, now=NOON))
    assert led_by_of(outcome.after) == DAN.id
