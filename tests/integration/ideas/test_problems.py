# SPDX-License-Identifier: Apache-2.0
"""Dots of fifty people against the closing of the voting; topics by choice and by themselves; wishes."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from services.chassis.contract import Done
from services.chassis.decisions import Envelope, Step
from services.chassis.refusals import ConcurrentChange, NotAllowed
from services.contracts import ideas as contract
from services.contracts import session
from services.contracts.refusals import (
    NoTopics,
    ProblemsAreClosed,
    TooManyDots,
    TooManyProblems,
    TopicsAreSettled,
    UnknownProblem,
    VotingIsClosed,
)
from services.ideas.domain.problem import MOST_PROBLEMS
from services.ideas.domain.voting import VOTING, StopVoting
from tests.integration.ideas.city import MODERATOR, START, City, eventually, resident, until_seated


def propose(city: City, text: str) -> contract.ProposeProblem:
    return contract.ProposeProblem(conference_id=city.conference, text=text)


def dots(city: City, **asked: int) -> contract.CastDots:
    return contract.CastDots(conference_id=city.conference, dots=asked)


def rank(city: City, *topic_ids: str) -> contract.RankTopics:
    return contract.RankTopics(conference_id=city.conference, topic_ids=topic_ids)


async def collect(city: City, *people: str, tools: tuple[session.Tool, ...] = ("problems",)) -> list[str]:
    """Opens the phase with three problems."""
    await city.seat(*people)
    await until_seated(city, *people)
    await city.enter("problems", *tools)
    await eventually(city.problems, lambda view: view.open)
    return [(await city.does(propose(city, f"Problem {n}"), resident(people[0]))).problem_id for n in range(3)]


async def test_dots_are_hidden_while_the_voting_runs_and_counted_when_it_ends(city):
    anna, ben = uuid4().hex, uuid4().hex
    first, second, third = await collect(city, anna, ben)
    await city.does(dots(city, **{first: 4, second: 1}), resident(anna))
    await city.does(dots(city, **{first: 2}), resident(ben))
    await city.does(dots(city, **{second: 5}), resident(ben))
    running = await eventually(city.problems, lambda view: view.voters == 2)
    assert [problem.dots for problem in running.problems] == [None, None, None]
    await city.leave("problems", "problems")
    ended = await eventually(city.problems, lambda view: view.problems[0].dots is not None)
    assert [(problem.problem_id, problem.dots) for problem in ended.problems] == [(first, 4), (second, 6), (third, 0)]
    assert isinstance(await city.refused(dots(city, **{first: 1}), resident(anna)), VotingIsClosed)
    assert isinstance(await city.refused(propose(city, "Zu spät"), resident(anna)), ProblemsAreClosed)


async def test_every_dot_of_fifty_people_that_was_accepted_is_counted_however_the_close_falls(city):
    people = [uuid4().hex for _ in range(50)]
    problems = await collect(city, *people)
    await city.answer_everywhere()

    async def vote(nth: int) -> int:
        await asyncio.sleep(nth * 0.004)
        reply = await city.ask(dots(city, **{problems[nth % 3]: 5}), resident(people[nth]))
        assert reply.answer is not None or isinstance(reply.refusal, VotingIsClosed | ConcurrentChange)
        return 5 if reply.answer is not None else 0

    async def close() -> int:
        await asyncio.sleep(0.1)
        await city.leave("problems", "problems")
        return 0

    accepted = sum(await asyncio.gather(*(vote(nth) for nth in range(50)), close()))
    ended = await eventually(city.problems, lambda view: view.problems[0].dots is not None)
    assert sum(problem.dots or 0 for problem in ended.problems) == accepted
    assert ended.voters == accepted // 5


async def test_a_voting_whose_count_was_lost_in_a_crash_is_counted_when_the_phase_ends(city):
    anna = uuid4().hex
    first, *_ = await collect(city, anna)
    await city.does(dots(city, **{first: 3}), resident(anna))
    stop = Step(VOTING, city.conference, StopVoting(now=datetime.now(UTC)), city.conference)
    await city.replicas[0].runtime.repository.execute([stop], Envelope(None, b"", "test", ""), Done())
    await eventually(city.problems, lambda view: not view.open)
    assert (await city.problems()).problems[0].dots is None
    await city.leave("problems", "problems")
    await eventually(city.problems, lambda view: view.problems[0].dots == 3)


async def test_the_log_holds_nothing_that_leads_from_dots_to_people_once_they_are_counted(city):
    anna = uuid4().hex
    first, *_ = await collect(city, anna)
    await city.does(dots(city, **{first: 5}), resident(anna))
    await city.leave("problems", "problems")
    await eventually(city.problems, lambda view: view.problems[0].dots is not None)
    pool = city.replicas[0].runtime.db.pool
    assert await pool.fetchval("SELECT count(*) FROM ballot_keys") == 0
    rows = await pool.fetch("SELECT state, meta FROM stored_events WHERE topic = 'ideas.dots_cast'")
    assert len(rows) == 1
    assert all(anna.encode() not in row["state"] and row["meta"] == b"" for row in rows)


async def test_nobody_puts_six_dots_or_dots_on_what_is_not_there(city):
    anna = uuid4().hex
    first, second, _ = await collect(city, anna)
    assert await city.refused(dots(city, **{first: 5, second: 1}), resident(anna)) == TooManyDots(limit=5, asked=6)
    assert await city.refused(dots(city, nowhere=1), resident(anna)) == UnknownProblem(problem_id="nowhere")
    assert isinstance(await city.refused(dots(city, **{first: 1}), MODERATOR), NotAllowed)


async def test_without_a_choice_the_most_dotted_problems_become_topics(city):
    people = [uuid4().hex for _ in range(3)]
    problems = await collect(city, *people)
    await city.does(dots(city, **{problems[2]: 5}), resident(people[0]))
    await city.leave("problems", "problems")
    view = await eventually(city.problems, lambda view: view.topics)
    assert [topic.problem_id for topic in view.topics] == [problems[2], problems[0], problems[1]]


async def test_the_choice_of_the_moderator_ends_the_voting_and_stands(city):
    anna = uuid4().hex
    first, second, _ = await collect(city, anna)
    await city.does(dots(city, **{first: 5}), resident(anna))
    await city.does(contract.ChooseTopics(conference_id=city.conference, problem_ids=(second,)), MODERATOR)
    view = await eventually(city.problems, lambda view: view.topics and view.problems[0].dots == 5)
    assert [topic.problem_id for topic in view.topics] == [second]
    await city.leave("problems", "problems")
    await city.enter("topics", "topics")
    await eventually(lambda: city.ask(rank(city, view.topics[0].topic_id), resident(anna)), lambda reply: reply.answer)
    assert [topic.problem_id for topic in (await city.problems()).topics] == [second]


async def test_choosing_before_there_is_a_problem_leaves_the_voting_open(city):
    anna = uuid4().hex
    await city.seat(anna)
    await until_seated(city, anna)
    await city.enter("problems", "problems")
    await eventually(city.problems, lambda view: view.open)
    assert isinstance(await city.refused(contract.ChooseTopics(conference_id=city.conference), MODERATOR), NoTopics)
    await city.does(propose(city, "Doch noch eins"), resident(anna))


async def test_wishes_are_told_when_the_phase_ends_and_again_after_the_break(city):
    anna, ben = uuid4().hex, uuid4().hex
    problems = await collect(city, anna, ben, tools=("problems", "topics"))
    assert isinstance(await city.refused(rank(city, uuid4().hex), resident(anna)), NoTopics)
    await city.does(contract.ChooseTopics(conference_id=city.conference, problem_ids=tuple(problems[:2])), MODERATOR)
    view = await eventually(city.problems, lambda view: view.topics)
    first, second = (topic.topic_id for topic in view.topics)
    await city.does(rank(city, second, first), resident(anna))
    told = await listen(city, "TopicPreferencesClosed")
    await city.leave("problems", "problems", "topics")
    assert (await asyncio.wait_for(told.get(), 60)).ranks == {anna: (second, first)}
    assert isinstance(await city.refused(rank(city, first), resident(ben)), TopicsAreSettled)
    await city.enter("break", kind="break")
    await eventually(lambda: city.ask(rank(city, first), resident(ben)), lambda reply: reply.answer is not None)
    await city.leave("break")
    assert (await asyncio.wait_for(told.get(), 60)).ranks == {anna: (second, first), ben: (first,)}


async def test_wishes_are_collected_shortly_before_the_break_ends(city):
    anna = uuid4().hex
    await collect(city, anna, tools=("problems", "topics"))
    told = await listen(city, "TopicPreferencesClosed")
    await city.leave("problems", "problems", "topics")
    assert (await asyncio.wait_for(told.get(), 60)).ranks == {}
    view = await eventually(city.problems, lambda view: view.topics)
    await city.enter("break", kind="break")
    topic_id = view.topics[0].topic_id
    await eventually(lambda: city.ask(rank(city, topic_id), resident(anna)), lambda reply: reply.answer is not None)
    over = datetime.now(UTC)
    await city.tell(session.PhaseExtended(at=START, conference_id=city.conference, run=city.run, deadline=over))
    assert (await asyncio.wait_for(told.get(), 60)).ranks == {anna: (topic_id,)}


async def test_nobody_buries_the_problems_of_others(city):
    anna, ben = uuid4().hex, uuid4().hex
    proposed = await collect(city, anna, ben)
    for number in range(len(proposed), MOST_PROBLEMS):
        await city.does(propose(city, str(number)), resident(anna))
    assert await city.refused(propose(city, "one more"), resident(anna)) == TooManyProblems(limit=MOST_PROBLEMS)
    await city.does(propose(city, "Bens"), resident(ben))
    assert len((await city.problems()).problems) == MOST_PROBLEMS + 1


async def listen(city: City, name: str) -> "asyncio.Queue[contract.TopicPreferencesClosed]":
    """What the service tells all others under this name, from now on."""
    heard: asyncio.Queue[contract.TopicPreferencesClosed] = asyncio.Queue()

    async def hear(message):
        heard.put_nowait(msgspec.json.decode(message.data, type=getattr(contract, name)))

    await city.bus.subscribe(city.bus.subject_event("ideas", city.conference, name), hear)
    return heard
