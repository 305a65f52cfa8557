# SPDX-License-Identifier: Apache-2.0
"""Public answers are kept until they are outdated: by a message, by time, or because nobody listens."""

import asyncio
from typing import Any

import msgspec

from gateway.answers import BOUND, KINDS, Answers, Good, is_nobody
from services.chassis.contract import Position
from services.chassis.identity import ANONYMOUS, Actor, Grant
from services.chassis.refusals import NotFound
from services.chassis.requests import Reply
from services.contracts import registration, session
from tests.gateway.city import ANNA, CONFERENCE
from tests.gateway.pictures import view

QUESTION = registration.GetConference(conference_id=CONFERENCE)
LIST = registration.ListConferences()
EVENING = session.GetSession(conference_id=CONFERENCE)
RESIDENT = Actor(id=ANNA, kind="resident")


class Service:
    """Answers what it is told to, and notes what it was asked."""

    def __init__(self) -> None:
        self.reply: Reply[Any] = Reply(view(registration.Conference), None, "e:5")
        self.asked: list[str | None] = []
        self.open = asyncio.Event()
        self.open.set()
        self.now = 0.0
        self.answers = Answers(self.ask, now=lambda: self.now)
        self.answers._listening.append(None)  # type: ignore[arg-type]  # as if it listened

    async def ask(self, _: Any, after: str | None) -> Reply[Any]:
        reply = self.reply
        self.asked.append(after)
        await self.open.wait()
        return reply

    def tell(self, name: str, position: int = 6, service: str = "registration") -> None:
        self.answers.outdate(service, name, CONFERENCE, Position("e", position))


async def test_an_answer_is_kept():
    service = Service()
    reply = await service.answers.ask(QUESTION)
    assert service.answers.at_hand(QUESTION) == reply


async def test_those_who_ask_at_the_same_time_ask_once():
    service = Service()
    replies = await asyncio.gather(*(service.answers.ask(QUESTION) for _ in range(5)))
    assert len(service.asked) == 1
    assert all(reply is replies[0] for reply in replies)


async def test_an_answer_grows_too_old():
    service = Service()
    await service.answers.ask(QUESTION)
    service.now = KINDS[registration.GetConference].seconds + 0.1
    assert service.answers.at_hand(QUESTION) is None


async def test_a_message_outdates_what_it_is_about_and_the_next_question_waits_for_its_position():
    service = Service()
    await service.answers.ask(QUESTION)
    service.tell("SeatTaken")
    assert service.answers.at_hand(QUESTION) is None
    await service.answers.ask(QUESTION)
    assert service.asked == [None, "e:6"]


async def test_a_message_about_another_conference_outdates_lists_alone():
    service = Service()
    await service.answers.ask(QUESTION)
    service.reply = Reply(registration.Conferences(items=(), keys=()), None, "e:5")
    await service.answers.ask(LIST)
    service.answers.outdate("registration", "SeatTaken", "ff" * 16, None)
    assert service.answers.at_hand(QUESTION) is not None
    assert service.answers.at_hand(LIST) is None


async def test_what_was_asked_before_a_message_and_answered_after_it_is_not_kept():
    service = Service()
    service.open.clear()
    early = asyncio.create_task(service.answers.ask(QUESTION))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    service.tell("SeatTaken")
    late = asyncio.create_task(service.answers.ask(QUESTION))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    service.open.set()
    await asyncio.gather(early, late)
    assert service.asked == [None, "e:6"]  # the second one did not join the first


async def test_stale_answers_and_refusals_are_not_kept():
    service = Service()
    for reply in (
        Reply(view(registration.Conference), None, "e:5", stale=True),
        Reply(None, NotFound(what="conference", id=CONFERENCE)),
    ):
        service.reply = reply
        await service.answers.ask(QUESTION)
        assert service.answers.at_hand(QUESTION) is None


async def test_nothing_is_kept_where_nobody_listens():
    service = Service()
    service.answers._listening.clear()
    await service.answers.ask(QUESTION)
    assert service.answers.at_hand(QUESTION) is None


async def test_an_answer_that_did_not_change_stays_the_same_object_also_within_a_list():
    service = Service()
    first = (await service.answers.ask(QUESTION)).answer
    one = msgspec.structs.replace(view(registration.Conference))
    other = msgspec.structs.replace(one, conference_id="ff" * 16)
    service.reply = Reply(registration.Conferences(items=(one, other), keys=("1", "2")), None, "e:6")
    items = (await service.answers.ask(LIST)).unwrap().items
    assert items[0] is first
    service.tell("SeatTaken")
    changed = msgspec.structs.replace(other, seats_taken=9)
    service.reply = Reply(registration.Conferences(items=(one, changed), keys=("1", "2")), None, "e:7")
    again = (await service.answers.ask(LIST)).unwrap().items
    assert again[0] is first
    assert again[1] == changed


async def test_whoever_has_seen_more_is_not_given_what_is_kept():
    service = Service()
    await service.answers.ask(QUESTION)
    assert service.answers.at_hand(QUESTION, "e:5") is not None
    for position in ("e:6", "other:1", "nonsense"):
        assert service.answers.at_hand(QUESTION, position) is None
        assert service.answers.reader(ANONYMOUS, {"registration": position}, Good())(QUESTION) is None
    assert service.answers.reader(ANONYMOUS, {"session": "e:6"}, Good())(QUESTION) is not None


async def test_residents_and_staff_are_not_given_the_evening_of_everybody():
    """They are also told the announcement."""
    service = Service()
    service.reply = Reply(view(session.SessionView), None, "e:5")
    await service.answers.ask(EVENING)
    staff = Actor(id="a", kind="staff", grants=(Grant("moderator", "city"),))
    app = Actor(id="a", kind="app", grants=(Grant("moderator", "city"),))
    for actor in (RESIDENT, staff, app):
        assert not is_nobody(actor)
        assert not service.answers.serves(session.GetSession, actor)
        assert service.answers.reader(actor, {}, Good())(EVENING) is None
    assert service.answers.reader(ANONYMOUS, {}, Good())(EVENING) is not None
    assert service.answers.reader(Actor(id="a", kind="app"), {}, Good())(EVENING) is not None


async def test_all_that_was_read_is_good_until_the_first_of_it_is_too_old():
    service = Service()
    for question, now in ((QUESTION, 1.0), (LIST, 2.0)):
        service.now = now
        await service.answers.ask(question)
    good = Good()
    read = service.answers.reader(ANONYMOUS, {}, good)
    assert (read(LIST), good.until) == (service.reply.answer, 4.0)
    assert (read(QUESTION), good.until) == (service.reply.answer, 3.0)
    assert (read(EVENING), good.until) == (None, 3.0)


def test_no_answer_that_is_kept_holds_the_name_of_a_person():
    """Names are erased without the answers that they would stand in."""
    kept = {kind.ANSWER.__name__ for kind in KINDS}
    assert kept == {"Conferences", "Conference", "SessionView"}
    assert all(BOUND.values())
