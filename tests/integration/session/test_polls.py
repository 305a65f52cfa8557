# SPDX-License-Identifier: Apache-2.0
"""Polls over NATS: who may vote, what is shown, what is counted, and that nobody can tell who voted how."""

import asyncio
from uuid import uuid4

import msgspec
import pytest

from services.chassis.ballots import VoteKeys
from services.chassis.identity import Actor
from services.chassis.mapper import topic_of
from services.chassis.refusals import InvalidInput, NotAllowed, NotFound
from services.contracts.refusals import BallotDoesNotFit, PollIsClosed, UnknownAnswer, UnknownOption, ValueOutOfBounds
from services.contracts.session import (
    CastBallot,
    ClosePoll,
    GetPollAnswers,
    GetPolls,
    ModerateAnswers,
    OpenPoll,
    PollResultsChanged,
    RevealPoll,
    Spread,
    UpvoteAnswers,
    WordCount,
)
from services.contracts.shared import LocalText
from services.session import polls_api
from services.session.domain.ballot import BallotCast
from services.session.domain.poll import POLL, EndVoting, poll_key
from services.session.domain.session import SESSION
from services.session.domain.session_commands import NextPhase
from tests.integration.chassis.waiting import until
from tests.integration.session.talk import WRAPPING, talking


@pytest.fixture
async def talk(service_database, nats_url, prefix):
    async with talking(service_database("session"), nats_url, prefix) as talk:
        yield talk


async def opened(talk, key="missing"):
    return (await talk.ask(OpenPoll(conference_id=talk.conference, key=key), talk.moderator)).poll_id


def ballot(talk, poll_id, option=None, words=(), **answer):
    return CastBallot(conference_id=talk.conference, poll_id=poll_id, option=option, words=words, **answer)


async def vote(talk, poll_id, *options):
    """One resident after the other votes for one of these options."""
    for person, option in zip(talk.residents, options, strict=False):
        await talk.ask(ballot(talk, poll_id, option), person)


def closing(talk, poll_id):
    return ClosePoll(conference_id=talk.conference, poll_id=poll_id)


async def shown(talk, actor=None):
    """The newest poll as somebody sees it."""
    view = await talk.ask(GetPolls(conference_id=talk.conference), actor or talk.moderator)
    return view.polls[-1]


async def test_a_prepared_poll_is_opened_voted_on_and_closed(talk):
    poll_id = await opened(talk)
    await vote(talk, poll_id, 0, 1, 1)
    await talk.ask(closing(talk, poll_id), talk.moderator)
    poll = await shown(talk)
    assert (poll.open, poll.ballots) == (False, 3)
    assert poll.tally == (WordCount(label="Bänke", count=1), WordCount(label="Bäume", count=2))


async def test_opening_the_same_poll_twice_opens_one(talk):
    assert await opened(talk) == await opened(talk)


async def test_a_poll_that_the_script_does_not_know_is_not_found(talk):
    refusal = await talk.refused(OpenPoll(conference_id=talk.conference, key="nonsense"), talk.moderator)
    assert refusal == NotFound(what="poll", id="nonsense")


async def test_a_moderator_makes_up_a_poll(talk):
    options = (LocalText(de="Ja", en="Yes"), LocalText(de="Nein", en="No"))
    request = OpenPoll(conference_id=talk.conference, question=LocalText(de="Pause?", en="A break?"), options=options)
    poll_id = (await talk.ask(request, talk.moderator)).poll_id
    poll = await shown(talk)
    assert (poll.poll_id, poll.question.en, [option.de for option in poll.options]) == (
        poll_id,
        "A break?",
        ["Ja", "Nein"],
    )


async def test_a_made_up_choice_needs_two_options(talk):
    request = OpenPoll(conference_id=talk.conference, question=LocalText(de="Pause?", en="A break?"))
    assert (await talk.refused(request, talk.moderator)).field == "options"


async def test_a_made_up_poll_needs_a_question(talk):
    refusal = await talk.refused(OpenPoll(conference_id=talk.conference, kind="word_cloud"), talk.moderator)
    assert isinstance(refusal, InvalidInput)
    assert refusal.field == "question"


async def test_residents_do_not_open_polls(talk):
    refusal = await talk.refused(OpenPoll(conference_id=talk.conference, key="missing"), talk.residents[0])
    assert isinstance(refusal, NotAllowed)


async def test_staff_do_not_vote(talk):
    assert isinstance(await talk.refused(ballot(talk, await opened(talk), 0), talk.moderator), NotAllowed)


async def test_who_has_no_seat_does_not_vote(talk):
    stranger = Actor(uuid4().hex, "resident")
    assert isinstance(await talk.refused(ballot(talk, await opened(talk), 0), stranger), NotAllowed)


async def test_who_was_shut_out_does_not_vote(talk):
    poll_id = await opened(talk)
    await talk.exclude(talk.residents[0])
    assert isinstance(await talk.refused(ballot(talk, poll_id, 0), talk.residents[0]), NotAllowed)


async def test_an_unknown_option_is_refused_with_the_number_of_options(talk):
    refusal = await talk.refused(ballot(talk, await opened(talk), 7), talk.residents[0])
    assert refusal == UnknownOption(option=7, options=2)


async def test_a_choice_is_not_answered_with_words(talk):
    refusal = await talk.refused(ballot(talk, await opened(talk), words=("Licht",)), talk.residents[0])
    assert refusal == BallotDoesNotFit(kind="single")


async def test_a_late_ballot_is_refused(talk):
    poll_id = await opened(talk)
    await talk.ask(closing(talk, poll_id), talk.moderator)
    assert await talk.refused(ballot(talk, poll_id, 0), talk.residents[0]) == PollIsClosed(poll_id=poll_id)


async def test_a_poll_of_another_conference_is_not_found(talk):
    poll_id = await opened(talk)
    elsewhere = uuid4().hex
    there = Actor(uuid4().hex, "staff", (*talk.moderator.grants, type(talk.moderator.grants[0])("moderator", "city")))
    await until(lambda: len(talk.one.server.partitions) == 16)
    refusal = await talk.refused(ClosePoll(conference_id=elsewhere, poll_id=poll_id), there)
    assert refusal == NotFound(what="poll", id=poll_id)


async def test_live_results_are_shown_while_people_vote(talk):
    poll_id = await opened(talk)
    await vote(talk, poll_id, 1, 1, 0)
    poll = await shown(talk, talk.residents[1])
    assert (poll.open, poll.results, poll.ballots, [one.count for one in poll.tally]) == (True, "live", 3, [1, 2])


async def test_a_changed_mind_counts_once(talk):
    poll_id = await opened(talk)
    await vote(talk, poll_id, 0, 0, 0)
    await vote(talk, poll_id, 1)
    poll = await shown(talk)
    assert (poll.ballots, [one.count for one in poll.tally]) == (3, [2, 1])


async def test_two_ballots_have_no_results_open_or_closed(talk):
    poll_id = await opened(talk)
    await vote(talk, poll_id, 0, 1)
    before = await shown(talk)
    await talk.ask(closing(talk, poll_id), talk.moderator)
    after = await shown(talk)
    assert [(one.ballots, one.tally) for one in (before, after)] == [(2, None), (2, None)]


def revealing(talk, poll_id):
    return RevealPoll(conference_id=talk.conference, poll_id=poll_id)


async def test_hidden_results_are_shown_to_nobody_before_they_are_revealed(talk):
    poll_id = await opened(talk, "hidden")
    await vote(talk, poll_id, 0, 0, 0)
    during = [await shown(talk, actor) for actor in (talk.moderator, talk.residents[0])]
    await talk.ask(closing(talk, poll_id), talk.moderator)
    closed = [await shown(talk, actor) for actor in (talk.moderator, talk.residents[0])]
    assert {(one.results, one.ballots, one.tally) for one in (*during, *closed)} == {("hidden", 3, None)}
    await talk.ask(revealing(talk, poll_id), talk.moderator)
    poll = await shown(talk, talk.residents[0])
    assert (poll.results, [one.count for one in poll.tally]) == ("revealed", [3, 0])


async def test_results_revealed_while_people_vote_go_on_changing(talk):
    poll_id = await opened(talk, "hidden")
    await talk.ask(revealing(talk, poll_id), talk.moderator)
    await vote(talk, poll_id, 0, 0, 1)
    assert [one.count for one in (await shown(talk)).tally] == [2, 1]


async def test_residents_do_not_reveal_results(talk):
    poll_id = await opened(talk, "hidden")
    assert isinstance(await talk.refused(revealing(talk, poll_id), talk.residents[0]), NotAllowed)


async def test_hidden_results_do_not_leave_the_service(talk):
    heard = []

    async def hear(message):
        heard.append((message.subject.rpartition(".")[2], message.data))

    await talk.bus.subscribe(f"{talk.bus.prefix}.evt.session.>", hear)
    poll_id = await opened(talk, "hidden")
    await vote(talk, poll_id, 0, 0, 0)
    await talk.ask(closing(talk, poll_id), talk.moderator)
    await talk.ask(revealing(talk, poll_id), talk.moderator)
    await until(lambda: any(kind == "PollRevealed" for kind, _ in heard))
    (closed,) = [msgspec.json.decode(data) for kind, data in heard if kind == "PollClosed"]
    assert (closed["ballots"], closed["tally"]) == (3, None)


async def test_a_ranking_shows_points_and_places(talk):
    poll_id = await opened(talk, "order")
    for person, chosen in zip(talk.residents, ((2, 0), (2, 1, 0), (0, 2)), strict=False):
        await talk.ask(ballot(talk, poll_id, chosen=chosen), person)
    await talk.ask(closing(talk, poll_id), talk.moderator)
    assert (await shown(talk)).tally == (
        WordCount(label="A", count=3, place=2),
        WordCount(label="B", count=1, place=3),
        WordCount(label="C", count=5, place=1),
    )


async def test_a_scale_shows_values_and_their_middle(talk):
    poll_id = await opened(talk, "scale")
    for person, value in zip(talk.residents, (1, 4, 4), strict=False):
        await talk.ask(ballot(talk, poll_id, value=value), person)
    live = await shown(talk)
    await talk.ask(closing(talk, poll_id), talk.moderator)
    poll = await shown(talk)
    assert [(one.label, one.count) for one in poll.tally] == [("1", 1), ("2", 0), ("3", 0), ("4", 2), ("5", 0)]
    assert (poll.spread, poll.tally) == (Spread(lower=2.5, median=4, upper=4), live.tally)


async def test_a_value_beyond_the_scale_is_refused_with_its_bounds(talk):
    refusal = await talk.refused(ballot(talk, await opened(talk, "scale"), value=6), talk.residents[0])
    assert refusal == ValueOutOfBounds(lowest=1, highest=5)


async def test_a_mood_needs_only_its_kind(talk):
    poll_id = (await talk.ask(OpenPoll(conference_id=talk.conference, kind="mood"), talk.moderator)).poll_id
    await vote(talk, poll_id, 0, 4, 4)
    poll = await shown(talk)
    assert (poll.question.de, len(poll.options)) == ("Wie geht es Ihnen gerade?", 5)
    assert [one.count for one in poll.tally] == [1, 0, 0, 0, 2]


async def test_a_made_up_number_keeps_its_bounds(talk):
    question = LocalText(de="Wie viele?", en="How many?")
    request = OpenPoll(conference_id=talk.conference, kind="number", question=question, at_most=20)
    await talk.ask(request, talk.moderator)
    poll = await shown(talk)
    assert (poll.at_least, poll.at_most) == (0, 20)


async def test_words_of_a_cloud_are_grouped_and_lie_nowhere_in_plain_text_while_it_is_open(talk):
    poll_id = await opened(talk, "words")
    await talk.ask(ballot(talk, poll_id, words=("Laternen", " mehr  Licht ")), talk.residents[0])
    await talk.ask(ballot(talk, poll_id, words=("laternen",)), talk.residents[1])
    await talk.ask(ballot(talk, poll_id, words=("Laternen",)), talk.residents[2])
    assert [(one.label, one.count) for one in (await shown(talk)).tally] == [("Laternen", 3)]
    assert "laternen" not in str(await talk.everything()).casefold()


async def test_the_cloud_outlives_its_key(talk):
    poll_id = await opened(talk, "words")
    for person in talk.residents[:3]:
        await talk.ask(ballot(talk, poll_id, words=("Laternen",)), person)
    await talk.ask(closing(talk, poll_id), talk.moderator)
    assert [(one.label, one.count) for one in (await shown(talk)).tally] == [("Laternen", 3)]
    assert await VoteKeys(talk.one.runtime.db, WRAPPING).load(poll_id) is None


async def queue(talk, poll_id):
    """What moderators see, by text."""
    view = await talk.ask(GetPollAnswers(conference_id=talk.conference, poll_id=poll_id), talk.moderator)
    return {one.text: one for one in view.answers}


def moderating(talk, poll_id, *answers, show=True):
    ids = tuple(answer.answer_id for answer in answers)
    return ModerateAnswers(conference_id=talk.conference, poll_id=poll_id, answer_ids=ids, show=show)


def upvoting(talk, poll_id, *answer_ids):
    return UpvoteAnswers(conference_id=talk.conference, poll_id=poll_id, answer_ids=answer_ids)


async def test_answers_are_shown_once_a_moderator_has_looked_and_supported_by_others(talk):
    poll_id = await opened(talk, "open")
    for person, words in zip(talk.residents, (("Mehr Lampen?",), ("Idioten!",), ("Wann?", "Wer?")), strict=False):
        await talk.ask(ballot(talk, poll_id, words=words), person)
    before, waiting = await shown(talk), await queue(talk, poll_id)
    await talk.ask(moderating(talk, poll_id, waiting["Mehr Lampen?"], waiting["Wann?"]), talk.moderator)
    answers = {one.label: one.answer_id for one in (await shown(talk, talk.residents[3])).tally}
    for person in talk.residents[1:]:
        await talk.ask(upvoting(talk, poll_id, answers["Mehr Lampen?"]), person)
    live = await shown(talk)
    await talk.ask(closing(talk, poll_id), talk.moderator)
    after = await shown(talk)
    assert (before.tally, before.waiting, waiting["Idioten!"].held, waiting["Wer?"].held) == ((), 4, True, False)
    assert [(one.label, one.count) for one in live.tally] == [("Mehr Lampen?", 3), ("Wann?", 0)]
    assert (after.tally, after.ballots, after.waiting) == (live.tally, 4, 0)
    assert "Idioten" not in str(await talk.everything())


async def test_an_answer_that_was_changed_waits_anew(talk):
    poll_id = await opened(talk, "open")
    for person in talk.residents[:3]:
        await talk.ask(ballot(talk, poll_id, words=("Wann?",)), person)
    waiting = (await talk.ask(GetPollAnswers(conference_id=talk.conference, poll_id=poll_id), talk.moderator)).answers
    await talk.ask(moderating(talk, poll_id, *waiting), talk.moderator)
    await talk.ask(ballot(talk, poll_id, words=("Idioten!",)), talk.residents[0])
    poll = await shown(talk)
    assert ([one.label for one in poll.tally], poll.waiting) == (["Wann?", "Wann?"], 1)


async def test_a_word_is_hidden_while_people_vote_and_after_the_count(talk):
    poll_id = await opened(talk, "words")
    for person in talk.residents[:3]:
        await talk.ask(ballot(talk, poll_id, words=("Laternen", "Verkehr", "Schorsch")), person)
    await talk.ask(moderating(talk, poll_id, (await queue(talk, poll_id))["Schorsch"], show=False), talk.moderator)
    during = (await shown(talk)).tally
    await talk.ask(closing(talk, poll_id), talk.moderator)
    traffic = next(one for one in (await shown(talk)).tally if one.label == "Verkehr")
    await talk.ask(moderating(talk, poll_id, traffic, show=False), talk.moderator)
    assert [one.label for one in during] == ["Laternen", "Verkehr"]
    assert [one.label for one in (await shown(talk)).tally] == ["Laternen"]


async def test_residents_neither_see_nor_decide_what_waits(talk):
    poll_id = await opened(talk, "open")
    asking = GetPollAnswers(conference_id=talk.conference, poll_id=poll_id)
    await talk.ask(ballot(talk, poll_id, words=("Wann?",)), talk.residents[0])
    waiting = (await queue(talk, poll_id))["Wann?"]
    for request in (asking, moderating(talk, poll_id, waiting)):
        assert isinstance(await talk.refused(request, talk.residents[0]), NotAllowed)
    refusal = await talk.refused(upvoting(talk, poll_id, waiting.answer_id), talk.residents[1])
    assert refusal == UnknownAnswer(answer_id=waiting.answer_id)


async def test_a_word_of_a_cloud_is_short(talk):
    refusal = await talk.refused(ballot(talk, await opened(talk, "words"), words=("o" * 41,)), talk.residents[0])
    assert (type(refusal), refusal.field) == (InvalidInput, "words")


async def test_the_same_words_again_are_no_second_event(talk):
    poll_id = await opened(talk, "words")
    for words in (("Licht", "Bäume"), ("Licht ", "Bäume")):
        await talk.ask(ballot(talk, poll_id, words=words), talk.residents[0])
    events = (await talk.everything())["stored_events"]
    assert len([row for row in events if row["topic"] == topic_of(BallotCast)]) == 1


async def test_a_ballot_repeated_with_its_key_is_answered_even_while_the_ballots_are_counted(talk):
    poll_id = await opened(talk)
    command = uuid4()
    first = await talk.try_(ballot(talk, poll_id, 0), talk.residents[0], command)
    blind = await talk.start(timers=False)
    await talk.one.close()
    talk.one = blind
    end = EndVoting(poll_id=poll_id, now=blind.runtime.clock.now())
    await talk.decide((POLL, poll_key(talk.conference, poll_id), end))
    again = await talk.try_(ballot(talk, poll_id, 0), talk.residents[0], command)
    assert (again.refusal, again.position) == (None, first.position)


async def test_gateways_hear_of_new_results_at_most_twice_a_second(talk):
    heard = []

    async def hear(message):
        heard.append(message.data)

    await talk.bus.subscribe(talk.bus.subject_live("session", talk.conference, PollResultsChanged.__name__), hear)
    began = asyncio.get_running_loop().time()
    poll_id = await opened(talk)
    for option in (0, 1) * 10:
        await talk.ask(ballot(talk, poll_id, option), talk.residents[0])
    await until(lambda: len(heard) >= 2)
    assert len(heard) <= 2 + 2 * (asyncio.get_running_loop().time() - began)


async def test_a_poll_ends_with_the_phase_in_which_it_was_opened(talk):
    poll_id = await opened(talk)
    await vote(talk, poll_id, 0, 0, 1)
    await talk.decide((SESSION, talk.conference, NextPhase(run=1, now=talk.one.runtime.clock.now())))

    async def closed():
        poll = await shown(talk)
        return not poll.open and poll.tally is not None and poll.ballots == 3

    await until(closed)
    assert await talk.refused(ballot(talk, poll_id, 0), talk.residents[0]) == PollIsClosed(poll_id=poll_id)


async def test_a_crash_between_the_end_of_the_voting_and_the_count_is_finished_by_the_next_instance(talk, monkeypatch):
    poll_id = await opened(talk)
    await vote(talk, poll_id, 1, 1, 1)
    voting_ended = asyncio.Event()

    async def dies(*_):
        voting_ended.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(polls_api, "counted", dies)
    never_answered = asyncio.create_task(talk.try_(closing(talk, poll_id), talk.moderator, uuid4()))
    await voting_ended.wait()
    await talk.one.close()
    never_answered.cancel()
    monkeypatch.undo()

    talk.one = blind = await talk.start(timers=False)
    between = await shown(talk)
    late = await talk.refused(ballot(talk, poll_id, 0), talk.residents[3])
    await blind.close()
    talk.one = await talk.start()

    async def counted():
        return (await talk.everything())["ballot_keys"] == []

    await until(counted)
    after = await shown(talk)
    assert (between.open, late) == (False, PollIsClosed(poll_id=poll_id))
    assert (after.open, after.ballots, [one.count for one in after.tally]) == (False, 3, [0, 3])


async def test_fifty_voters_race_over_two_instances_with_the_close(service_database, nats_url, prefix):
    async with talking(service_database("session"), nats_url, prefix, people=50) as talk:
        await talk.start()  # both serve the conference: NATS gives each ballot to one of the two
        poll_id = await opened(talk)
        casts = [
            asyncio.create_task(talk.try_(ballot(talk, poll_id, number % 2), person, uuid4()))
            for number, person in enumerate(talk.residents)
        ]
        await asyncio.wait(casts, return_when=asyncio.FIRST_COMPLETED)
        await talk.ask(closing(talk, poll_id), talk.moderator)
        replies = await asyncio.gather(*casts)
        poll = await shown(talk)
    accepted = [number % 2 for number, reply in enumerate(replies) if reply.refusal is None]
    assert {reply.refusal for reply in replies} <= {None, PollIsClosed(poll_id=poll_id)}
    assert poll.ballots == len(accepted)
    counts = None if poll.tally is None else [one.count for one in poll.tally]
    assert counts == (None if len(accepted) < 3 else [accepted.count(0), accepted.count(1)])


async def test_ballots_do_not_leave_the_database(talk):
    heard = []

    async def hear(message):
        heard.append(message.subject)

    await talk.bus.subscribe(f"{talk.bus.prefix}.evt.session.>", hear)
    poll_id = await opened(talk)
    await talk.ask(ballot(talk, poll_id, 0), talk.residents[0])
    await talk.ask(closing(talk, poll_id), talk.moderator)
    await until(lambda: any(subject.endswith(".PollClosed") for subject in heard))
    assert {subject.rpartition(".")[2] for subject in heard} == {"PollOpened", "PollClosed"}


async def test_a_replayed_read_model_shows_the_same(talk):
    poll_id = await opened(talk)
    await opened(talk, "words")
    await talk.ask(ballot(talk, poll_id, 0), talk.residents[0])
    await talk.ask(closing(talk, poll_id), talk.moderator)
    before = await talk.ask(GetPolls(conference_id=talk.conference), talk.moderator)
    await talk.one.runtime.projector.rebuild("polls")
    assert await talk.ask(GetPolls(conference_id=talk.conference), talk.moderator) == before


async def test_who_does_not_belong_to_the_conference_sees_no_polls(talk):
    stranger = Actor(uuid4().hex, "resident")
    assert isinstance(await talk.refused(GetPolls(conference_id=talk.conference), stranger), NotAllowed)
