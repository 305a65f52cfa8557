# SPDX-License-Identifier: Apache-2.0
"""A jury round over the wire: no conflicts, no score seen before the end, a ranking, awards within the budget."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import pytest

from services.chassis.contract import Done
from services.chassis.decisions import Envelope, Step
from services.chassis.identity import Actor
from services.chassis.refusals import ConcurrentChange, NotAllowed
from services.contracts import ideas as contract
from services.contracts import registration, session
from services.contracts.refusals import (
    BudgetExceeded,
    JuryRoundIsClosed,
    JuryRoundIsOpen,
    NoIdeas,
    NotAssigned,
    NotJuror,
)
from services.ideas.domain.jury import JURY, StopScoring
from tests.integration.ideas.city import DISTRICT, GATEWAY, MODERATOR, ORGANISER, START, City, eventually, staff

CRITERIA = (
    contract.Criterion(criterion_id="c1" * 16, name="Wirkung", weight=2),
    contract.Criterion(criterion_id="c2" * 16, name="Machbarkeit", weight=1),
)


async def juror(city: City, *, home: str | None = None, partner: str | None = None) -> Actor:
    """A juror of the city, announced by registration."""
    actor = staff(uuid4().hex, "juror")
    assigned = registration.StaffAssigned(
        at=START, conference_id=None, staff_id=actor.id, role="juror", home_district_id=home, partner_id=partner
    )
    await city.tell(assigned)
    return actor


async def submit_ideas(city: City, number: int, *, mentors: tuple[str | None, ...] = ()) -> list[str]:
    """One idea from each group of the conference."""
    await city.tell(
        registration.ConferenceAnnounced(
            at=START, conference_id=city.conference, series_id=uuid4().hex, district_id=DISTRICT, title="Wiehre",
            starts_at=START, zone="Europe/Berlin", capacity=50, language="de", script="full-evening",
        )
    )  # fmt: skip
    await city.enter("solutions", "sheet", kind="groups")
    mentors = mentors or (None,) * number
    await city.place(
        *(
            session.GroupPlaced(group_id=uuid4().hex, number=n, members=(uuid4().hex,), mentor_id=mentors[n])
            for n in range(number)
        )
    )
    sheets = await eventually(city.sheets, lambda sheets: len(sheets) == number)
    for sheet in sheets:
        write = contract.WritePassage(
            conference_id=city.conference, sheet_id=sheet.sheet_id, passage_id=uuid4().hex, field="title", text="Idee"
        )
        await city.does(write, MODERATOR)
        submit = contract.SubmitIdea(conference_id=city.conference, sheet_id=sheet.sheet_id)
        await city.does(submit, MODERATOR)
    ideas = await eventually(city.ideas, lambda ideas: len(ideas) == number)
    return [idea.idea_id for idea in ideas]


def opening(city: City, *jurors: Actor, reviews: int = 2) -> contract.OpenJuryRound:
    return contract.OpenJuryRound(
        round_id=uuid4().hex, title="Frühjahr", criteria=CRITERIA, jurors=tuple(one.id for one in jurors),
        conference_ids=(city.conference,), reviews_per_idea=reviews, budget_cents=100_000,
    )  # fmt: skip


async def view(city: City, round_id: str, actor: Actor) -> contract.JuryRoundView:
    return await city.does(contract.GetJuryRound(round_id=round_id), actor)


async def queue(city: City, round_id: str, actor: Actor) -> list[str]:
    found = await eventually(
        lambda: city.ask(contract.GetJuryRound(round_id=round_id), actor), lambda reply: reply.answer is not None
    )
    return [review.idea_id for review in found.answer.queue if not review.recused]


def score(round_id: str, idea_id: str, first: int, second: int, comment: str | None = None) -> contract.ScoreIdea:
    scores = {CRITERIA[0].criterion_id: first, CRITERIA[1].criterion_id: second}
    return contract.ScoreIdea(round_id=round_id, idea_id=idea_id, scores=scores, comment=comment)


async def test_gateways_are_told_that_a_review_was_given(city):
    one = await juror(city)
    await submit_ideas(city, 1)
    request = opening(city, one, reviews=1)
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen(message):
        heard.put_nowait(message.data)

    subject = city.bus.subject_live("ideas", request.round_id, "JuryRoundChanged")
    subscribed = await city.bus.subscribe(subject, listen)
    await city.does(request, ORGANISER)
    assert await asyncio.wait_for(heard.get(), 60)
    (idea,) = await queue(city, request.round_id, one)
    await city.does(score(request.round_id, idea, 3, 4), one)
    assert await asyncio.wait_for(heard.get(), 60)
    await subscribed.stop()


@pytest.fixture
async def ties_known(city):
    """Waits until what registration told before has arrived."""

    async def known(*actors: Actor) -> None:
        pool = city.replicas[0].runtime.db.pool
        for actor in actors:
            await eventually(
                lambda actor=actor: pool.fetchval("SELECT count(*) FROM staff_ties WHERE staff_id::text = $1",
                                                  f"{actor.id[:8]}-{actor.id[8:12]}-{actor.id[12:16]}-"
                                                  f"{actor.id[16:20]}-{actor.id[20:]}"),
                bool,
            )  # fmt: skip

    return known


async def test_a_juror_reviews_neither_the_own_district_nor_a_mentored_group(city, ties_known):
    neighbour = await juror(city, home=DISTRICT)
    mentor, free, other = await juror(city), await juror(city), await juror(city)
    ideas = await submit_ideas(city, 4, mentors=(mentor.id, mentor.id, None, None))
    await ties_known(neighbour, mentor, free, other)
    round_ = opening(city, neighbour, mentor, free, other)
    await city.does(round_, ORGANISER)
    assert await queue(city, round_.round_id, neighbour) == []
    assert len(await queue(city, round_.round_id, mentor)) <= 2
    sheets = {sheet.idea_id: sheet for sheet in await city.sheets()}
    assert set(sheets) == set(ideas)
    queues = [await queue(city, round_.round_id, one) for one in (mentor, free, other)]
    assert sorted(idea for one in queues for idea in one) == sorted([*ideas, *ideas])


async def test_a_round_without_ideas_does_not_open(city):
    assert isinstance(await city.refused(opening(city, staff(uuid4().hex, "juror")), ORGANISER), NoIdeas)


async def test_nobody_sees_scores_of_others_before_the_round_closes(city):
    ida, jo = await juror(city), await juror(city)
    idea_id, *_ = await submit_ideas(city, 1)
    round_ = opening(city, ida, jo)
    heard: list[bytes] = []

    async def hear(message):
        heard.append(message.data)

    await city.bus.subscribe(f"{city.bus.prefix}.evt.ideas.>", hear)
    await city.does(round_, ORGANISER)
    await queue(city, round_.round_id, ida)
    await city.does(score(round_.round_id, idea_id, 5, 4, "Sehr dringend"), ida)
    own = await eventually(lambda: view(city, round_.round_id, ida), lambda found: found.queue[0].scores)
    assert own.queue[0].comment == "Sehr dringend"
    assert (own.submitted, own.expected) == (1, 2)
    for other in (jo, ORGANISER):
        found = await view(city, round_.round_id, other)
        assert found.ranking == ()
        assert all(review.scores == {} and review.comment is None for review in found.queue)
    assert isinstance(
        await city.refused(contract.GetJuryRound(round_id=round_.round_id), staff(uuid4().hex, "moderator")), NotAllowed
    )
    award = contract.AwardIdea(round_id=round_.round_id, idea_id=idea_id, amount_cents=1)
    assert isinstance(await city.refused(award, ORGANISER), JuryRoundIsOpen)
    assert not any(b"scores" in data or b"dringend" in data for data in heard)


async def test_only_assigned_jurors_score(city):
    ida, stranger = await juror(city), await juror(city)
    idea_id, *_ = await submit_ideas(city, 1)
    round_ = opening(city, ida, staff(uuid4().hex, "juror"), reviews=1)
    await city.does(round_, ORGANISER)
    assert isinstance(await city.refused(score(round_.round_id, idea_id, 1, 1), stranger), NotJuror)
    assigned = await queue(city, round_.round_id, ida) == [idea_id]
    unasked = staff(round_.jurors[1], "juror") if assigned else ida
    assert isinstance(await city.refused(score(round_.round_id, idea_id, 1, 1), unasked), NotAssigned)


async def test_a_recused_juror_is_replaced_and_their_scores_do_not_count(city):
    ida, jo = await juror(city), await juror(city)
    idea_id, *_ = await submit_ideas(city, 1)
    round_ = opening(city, ida, jo, reviews=1)
    await city.does(round_, ORGANISER)
    first, second = (ida, jo) if await queue(city, round_.round_id, ida) else (jo, ida)
    await city.does(score(round_.round_id, idea_id, 5, 5), first)
    await city.does(contract.RecuseMyself(round_id=round_.round_id, idea_id=idea_id), first)
    await eventually(lambda: queue(city, round_.round_id, second), lambda found: found == [idea_id])
    declared = await eventually(lambda: view(city, round_.round_id, first), lambda found: found.queue[0].recused)
    assert declared.submitted == 0
    await city.does(score(round_.round_id, idea_id, 1, 1), second)
    await city.does(contract.CloseJuryRound(round_id=round_.round_id), ORGANISER)
    closed = await eventually(lambda: view(city, round_.round_id, first), lambda found: found.ranking)
    assert (closed.ranking[0].raw, closed.ranking[0].reviews) == (1.0, 1)


async def test_a_closed_round_ranks_and_recommends_within_its_budget(city):
    ida, jo = await juror(city), await juror(city)
    ideas = await submit_ideas(city, 3)
    round_ = opening(city, ida, jo)
    await city.does(round_, ORGANISER)
    for one in (ida, jo):
        for idea_id in await queue(city, round_.round_id, one):
            place = ideas.index(idea_id)
            await city.does(score(round_.round_id, idea_id, 4 - place, 3), one)
    await city.does(contract.CloseJuryRound(round_id=round_.round_id), ORGANISER)
    assert isinstance(await city.refused(score(round_.round_id, ideas[0], 1, 1), ida), JuryRoundIsClosed)
    closed = await eventually(lambda: view(city, round_.round_id, ida), lambda found: found.ranking)
    assert not closed.open
    assert [place.idea_id for place in closed.ranking] == ideas
    assert [place.rank for place in closed.ranking] == [1, 2, 3]

    def award(idea_id: str, amount: int) -> contract.AwardIdea:
        return contract.AwardIdea(round_id=round_.round_id, idea_id=idea_id, amount_cents=amount)

    await city.does(award(ideas[0], 70_000), ORGANISER)
    assert await city.refused(award(ideas[1], 40_000), ORGANISER) == BudgetExceeded(left_cents=30_000)
    await eventually(city.ideas, lambda found: found[0].award_cents == 70_000)
    await eventually(lambda: view(city, round_.round_id, jo), lambda found: found.ranking[0].award_cents == 70_000)


async def test_scores_that_were_accepted_while_the_round_closes_are_in_the_ranking(city):
    jurors = [await juror(city) for _ in range(5)]
    idea_id, *_ = await submit_ideas(city, 1)
    round_ = opening(city, *jurors, reviews=5)
    await city.does(round_, ORGANISER)
    await city.answer_everywhere()
    replies, _ = await asyncio.gather(
        asyncio.gather(*(city.ask(score(round_.round_id, idea_id, 3, 3), one) for one in jurors)),
        city.does(contract.CloseJuryRound(round_id=round_.round_id), ORGANISER),
    )
    late = [reply.refusal for reply in replies if reply.refusal is not None]
    assert all(isinstance(refusal, JuryRoundIsClosed | ConcurrentChange) for refusal in late)
    closed = await eventually(lambda: view(city, round_.round_id, ORGANISER), lambda found: found.ranking)
    assert closed.ranking[0].reviews == len(replies) - len(late)


async def test_a_round_whose_ranking_was_lost_in_a_crash_is_ranked_when_asked_again(city):
    ida = await juror(city)
    idea_id, *_ = await submit_ideas(city, 1)
    round_ = opening(city, ida, reviews=1)
    await city.does(round_, ORGANISER)
    await city.does(score(round_.round_id, idea_id, 4, 4), ida)
    stop = Step(JURY, round_.round_id, StopScoring(now=datetime.now(UTC)), None)
    await city.replicas[0].runtime.repository.execute([stop], Envelope(None, b"", "test", ""), Done())
    assert isinstance(await city.refused(score(round_.round_id, idea_id, 1, 1), ida), JuryRoundIsClosed)
    await city.does(contract.CloseJuryRound(round_id=round_.round_id), ORGANISER)
    closed = await eventually(lambda: view(city, round_.round_id, ida), lambda found: found.ranking)
    assert closed.ranking[0].raw == 4.0


async def test_others_are_told_of_the_round_and_of_awards_and_of_nothing_in_between(city):
    ida = await juror(city)
    idea_id, *_ = await submit_ideas(city, 1)
    told: asyncio.Queue[tuple[str, dict[str, object]]] = asyncio.Queue()

    async def hear(message):
        told.put_nowait((message.subject.rpartition(".")[2], msgspec.json.decode(message.data)))

    await city.bus.subscribe(f"{city.bus.prefix}.evt.ideas.>", hear)
    round_ = opening(city, ida, reviews=1)
    await city.does(round_, ORGANISER)
    await city.does(score(round_.round_id, idea_id, 3, 3), ida)
    await city.does(contract.CloseJuryRound(round_id=round_.round_id), ORGANISER)
    await city.does(contract.AwardIdea(round_id=round_.round_id, idea_id=idea_id, amount_cents=5), ORGANISER)
    names = []
    while "IdeaAwarded" not in names:
        names.append((await asyncio.wait_for(told.get(), 60))[0])
    assert names[-3:] == ["JuryRoundOpened", "JuryRoundClosed", "IdeaAwarded"]
    assert (await city.does(contract.ListIdeas(), GATEWAY)).items
