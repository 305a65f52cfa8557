# SPDX-License-Identifier: Apache-2.0
"""Who leads, and what they take back, in the real service over real NATS and PostgreSQL."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.chassis.identity import Actor
from services.contracts import registration
from services.contracts import session as asked
from services.contracts.refusals import AnotherLeads, NotADeputy
from tests.integration.session.evening import Evening, evening


@pytest.fixture
async def night(service_database, nats_url, prefix, tmp_path):
    async with evening(service_database, nats_url, prefix, tmp_path) as night:
        yield night


async def test_a_named_deputy_leads_until_the_moderator_takes_it_back(night: Evening):
    await night.running(6)
    deputy = night.staff("deputy")
    await night.tell(
        registration.StaffAssigned(at=night.now, conference_id=night.conference, staff_id=deputy.id, role="deputy")
    )
    press = asked.NextPhase(conference_id=night.conference, run=1)
    assert (await night.try_(press, deputy)).refusal == AnotherLeads(led_by=None)
    await night.ask(asked.HandOver(conference_id=night.conference, deputy_id=deputy.id))
    assert (await night.view()).led_by == deputy.id
    assert (await night.try_(press)).refusal == AnotherLeads(led_by=deputy.id)
    await night.ask(press, deputy)
    await night.ask(asked.HandBack(conference_id=night.conference))
    view = await night.view()
    assert (view.run, view.led_by) == (2, None)
    assert (await night.try_(asked.PauseSession(conference_id=night.conference), deputy)).refusal == AnotherLeads(
        led_by=None
    )


async def test_nobody_is_handed_the_lead_who_is_no_deputy(night: Evening):
    await night.running(6)
    who = uuid4().hex
    reply = await night.try_(asked.HandOver(conference_id=night.conference, deputy_id=who))
    assert reply.refusal == NotADeputy(deputy_id=who)


async def test_who_leads_is_not_told_to_strangers(night: Evening):
    await night.running(6)
    deputy = night.staff("deputy")
    await night.ask(asked.HandOver(conference_id=night.conference, deputy_id=deputy.id), deputy)
    query = asked.GetSession(conference_id=night.conference)
    assert (await night.ask(query, night.resident(night.residents[0]))).led_by == deputy.id
    assert (await night.ask(query, Actor("", "anonymous"))).led_by is None


async def test_a_wrong_next_is_taken_back_with_the_same_groups_and_the_time_that_was_left(night: Evening):
    await night.running(13)
    await night.next(1)
    sat, planned = await night.groups(), (await night.view()).deadline
    await night.next(2)
    elsewhere = await night.groups()
    await night.ask(asked.UndoPhaseChange(conference_id=night.conference, run=3))
    again, view = await night.groups(), await night.view()
    assert [group.members for group in again.groups] == [group.members for group in sat.groups]
    assert [group.members for group in elsewhere.groups] != [group.members for group in sat.groups]
    assert (view.phase, view.run) == (1, 4)
    assert view.deadline is not None
    assert planned is not None
    assert timedelta() <= view.deadline - planned < timedelta(seconds=60)  # as long as the mistake lasted


async def test_a_phase_that_is_left_out_is_shown_so_and_passed_over(night: Evening):
    await night.running(13)
    await night.ask(asked.SkipPhase(conference_id=night.conference, run=1, phase="one"))
    assert [phase.key for phase in (await night.view()).phases if phase.skipped] == ["one"]
    await night.next(1)
    view = await night.view()
    assert view.phase is not None
    assert view.phases[view.phase].key == "two"
