# SPDX-License-Identifier: Apache-2.0
"""The city drives many evenings with one order, in the real service over real NATS and PostgreSQL."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.chassis.identity import Actor, Grant
from services.chassis.refusals import InvalidInput, NotAllowed
from services.contracts import session as asked
from services.contracts.refusals import OwnSessionOrder
from tests.integration.chassis.waiting import until
from tests.integration.session.evening import Evening, evening

MIA, OMAR = (Actor(uuid4().hex, "staff", (Grant("organiser", "city"),)) for _ in range(2))


@pytest.fixture
async def night(service_database, nats_url, prefix, tmp_path):
    async with evening(service_database, nats_url, prefix, tmp_path) as night:
        yield night


async def several(night: Evening, count: int) -> list[str]:
    """Prepares evenings; the first one is the night's own."""
    found = []
    for _ in range(count):
        night.conference = uuid4().hex
        await night.announce()
        found.append(night.conference)
    return found


def moderator_of(conference: str) -> Actor:
    return Actor(uuid4().hex, "staff", (Grant("moderator", conference),))


async def begun(night: Evening) -> str:
    """An evening that a moderator began."""
    (one,) = await several(night, 1)
    await night.ask(asked.StartSession(conference_id=one), moderator_of(one))
    return one


async def order(night: Evening, action: str, conferences: list[str], actor: Actor = MIA, **more) -> asked.OrderAccepted:
    command = asked.OrderSessions(action=action, conference_ids=tuple(conferences), **more)
    answer: asked.OrderAccepted = await night.ask(command, actor)
    return answer


async def outcomes(night: Evening, order_id: str) -> list[str | None]:
    view = await night.ask(asked.GetTimetable(), MIA)
    found = next(one for one in view.orders if one.order_id == order_id)
    return [turn.outcome for turn in found.turns]


async def followed(night: Evening, order_id: str) -> list[str | None]:
    """What became of each turn, once all evenings had theirs."""

    async def all_had() -> bool:
        return None not in await outcomes(night, order_id)

    await until(all_had)
    return await outcomes(night, order_id)


async def status(night: Evening, conference: str) -> str:
    return str((await night.ask(asked.GetSession(conference_id=conference))).status)


async def test_one_order_begins_holds_releases_and_ends_all(night: Evening):
    conferences = await several(night, 3)
    given = await order(night, "START", conferences, window_seconds=1)
    assert given.status == "GIVEN"
    assert await followed(night, given.order_id) == ["DONE"] * 3

    async def all_are(wanted: str) -> None:
        async def reached() -> bool:
            return {await status(night, one) for one in conferences} == {wanted}

        await until(reached)

    await all_are("RUNNING")  # by their own clocks
    for action, wanted in (("HOLD", "PAUSED"), ("RELEASE", "RUNNING"), ("END", "ENDED")):
        given = await order(night, action, conferences, window_seconds=0)
        assert await followed(night, given.order_id) == ["DONE"] * 3
        await all_are(wanted)


async def test_the_moderator_s_will_holds(night: Evening):
    first, second, third = [await begun(night) for _ in range(3)]
    await night.ask(asked.SteerByHand(conference_id=first), moderator_of(first))
    assert (await night.ask(asked.GetTimetable(), MIA)).by_hand == (first,)
    held = await order(night, "HOLD", [first, second, third], window_seconds=0)
    await followed(night, held.order_id)
    assert [await status(night, one) for one in (first, second, third)] == ["RUNNING", "PAUSED", "PAUSED"]
    await night.ask(asked.ResumeSession(conference_id=third), moderator_of(third))
    await night.ask(asked.PauseSession(conference_id=third), moderator_of(third))
    released = await order(night, "RELEASE", [first, second, third], window_seconds=0)
    assert sorted(map(str, await followed(night, released.order_id))) == ["BY_HAND", "DONE", "OTHERWISE"]
    assert [await status(night, one) for one in (first, second, third)] == ["RUNNING", "RUNNING", "PAUSED"]


async def test_many_evenings_take_a_second_person(night: Evening):
    conferences = await several(night, 6)
    given = await order(night, "START", conferences, window_seconds=0)
    assert given.status == "AWAITING_APPROVAL"
    approve = asked.ApproveSessionOrder(order_id=given.order_id)
    assert (await night.try_(approve, MIA)).refusal == OwnSessionOrder()
    app = Actor(uuid4().hex, "app", OMAR.grants)
    assert isinstance((await night.try_(approve, app)).refusal, NotAllowed)
    assert await outcomes(night, given.order_id) == [None] * 6
    await night.ask(approve, OMAR)
    assert await followed(night, given.order_id) == ["DONE"] * 6


async def test_a_cancelled_order_reaches_nobody(night: Evening):
    one = await begun(night)
    given = await order(night, "END", [one], begins_at=night.now + timedelta(seconds=2), window_seconds=0)
    await night.ask(asked.CancelSessionOrder(order_id=given.order_id), OMAR)
    later = await order(night, "HOLD", [one], begins_at=night.now + timedelta(seconds=3), window_seconds=0)
    await followed(night, later.order_id)
    assert (await outcomes(night, given.order_id), await status(night, one)) == ([None], "PAUSED")


async def test_turns_that_were_missed_come_once_after_a_restart(night: Evening):
    one = await begun(night)
    given = await order(night, "HOLD", [one], begins_at=night.now + timedelta(seconds=2), window_seconds=0)
    await night.one.close()
    await night.start_another()
    assert await followed(night, given.order_id) == ["DONE"]
    assert await status(night, one) == "PAUSED"


async def test_who_organises_no_city_orders_nothing_and_nothing_unknown_is_ordered(night: Evening):
    (one,) = await several(night, 1)
    command = asked.OrderSessions(action="HOLD", conference_ids=(one,))
    assert isinstance((await night.try_(command, night.moderator)).refusal, NotAllowed)
    nowhere = asked.OrderSessions(action="HOLD", conference_ids=(one, uuid4().hex))
    refusal = (await night.try_(nowhere, MIA)).refusal
    assert isinstance(refusal, InvalidInput)
    assert refusal.field == "conference_ids[1]"
