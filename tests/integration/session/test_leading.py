# SPDX-License-Identifier: Apache-2.0
"""Who leads, and what they take back, in the real service over real NATS and PostgreSQL."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from services.chassis.identity import Actor
from services.contracts import registration
from services.contracts import session as asked
from services.contracts.refusals import AnotherLeads, NoSuchGroup, NotADeputy, PhaseHasChanged
from services.session.domain.session_facts import PhaseStarted
from tests.integration.chassis.waiting import until
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


async def test_a_soft_click_announces_the_end_and_the_clock_leads_on(service_database, nats_url, prefix, tmp_path):
    async with evening(service_database, nats_url, prefix, tmp_path, pace=10) as night:
        await night.running(6)
        for key in ("one", "two", "topics", "solutions"):
            await night.ask(asked.SkipPhase(conference_id=night.conference, run=1, phase=key))
        await night.next(1)
        await night.next(2)
        closing = await night.view()
        assert closing.run == 2
        assert closing.closes_at is not None
        assert closing.closes_at == closing.undo_until

        async def went_on() -> bool:
            return (await night.view()).status == "ENDED"

        await until(went_on)
        assert night.now >= closing.closes_at


async def test_one_group_gets_more_time_and_keeps_it_through_a_pause(night: Evening):
    await night.running(9)
    await night.next(1)
    one = (await night.groups()).groups[0].group_id
    extend = asked.ExtendGroup(conference_id=night.conference, run=2, group_id=one, minutes=3)
    await night.ask(extend)
    view = await night.view()
    assert view.deadline is not None
    assert view.group_deadlines == (
        asked.GroupDeadline(group_id=one, deadline=view.deadline + timedelta(minutes=3), left_seconds=None),
    )
    await night.ask(asked.PauseSession(conference_id=night.conference))
    paused = await night.view()
    assert paused.left_seconds is not None
    assert paused.group_deadlines[0].left_seconds == paused.left_seconds + 180
    nobody = asked.ExtendGroup(conference_id=night.conference, run=2, group_id=uuid4().hex, minutes=3)
    assert isinstance((await night.try_(nobody)).refusal, NoSuchGroup)


async def test_the_phase_lasts_until_the_last_group_is_done(service_database, nats_url, prefix, tmp_path):
    async with evening(service_database, nats_url, prefix, tmp_path, pace=120) as night:
        await night.running(6)
        await night.next(1)
        one = (await night.groups()).groups[0].group_id
        await night.ask(asked.ExtendGroup(conference_id=night.conference, run=2, group_id=one, minutes=2))
        deadline = (await night.view()).deadline
        assert deadline is not None

        async def went_on() -> bool:
            return (await night.view()).run == 3

        await until(went_on)
        started = [event for _, event in await night.log() if isinstance(event, PhaseStarted) and event.run == 3]
        assert started[0].deadline - timedelta(minutes=10) >= deadline + timedelta(minutes=2)


async def test_when_enough_groups_are_ready_the_phase_closes(night: Evening):
    await night.running(9)
    await night.ask(asked.SkipPhase(conference_id=night.conference, run=1, phase="one"))
    await night.ask(asked.SkipPhase(conference_id=night.conference, run=1, phase="two"))
    await night.ask(asked.SkipPhase(conference_id=night.conference, run=1, phase="topics"))
    await night.next(1)
    seating = await night.groups()

    async def say(what: asked.Readiness, number: int) -> None:
        who = night.resident(seating.groups[number].members[0])
        await night.ask(asked.SetReadiness(conference_id=night.conference, run=2, readiness=what), who)

    await say("READY", 0)
    await say("MORE_TIME", 1)
    counts = (await night.presence()).readiness
    assert (counts.ready, counts.more_time, counts.of) == (1, 1, len(seating.groups))
    assert counts.groups_wanting_time == (seating.groups[1].group_id,)
    assert (await night.view()).closes_at is None
    await asyncio.gather(*(say("READY", number) for number in range(len(seating.groups))))
    assert (await night.view()).closes_at is not None
    late = asked.SetReadiness(conference_id=night.conference, run=1, readiness="READY")
    reply = await night.try_(late, night.resident(night.residents[0]))
    assert isinstance(reply.refusal, PhaseHasChanged)
