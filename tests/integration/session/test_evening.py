# SPDX-License-Identifier: Apache-2.0
"""Evenings in the real service over real NATS and PostgreSQL: phases, groups, people who come and go."""

import asyncio
from collections import Counter
from datetime import timedelta
from itertools import combinations
from uuid import uuid4

import pytest

from services.chassis.identity import Actor, Grant
from services.chassis.keys import seal
from services.chassis.refusals import NotAllowed, NotFound
from services.cli.rehearse.invariants import TOPICS
from services.cli.rehearse.replay import read_log
from services.contracts import ideas, registration
from services.contracts import session as asked
from services.contracts.refusals import NoSuchPhase, NotOnTheRoster, PhaseHasChanged
from services.session.domain import groups_facts, session_facts
from tests.integration.chassis.waiting import until
from tests.integration.session.evening import Evening, evening, key_of, seated


@pytest.fixture
async def night(service_database, nats_url, prefix, tmp_path):
    async with evening(service_database, nats_url, prefix, tmp_path) as night:
        yield night


def pairs(view: asked.GroupsView) -> set[frozenset[str]]:
    return {frozenset(pair) for group in view.groups for pair in combinations(group.members, 2)}


async def test_an_announced_conference_has_a_session_with_its_script(night: Evening):
    await night.announce()
    view = await night.view()
    assert (view.status, view.script, view.run, view.starts_at) == ("PREPARED", "short", 0, night.starts_at)
    assert [phase.key for phase in view.phases] == ["welcome", "one", "two", "topics", "solutions", "closing"]


async def test_a_rehearsal_finds_every_event_in_the_log_whatever_its_version(night: Evening):
    await night.announce()
    await night.ask(asked.StartSession(conference_id=night.conference))
    log = await read_log(night.one.service.settings.database_url, TOPICS)
    assert [fact.topic for fact in log.of(night.conference, "session.prepared", "session.phase_started")] == [
        "session.prepared", "session.phase_started",
    ]  # fmt: skip


async def test_a_script_that_nobody_knows_is_replaced_by_the_full_evening(night: Evening):
    await night.announce(script="lost-file")
    assert (await night.view()).script == "full-evening"


async def test_a_conference_that_was_never_announced_has_no_session(night: Evening):
    reply = await night.try_(asked.GetSession(conference_id=uuid4().hex))
    assert reply.refusal is not None
    assert isinstance(reply.refusal, NotFound)


async def test_everybody_present_gets_a_place_and_new_partners_each_round(night: Evening):
    await night.running(16)
    await night.next(1)
    first = await night.groups()
    await night.next(2)
    second = await night.groups()
    assert seated(first) == seated(second) == sorted(night.residents)
    assert [len(group.members) for group in first.groups] == [4, 4, 4, 4]
    assert not pairs(first) & pairs(second)


async def test_a_phase_and_its_groups_are_one_append(night: Evening):
    await night.running(8)
    await night.next(1)
    log = await night.log()
    entered = next(at for at, event in log if isinstance(event, session_facts.PhaseStarted) and event.run == 2)
    placed = next(at for at, event in log if isinstance(event, groups_facts.GroupsPlaced))
    assert placed == entered + 1


async def test_leaving_groups_recalls_everybody(night: Evening):
    await night.running(8)
    for run in (1, 2, 3):
        await night.next(run)
    view = await night.groups()
    assert (view.groups, view.mode, view.plans) == ((), None, 2)


async def test_the_click_that_comes_second_is_told_the_new_phase(night: Evening):
    await night.running(8)
    await night.next(1)
    reply = await night.try_(asked.NextPhase(conference_id=night.conference, run=1))
    assert reply.refusal == PhaseHasChanged(run=2, phase="one")


async def test_going_back_and_forth_brings_people_into_the_same_groups(night: Evening):
    await night.running(12)
    await night.next(1)
    first = await night.groups()
    await night.next(2)
    second = await night.groups()
    await night.ask(asked.PreviousPhase(conference_id=night.conference, run=3))
    assert (await night.groups()).groups == first.groups
    await night.next(4)
    assert (await night.groups()).groups == second.groups


async def test_a_late_person_is_seated_at_once_and_a_mentor_finds_a_group(night: Evening):
    await night.running(7)
    await night.next(1)
    late, mentor = (await night.seat(1))[0], await night.mentor()
    await night.report([late, mentor])
    view = await night.groups()
    assert seated(view) == sorted(night.residents)
    assert sorted(len(group.members) for group in view.groups) == [4, 4]
    assert [group.mentor_id for group in view.groups].count(mentor) == 1


async def test_one_or_two_people_stay_with_the_moderator(night: Evening):
    await night.running(2)
    await night.next(1)
    view = await night.groups()
    assert view.groups == ()
    assert sorted(view.with_moderator) == sorted(night.residents)


async def test_a_released_seat_and_an_exclusion_empty_places(night: Evening):
    await night.running(9)
    await night.next(1)
    first, second = night.residents[:2]
    await night.tell(registration.SeatReleased(at=night.now, conference_id=night.conference, participant_id=first))
    await night.ask(
        asked.ExcludeParticipant(conference_id=night.conference, participant_id=second, code="insult"),
    )
    view = await night.groups()
    assert seated(view) == sorted(night.residents[2:])
    assert all(3 <= len(group.members) <= 5 for group in view.groups)
    await night.report([second])
    assert second not in (await night.presence()).present


async def test_an_erased_person_is_forgotten(night: Evening):
    await night.running(4)
    gone = night.residents[0]
    await night.tell(registration.ParticipantErased(at=night.now, conference_id=night.conference, participant_id=gone))
    presence = await night.presence()
    assert gone not in presence.seated
    assert gone not in presence.present


async def test_a_person_is_moved_by_hand(night: Evening):
    await night.running(8)
    await night.next(1)
    here, there = (await night.groups()).groups
    await night.ask(
        asked.MoveParticipant(conference_id=night.conference, participant_id=here.members[0], group_id=there.group_id)
    )
    assert {group.number: len(group.members) for group in (await night.groups()).groups} == {
        here.number: 3,
        there.number: 5,
    }


async def test_who_is_kept_apart_and_together_is_so_in_every_phase(night: Evening):
    await night.running(16)
    first, second, third, fourth = night.residents[:4]
    conference = night.conference
    apart = asked.KeepParticipants(conference_id=conference, kind="apart", participant_ids=(first, second))
    together = asked.KeepParticipants(conference_id=conference, kind="together", participant_ids=(third, fourth))
    await night.ask(apart)
    await night.ask(together)
    for run in (1, 2):
        await night.next(run)
        groups = (await night.groups()).groups
        assert not any({first, second} <= set(group.members) for group in groups)
        assert any({third, fourth} <= set(group.members) for group in groups)
    rules = (await night.ask(asked.GetSeatingRules(conference_id=conference))).rules
    assert [rule.kind for rule in rules] == ["apart", "together"]
    stranger = asked.KeepParticipants(conference_id=conference, kind="apart", participant_ids=(first, "e" * 32))
    assert isinstance((await night.try_(stranger)).refusal, NotOnTheRoster)
    assert isinstance((await night.try_(apart, night.resident(third))).refusal, NotAllowed)


async def test_a_plan_is_looked_at_changed_by_hand_and_goes_live(night: Evening):
    await night.running(8)
    conference = night.conference
    await night.ask(asked.PrepareGroups(conference_id=conference, phase="one"))
    (first,) = (await night.ask(asked.GetGroupPlans(conference_id=conference))).plans
    assert sorted(one for group in first.groups for one in group.members) == sorted(night.residents)
    by_hand = tuple(
        asked.GroupDraft(participant_ids=tuple(people)) for people in (night.residents[:4], night.residents[4:])
    )
    await night.ask(asked.DraftGroups(conference_id=conference, phase="one", groups=by_hand))
    await night.ask(asked.PrepareGroups(conference_id=conference, phase="one"))
    await night.ask(asked.UseGroupPlan(conference_id=conference, version=2))
    assert (await night.groups()).groups == ()
    await night.next(1)
    assert [set(group.members) for group in (await night.groups()).groups] == [
        *(set(night.residents[:4]), set(night.residents[4:])),
    ]
    await night.ask(asked.UseGroupPlan(conference_id=conference, version=1))
    assert [group.members for group in (await night.groups()).groups] == [group.members for group in first.groups]
    plans = await night.ask(asked.GetGroupPlans(conference_id=conference))
    assert ([plan.version for plan in plans.plans], plans.live) == ([1, 2, 3], 1)
    nowhere = asked.PrepareGroups(conference_id=conference, phase="closing")
    assert isinstance((await night.try_(nowhere)).refusal, NoSuchPhase)


async def test_the_solutions_phase_follows_the_wishes(night: Evening):
    await night.running(8)
    topics = [uuid4().hex, uuid4().hex]
    chosen = tuple(ideas.TopicChosen(topic_id=topic, problem_id=uuid4().hex) for topic in topics)
    ranks = {one: (topics[number % 2],) for number, one in enumerate(night.residents)}
    await night.tell(
        ideas.TopicsChosen(at=night.now, conference_id=night.conference, topics=chosen),
        ideas.TopicPreferencesClosed(at=night.now, conference_id=night.conference, ranks=ranks),
    )
    for run in (1, 2, 3, 4):
        await night.next(run)
    view = await night.groups()
    assert view.mode == "topic"
    assert all(ranks[one] == (group.topic_id,) for group in view.groups for one in group.members)
    assert seated(view) == sorted(night.residents)


async def test_tags_are_kept_for_support_groups(night: Evening):
    await night.running(3)
    who = night.residents[0]
    tags = (seal(who, key_of(who), "garden"),)
    tagged = {"at": night.now, "conference_id": night.conference, "participant_id": who, "tags": tags}
    await night.tell(ideas.CardTagged(**tagged, kind="NEED"), ideas.CardTagged(**tagged, kind="VALUE"))
    kept = [event for _, event in await night.log() if isinstance(event, groups_facts.TagsKept)]
    assert kept == [groups_facts.TagsKept(participant_id=who, kind="NEED", tags=tags)]


async def test_attributes_make_groups_diverse(night: Evening):
    await night.announce()
    await night.seat(8, lambda number: {"age": "young" if number < 4 else "old"})
    await night.report(night.residents)
    await night.ask(asked.StartSession(conference_id=night.conference))
    await night.next(1)
    young = frozenset(night.residents[:4])
    assert [len(young.intersection(group.members)) for group in (await night.groups()).groups] == [2, 2]


async def test_groups_do_not_wait_for_keys_that_cannot_be_had(night: Evening):
    night.keys_fail = True
    await night.announce()
    await night.seat(8, lambda number: {"age": str(number)})
    await night.report(night.residents)
    await night.ask(asked.StartSession(conference_id=night.conference))
    await night.next(1)
    assert seated(await night.groups()) == sorted(night.residents)


async def test_pause_and_resume_keep_the_time_that_was_left(night: Evening):
    await night.running(3)
    await night.ask(asked.PauseSession(conference_id=night.conference))
    paused = await night.view()
    assert (paused.status, paused.deadline) == ("PAUSED", None)
    assert paused.left_seconds is not None
    await night.ask(asked.ResumeSession(conference_id=night.conference))
    resumed = await night.view()
    assert resumed.deadline is not None
    assert abs((resumed.deadline - night.now).total_seconds() - paused.left_seconds) < 15


async def test_a_cancelled_conference_ends_its_session(night: Evening):
    await night.announce()
    await night.tell(registration.ConferenceCancelled(at=night.now, conference_id=night.conference))
    assert (await night.view()).status == "ENDED"


async def test_a_moved_conference_starts_at_another_time(night: Evening):
    await night.announce()
    later = night.starts_at + timedelta(days=1)
    await night.tell(registration.ConferenceMoved(at=night.now, conference_id=night.conference, starts_at=later))
    assert (await night.view()).starts_at == later


async def test_the_desk_counts_people_groups_and_mentors(night: Evening):
    await night.running(8)
    mentor = await night.mentor()
    await night.report([*night.residents[:7], mentor])
    await night.next(1)
    organiser = Actor(uuid4().hex, "staff", (Grant("organiser", "city"),))
    (row,) = (await night.ask(asked.GetDesk(), organiser)).rows
    assert (row.status, row.phase, row.seated, row.present, row.groups, row.without_mentor) == (
        *("RUNNING", "one", 8, 8, 2, 1),
    )
    assert (row.alerts, row.missing_staff, row.lonely_groups) == (("NO_MODERATOR",), 0, 0)
    assert row.planned_until == night.starts_at + timedelta(minutes=20)
    assert row.deadline is not None
    assert row.delay_seconds == (row.deadline - row.planned_until).total_seconds()
    await night.ask(asked.EndSession(conference_id=night.conference))
    assert (await night.ask(asked.GetDesk(), organiser)).rows == ()


async def test_only_those_who_may_lead_the_evening_and_look_into_it(night: Evening):
    await night.running(3)
    stranger = Actor(uuid4().hex, "resident")
    resident = night.resident(night.residents[0])
    mentor = night.staff("mentor")
    for request, actor in (
        (asked.NextPhase(conference_id=night.conference, run=1), mentor),
        (asked.NextPhase(conference_id=night.conference, run=1), resident),
        (asked.ReportPresence(conference_id=night.conference, gateway="a" * 32, participants=()), resident),
        (asked.GetGroups(conference_id=night.conference), stranger),
        (asked.GetPresence(conference_id=night.conference), stranger),
        (asked.GetDesk(), night.moderator),
    ):
        assert isinstance((await night.try_(request, actor)).refusal, NotAllowed), request
    await night.ask(asked.GetGroups(conference_id=night.conference), resident)


async def test_people_who_come_while_the_phase_changes_all_get_a_place(night: Evening):
    await night.announce()
    await night.seat(40)
    await night.report(night.residents[:10])
    await night.ask(asked.StartSession(conference_id=night.conference))

    async def arrive(start: int) -> None:
        await night.report(night.residents[start : start + 3], gateway=f"{start:032x}")

    await asyncio.gather(*(arrive(start) for start in range(10, 25, 3)), night.next(1))
    await asyncio.gather(*(arrive(start) for start in range(25, 40, 3)), night.next(2))
    view = await night.groups()
    assert seated(view) == sorted(night.residents)
    assert all(3 <= len(group.members) <= 5 for group in view.groups)


async def test_an_evening_runs_by_itself_from_the_lobby_to_the_end(service_database, nats_url, prefix, tmp_path):
    async with evening(service_database, nats_url, prefix, tmp_path, pace=900, grace=3600) as night:
        await night.announce(timedelta(days=60))  # more than an hour on any clock: everybody comes before it begins
        await night.seat(9)
        await night.report(night.residents)
        assert sorted((await night.presence()).present) == sorted(night.residents)
        soon = night.now + timedelta(minutes=45)
        await night.tell(registration.ConferenceMoved(at=night.now, conference_id=night.conference, starts_at=soon))

        async def over() -> bool:
            return (await night.view()).status == "ENDED"

        await until(over, seconds=120)
        told = [event for _, event in await night.log()]
    started = [event for event in told if isinstance(event, session_facts.PhaseStarted)]
    assert [(event.run, event.key) for event in started] == [
        (1, "welcome"),
        (2, "one"),
        (3, "two"),
        (4, "topics"),
        (5, "solutions"),
        (6, "closing"),
    ]
    assert [event.run for event in told if isinstance(event, groups_facts.GroupsPlaced)] == [2, 3, 5]
    assert Counter(type(event).__name__ for event in told)["GroupsRecalled"] == 2
    assert [type(event).__name__ for event in told if isinstance(event, session_facts.LobbyOpened)] == ["LobbyOpened"]
