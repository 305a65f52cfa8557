# SPDX-License-Identifier: Apache-2.0
"""The subscriptions beside a conference, and what happens at once to whoever loses a seat or a role."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from gateway.client import Client, ClientError, Closed
from gateway.schema.relay import global_id
from services.chassis.identity import Actor
from services.chassis.refusals import NotAllowed
from services.contracts import ideas, registration, session
from tests.gateway.city import ANNA, BEN, CONFERENCE, MODERATOR, START, City, evening
from tests.gateway.conftest import Address
from tests.gateway.pictures import AT, GID, last, until, watching

ROUND, JUROR = "ab" * 16, "1a" * 16
IDEA = "1d" * 16
ROW = session.DeskRow(
    conference_id=CONFERENCE, status="RUNNING", phase="exchange", deadline=START, seated=4, present=2, groups=2,
    without_mentor=1, open_calls=0,
)  # fmt: skip


def conference(name: str, taken: int = 4) -> registration.Conference:
    found = next(one for one in evening() if isinstance(one, registration.Conference))
    return msgspec.structs.replace(found, conference_id=name * 32, seats_taken=taken)


async def heard(changes: AsyncIterator[Any], wanted: Callable[[Any], bool]) -> Any:
    """The first change that is wanted."""
    async with asyncio.timeout(60):
        async for change in changes:
            if wanted(change):
                return change
    raise AssertionError("the subscription ended")


def pages(*found: registration.Conference) -> Callable[[registration.ListConferences], registration.Conferences]:
    """A list of which every page has one conference."""

    def page(query: registration.ListConferences) -> registration.Conferences:
        place = int(query.cut.after or -1) + 1
        more = place + 1 < len(found)
        return registration.Conferences(items=found[place : place + 1], keys=(str(place),), more=more)

    return page


async def test_the_desk_sees_every_evening_and_every_registration_as_they_change(city: City, gateway: Address) -> None:
    city.say(session.GetDesk, lambda _: session.DeskView(rows=(ROW,)))
    city.say(registration.ListConferences, pages(conference("1"), conference("2"), conference("3")))
    organiser = city.issuer.staff(role="organiser", scope="city")
    async with Client(gateway.url, organiser) as client:
        changes = client.subscribe("DeskChanges")
        snapshot = await anext(changes)
        assert [row.present for row in snapshot.rows] == [2]
        assert [one.details.seats_taken for one in snapshot.conferences] == [4, 4, 4]
        city.say(session.GetDesk, lambda _: session.DeskView(rows=(msgspec.structs.replace(ROW, open_calls=1),)))
        await city.tell(session.HelpRequested(**AT, call_id="ca" * 16, group_id=None))
        change = await heard(changes, lambda one: type(one).__name__ == "DeskRowsChanged")
        assert [row.open_calls for row in change.changed_rows] == [1]
        city.say(registration.ListConferences, pages(conference("1"), conference("2", taken=5)))
        await city.tell(registration.SeatTaken(at=START, conference_id="2" * 32, participant_id=ANNA))
        change = await heard(changes, lambda one: type(one).__name__ == "DeskConferencesChanged")
        assert [one.details.seats_taken for one in change.changed_conferences] == [5]
        assert change.removed_conference_ids == (global_id("Conference", "3" * 32),)
        await changes.aclose()  # type: ignore[attr-defined]


async def test_the_staff_of_the_city_read_what_they_write_to_each_other_as_it_is_written(
    city: City, gateway: Address
) -> None:
    line = session.MessageView(
        message_id="ce" * 16, channel="city", author_id=MODERATOR, text="Wer kann nach Haslach?", hidden=False, at=START
    )
    async with Client(gateway.url, city.issuer.staff(role="mentor", scope="city")) as client:
        changes = client.subscribe("DeskChanges")
        assert (await anext(changes)).chat == ()
        city.say(session.GetCityChat, lambda _: session.CityChatView(messages=(line,)))
        await city.tell(session.CityMessagePosted(at=START, message_id=line.message_id))
        change = await heard(changes, lambda one: type(one).__name__ == "DeskChatChanged")
        assert [(one.channel, one.text) for one in change.changed_messages] == [("city", line.text)]
        city.say(session.GetCityChat, lambda _: session.CityChatView(messages=()))
        await city.tell(session.CityChatDeleted(at=START))
        change = await heard(changes, lambda one: type(one).__name__ == "DeskChatChanged")
        assert change.removed_message_ids == (global_id("ChatMessage", line.message_id),)
        await changes.aclose()  # type: ignore[attr-defined]


@pytest.mark.parametrize("role", ["moderator", "mentor"])
async def test_the_desk_is_for_those_who_serve_in_the_whole_city(role: str, city: City, gateway: Address) -> None:
    async with Client(gateway.url, city.issuer.staff(role=role, scope=CONFERENCE)) as client:
        with pytest.raises(ClientError) as refused:
            await anext(client.subscribe("DeskChanges"))
        assert refused.value.codes == ["NOT_ALLOWED"]


def review(score: int) -> ideas.ReviewView:
    return ideas.ReviewView(idea_id=IDEA, scores={"c0" * 16: score}, comment=None, recused=False)


def jury(city: City, submitted: int, **queues: tuple[ideas.ReviewView, ...]) -> None:
    """The round, as the ideas service tells it to each who asks."""

    def answer(_: ideas.GetJuryRound, actor: Actor) -> ideas.JuryRoundView | NotAllowed:
        own = queues.get("organiser" if actor.holds("organiser") else actor.id)
        if own is None:
            return NotAllowed(needs="juror or organiser")
        return ideas.JuryRoundView(
            round_id=ROUND, title="Jury", open=True, criteria=(), budget_cents=0, queue=own, ranking=(),
            submitted=submitted, expected=9,
        )  # fmt: skip

    city.say_to_each(ideas.GetJuryRound, answer)


async def test_jurors_watch_their_own_reviews_and_how_far_the_round_is(city: City, gateway: Address) -> None:
    juror = city.issuer.staff(JUROR, role="juror", scope="city")
    organiser = city.issuer.staff(role="organiser", scope="city")
    jury(city, 1, **{JUROR: (review(1),), "organiser": ()})
    place = {"roundId": global_id("JuryRound", ROUND)}
    async with Client(gateway.url, juror) as one, Client(gateway.url, organiser) as other:
        own, progress = one.subscribe("JuryRoundChanges", place), other.subscribe("JuryRoundChanges", place)
        snapshot, seen = await anext(own), await anext(progress)
        assert [[score.score for score in item.scores] for item in snapshot.round.queue] == [[1]]
        assert (seen.round.queue, seen.round.submitted) == ((), 1)
        jury(city, 2, **{JUROR: (review(3),), "organiser": ()})
        await city.tell(ideas.JuryRoundChanged(conference_id=ROUND, position=0))
        found = [await anext(own), await anext(own)]
        kinds = {type(change).__name__: change for change in found}
        assert kinds["JuryRoundChanged"].submitted == 2
        assert [item.scores[0].score for item in kinds["ReviewsChanged"].changed_reviews] == [3]
        assert (await anext(progress)).submitted == 2
        async with Client(gateway.url, city.issuer.staff(BEN, role="juror", scope="city")) as stranger:
            with pytest.raises(ClientError) as refused:
                await anext(stranger.subscribe("JuryRoundChanges", place))
            assert refused.value.codes == ["NOT_ALLOWED"]
        await own.aclose()  # type: ignore[attr-defined]
        await progress.aclose()  # type: ignore[attr-defined]


async def test_who_loses_their_seat_sees_the_conference_no_more_at_once(city: City, gateway: Address) -> None:
    async with (
        watching(gateway, city.issuer.resident(ANNA)) as anna,
        watching(gateway, city.issuer.resident(BEN)) as ben,
    ):
        await city.tell(registration.SeatReleased(**AT, participant_id=ANNA))  # no service knows it yet
        await anna.becomes(lambda now: now.my_group is None and not now.chats and now.session is not None)
        assert ben.now is not None
        assert ben.now.my_group is not None
        await city.tell(registration.SeatTaken(**AT, participant_id=ANNA))
        await anna.becomes(lambda now: now.my_group is not None)


async def test_who_loses_a_role_is_out_and_comes_back_without_it(city: City, gateway: Address) -> None:
    token = city.issuer.staff()
    released = {"at": START, "conference_id": CONFERENCE, "staff_id": MODERATOR, "role": "moderator"}
    async with Client(gateway.url, token) as client:
        changes = client.subscribe("ConferenceChanges", {"conferenceId": GID})
        await anext(changes)
        await city.tell(registration.StaffReleased(**released))
        with pytest.raises(Closed) as closed:
            await last(changes)
        assert (closed.value.code, closed.value.reason) == (4403, "Released")
        with pytest.raises(ClientError) as refused:
            await anext(client.subscribe("ConferenceChanges", {"conferenceId": GID}))
        assert refused.value.codes == ["NOT_ALLOWED"]
        await city.tell(registration.StaffAssigned(**released))
        await until(lambda: not gateway.gateway.identity._released)
        changes = client.subscribe("ConferenceChanges", {"conferenceId": GID})
        assert type(await anext(changes)).__name__ == "ConferenceSnapshot"
        await changes.aclose()  # type: ignore[attr-defined]
