# SPDX-License-Identifier: Apache-2.0
"""Two replicas, two moderators and the clock at once: every phase is entered once, and nobody loses their place."""

import asyncio
from collections import Counter
from datetime import timedelta

from services.chassis.contract import CommandRequest, Done
from services.chassis.refusals import ConcurrentChange
from services.contracts import session as asked
from services.contracts.refusals import PhaseHasChanged, SessionIs
from services.session.domain import groups_facts, session_facts
from tests.integration.chassis.waiting import until
from tests.integration.session.evening import Evening, evening, seated


async def click_until_the_end(night: Evening, replies: list[object]) -> None:
    """Two moderators press next for the phase they see just when its time is up, as the timers of two replicas do."""
    first, second = night.moderator, night.staff("moderator")
    while True:
        view = await night.view()
        if view.status == "ENDED":
            return
        if view.deadline is None:
            continue
        left = night.one.runtime.clock.seconds_until(view.deadline)
        await asyncio.sleep(max(0.0, left))
        press = asked.NextPhase(conference_id=night.conference, run=view.run)
        both = await asyncio.gather(*(night.try_(press, actor) for actor in (first, second, first, second)))
        replies += [reply.refusal for reply in both]


async def test_two_moderators_and_two_timers_at_once_enter_each_phase_once(
    service_database, nats_url, prefix, tmp_path
):
    replies: list[object] = []
    async with evening(service_database, nats_url, prefix, tmp_path, pace=600, replicas=2) as night:
        await night.running(13)
        await click_until_the_end(night, replies)
        log = [event for _, event in await night.log()]
    started = [event for event in log if isinstance(event, session_facts.PhaseStarted)]
    assert [event.run for event in started] == [1, 2, 3, 4, 5, 6]
    assert [event.run for event in log if isinstance(event, groups_facts.GroupsPlaced)] == [2, 3, 5]
    assert sum(isinstance(event, session_facts.SessionEnded) for event in log) == 1
    refusals = [refusal for refusal in replies if refusal is not None]
    assert refusals
    assert all(isinstance(refusal, PhaseHasChanged | SessionIs) for refusal in refusals), Counter(map(str, refusals))


async def test_two_moderators_who_take_back_the_same_click_return_once(service_database, nats_url, prefix, tmp_path):
    async with evening(service_database, nats_url, prefix, tmp_path, replicas=2) as night:
        await night.running(13)
        await night.next(1)
        sat = await night.groups()
        await night.next(2)
        undo = asked.UndoPhaseChange(conference_id=night.conference, run=3)
        both = await asyncio.gather(*(night.try_(undo, actor) for actor in (night.moderator, night.staff("moderator"))))
        again, view = await night.groups(), await night.view()
    refusals = [reply.refusal for reply in both]
    assert None in refusals
    assert PhaseHasChanged(run=4, phase="one") in refusals
    assert (view.run, view.phase, view.undo_until) == (4, 1, None)
    assert [group.members for group in again.groups] == [group.members for group in sat.groups]


async def test_a_timer_of_a_replica_that_was_away_fires_once_afterwards(service_database, nats_url, prefix, tmp_path):
    async with evening(service_database, nats_url, prefix, tmp_path, pace=120) as night:
        await night.announce(timedelta(minutes=20))
        await night.view()
        await night.replicas.pop().close()
        await asyncio.sleep(11)  # the lobby and the start pass while nobody is there
        await night.start_another()

        async def runs() -> bool:
            return (await night.view()).status == "RUNNING"

        await until(runs)
        log = [event for _, event in await night.log()]
    assert Counter(type(event).__name__ for event in log)["LobbyOpened"] == 1
    assert [event.run for event in log if isinstance(event, session_facts.PhaseStarted)] == [1]


async def test_marks_that_were_missed_are_told_once_and_in_order(service_database, nats_url, prefix, tmp_path):
    async with evening(service_database, nats_url, prefix, tmp_path, pace=120) as night:
        await night.running(6)
        deadline = (await night.view()).deadline
        assert deadline is not None
        await night.replicas.pop().close()
        await asyncio.sleep(max(0.0, (deadline - night.others["rooms"].runtime.clock.now()).total_seconds() / 120))
        await night.start_another()

        async def went_on() -> bool:
            return (await night.view()).run == 2

        await until(went_on)
        log = [event for _, event in await night.log()]
    told = [event for event in log if isinstance(event, session_facts.TimeMarkReached) and event.run == 1]
    assert [event.minutes for event in told] == [5, 2, 1]
    started = [event for event in log if isinstance(event, session_facts.PhaseStarted)]
    assert log.index(told[-1]) < log.index(started[1])


async def test_people_who_come_and_go_through_two_replicas_while_phases_change(
    service_database, nats_url, prefix, tmp_path
):
    async with evening(service_database, nats_url, prefix, tmp_path, replicas=2) as night:
        await night.announce()
        await night.seat(30)
        await night.report(night.residents[:12])
        await night.ask(asked.StartSession(conference_id=night.conference))

        async def come(numbers: range) -> None:
            for number in numbers:
                await night.report([night.residents[number]], gateway=f"{number:032x}")

        async def go(numbers: range) -> None:
            for number in numbers:
                who = night.residents[number]
                await night.ask(
                    asked.ExcludeParticipant(conference_id=night.conference, participant_id=who, code="noise")
                )

        await asyncio.gather(come(range(12, 18)), come(range(18, 24)), go(range(4)), night.next(1))
        await asyncio.gather(come(range(24, 27)), come(range(27, 30)), go(range(4, 8)), night.next(2))
        view = await night.groups()
    assert seated(view) == sorted(night.residents[8:])
    assert all(3 <= len(group.members) <= 5 for group in view.groups)


async def test_hands_and_drop_outs_at_once_lose_nobody(service_database, nats_url, prefix, tmp_path):
    """Two moderators swap, merge, split and lock through two replicas while people leave and come."""
    async with evening(service_database, nats_url, prefix, tmp_path, replicas=2) as night:
        await night.running(24)
        late = await night.seat(6)
        await night.next(1)
        night.residents = [one for one in night.residents if one not in late]
        groups = (await night.groups()).groups
        first, second, third, fourth, fifth, sixth = groups
        deputy = night.staff("deputy")
        conference = night.conference
        leaving = [group.members[0] for group in groups]
        by_hand: list[CommandRequest[Done]] = [
            asked.SwapParticipants(
                conference_id=conference,
                participant_id=first.members[1],
                other_participant_id=second.members[1],
            ),
            asked.MergeGroups(conference_id=conference, group_id=third.group_id, into_group_id=fourth.group_id),
            asked.SplitGroup(conference_id=conference, group_id=fifth.group_id, participant_ids=fifth.members[1:3]),
            asked.LockGroup(conference_id=conference, group_id=sixth.group_id),
            asked.MoveParticipant(conference_id=conference, participant_id=first.members[2], group_id=sixth.group_id),
        ]

        async def exclude() -> None:
            for who in leaving:
                await night.ask(asked.ExcludeParticipant(conference_id=conference, participant_id=who, code="noise"))

        async def come() -> None:
            for who in late:
                await night.report([who], gateway="b" * 32)

        replies = await asyncio.gather(
            exclude(),
            come(),
            *(night.try_(request, actor) for request in by_hand for actor in (night.moderator, deputy)),
        )
        view = await night.groups()
    refusals = [reply.refusal for reply in replies[2:] if reply is not None and reply.refusal is not None]
    assert not any(isinstance(refusal, ConcurrentChange) for refusal in refusals), refusals
    assert seated(view) == sorted({*night.residents, *late} - set(leaving))
    assert all(3 <= len(group.members) <= 5 for group in view.groups)
