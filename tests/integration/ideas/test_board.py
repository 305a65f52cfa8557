# SPDX-License-Identifier: Apache-2.0
"""Cards over the wire: fifty at once, sealed, cut to who looks, forgotten with their author."""

import asyncio
from uuid import uuid4

from services.chassis.keys import seal
from services.chassis.refusals import NotAllowed
from services.contracts import ideas as contract
from services.contracts import registration, session
from services.contracts.refusals import BoardIsClosed, PenIsTaken
from services.contracts.shared import Cut, Reason
from tests.integration.ideas.city import GATEWAY, MODERATOR, ORGANISER, START, City, eventually, resident, until_seated


def need(city: City, text: str = "Jemand zum Reden") -> contract.AddCard:
    return contract.AddCard(conference_id=city.conference, kind="NEED", text=text, tags=("gespräch",))


async def exchange(city: City, *people: str) -> None:
    await city.seat(*people)
    await until_seated(city, *people)
    await city.enter("exchange", "needs_offers")
    await eventually(city.board, lambda board: board.open_kinds == ("NEED", "OFFER"))


async def test_fifty_people_who_pin_at_once_never_get_in_each_others_way(city):
    people = [uuid4().hex for _ in range(50)]
    await exchange(city, *people)
    replies = await asyncio.gather(*(city.ask(need(city, f"Karte von {who}"), resident(who)) for who in people))
    assert [reply.refusal for reply in replies if reply.refusal] == []
    board = await eventually(city.board, lambda board: len(board.cards) == 50)
    assert {card.text for card in board.cards} == {f"Karte von {who}" for who in people}


async def test_needs_show_their_author_to_nobody_else(city):
    anna, ben = uuid4().hex, uuid4().hex
    await exchange(city, anna, ben)
    await city.does(need(city), resident(anna))
    board = await eventually(lambda: city.board(resident(anna)), lambda board: board.cards)
    assert (board.cards[0].author_id, board.cards[0].tags) == (anna, ("gespräch",))
    assert (await city.board(resident(ben))).cards[0].author_id is None
    assert (await city.board(MODERATOR)).cards[0].author_id is None


async def test_a_board_takes_cards_only_in_its_phase(city):
    anna = uuid4().hex
    await exchange(city, anna)
    await city.leave("exchange", "needs_offers")
    await eventually(city.board, lambda board: board.open_kinds == ())
    assert isinstance(await city.refused(need(city), resident(anna)), BoardIsClosed)


async def test_without_a_seat_or_pen_nobody_pins(city):
    anna = uuid4().hex
    assert isinstance(await city.refused(need(city), resident(anna)), NotAllowed)
    await exchange(city, anna)
    reason = Reason(code="insult", by=ORGANISER.id)
    await city.tell(
        session.ParticipantExcluded(at=START, conference_id=city.conference, participant_id=anna, reason=reason)
    )
    reply = await eventually(
        lambda: city.ask(need(city), resident(anna)), lambda reply: isinstance(reply.refusal, PenIsTaken)
    )
    assert reply.answer is None
    await city.tell(session.ParticipantReadmitted(at=START, conference_id=city.conference, participant_id=anna))
    await eventually(lambda: city.ask(need(city), resident(anna)), lambda reply: reply.answer is not None)


async def test_an_erased_author_takes_text_and_name_with_them(city):
    anna = uuid4().hex
    await exchange(city, anna)
    await city.does(need(city), resident(anna))
    await eventually(city.board, lambda board: board.cards and board.cards[0].text == "Jemand zum Reden")
    del city.keys[anna]
    city.destroyed.add(anna)
    await city.tell(registration.ParticipantErased(at=START, conference_id=city.conference, participant_id=anna))
    board = await eventually(city.board, lambda board: board.cards[0].author_id is None)
    assert (board.cards[0].text, board.cards[0].tags) == (None, ())
    assert isinstance(await city.refused(need(city), resident(anna)), NotAllowed | PenIsTaken)


async def test_every_replica_forgets_the_key_of_an_erased_person_at_once(city):
    anna = uuid4().hex
    await exchange(city, anna)
    box = seal(anna, city.keys[anna], "Jemand zum Reden")
    keys = [replica.runtime.keys for replica in city.replicas]
    assert [await each.open(box) for each in keys] == ["Jemand zum Reden"] * 2
    del city.keys[anna]
    await city.tell(registration.ParticipantErased(at=START, conference_id=city.conference, participant_id=anna))
    for each in keys:
        await eventually(lambda each=each: each.open(box), lambda text: text is None)


async def test_only_the_author_or_a_moderator_takes_a_card_off(city):
    anna, ben = uuid4().hex, uuid4().hex
    await exchange(city, anna, ben)
    first = (await city.does(need(city), resident(anna))).card_id
    second = (await city.does(need(city), resident(anna))).card_id
    await eventually(city.board, lambda board: len(board.cards) == 2)

    def hide(card_id: str) -> contract.HideCard:
        return contract.HideCard(conference_id=city.conference, card_id=card_id)

    assert isinstance(await city.refused(hide(first), resident(ben)), NotAllowed)
    await city.does(hide(first), resident(anna))
    await city.does(hide(second), MODERATOR)
    await eventually(city.board, lambda board: board.cards == ())


async def test_gateways_are_told_that_cards_changed(city):
    anna = uuid4().hex
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen(message):
        heard.put_nowait(message.data)

    subscribed = await city.bus.subscribe(city.bus.subject_live("ideas", city.conference, "CardsChanged"), listen)
    await exchange(city, anna)
    await city.does(need(city), resident(anna))
    assert await asyncio.wait_for(heard.get(), 60)
    await subscribed.stop()


async def test_challenges_are_public_once_organisers_published_them(city):
    challenge_id, district_id = uuid4().hex, uuid4().hex
    post = contract.PostChallenge(challenge_id=challenge_id, district_id=district_id, title="Schulweg", text="Eng.")
    assert isinstance(await city.refused(post, resident(uuid4().hex)), NotAllowed)
    await city.does(post, ORGANISER)
    listing = contract.ListChallenges(district_id=district_id)
    await eventually(lambda: city.does(listing, GATEWAY), lambda page: len(page.items) == 1)
    assert (await city.does(listing, resident(uuid4().hex))).items == ()
    await city.does(contract.PublishChallenge(challenge_id=challenge_id), ORGANISER)
    await eventually(lambda: city.does(listing, resident(uuid4().hex)), lambda page: len(page.items) == 1)


async def test_lists_are_read_page_by_page_or_by_id(city):
    district_id = uuid4().hex
    ids = sorted(uuid4().hex for _ in range(5))
    for challenge_id in ids:
        post = contract.PostChallenge(challenge_id=challenge_id, district_id=district_id, title="Titel", text="Text")
        await city.does(post, ORGANISER)

    async def page(**asked):
        return await city.does(contract.ListChallenges(district_id=district_id, **asked), ORGANISER)

    await eventually(page, lambda found: len(found.items) == 5)
    first = await page(cut=Cut(first=2))
    assert first.more
    second = await page(cut=Cut(first=3, after=first.keys[-1]))
    assert [one.challenge_id for one in (*first.items, *second.items)] == ids
    assert not second.more
    last = await page(cut=Cut(first=2, backward=True))
    assert [one.challenge_id for one in last.items] == ids[3:]
    assert last.more
    others = await page(cut=Cut(first=3, before=last.keys[0], backward=True))
    assert [one.challenge_id for one in others.items] == ids[:3]
    assert not others.more
    between = await page(cut=Cut(after=ids[0], before=ids[4]))
    assert [one.challenge_id for one in between.items] == ids[1:4]
    named = await page(ids=(ids[3], ids[1]))
    assert [one.challenge_id for one in named.items] == [ids[1], ids[3]]
