# SPDX-License-Identifier: Apache-2.0
"""Rooms follows an evening that the session service tells, over real PostgreSQL and NATS."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import jwt
import pytest

from services.chassis.identity import Actor, Grant
from services.chassis.refusals import NotAllowed
from services.contracts import registration, rooms, session
from services.contracts.refusals import PlacementChanged, VenueIsClosed
from services.contracts.shared import Reason
from services.rooms.adapters.tokens import mint

NOW = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
CONF = uuid4().hex
ANNA, BEN, CLEO, MENTOR = (f"{n:032x}" for n in range(1, 5))
RED = "a1" * 16


def resident(who: str) -> Actor:
    return Actor(id=who, kind="resident")


async def placed(venue: Any, who: str, generation: int) -> rooms.Placement:
    """The person's placement as soon as it is of this generation."""
    requests, _ = venue
    query = rooms.GetPlacement(conference_id=CONF, participant_id=who)
    async with asyncio.timeout(60):
        while True:
            reply = await requests.ask(query, actor=resident(who))
            if isinstance(reply.answer, rooms.Placement) and reply.answer.generation >= generation:
                return reply.answer
            await asyncio.sleep(0.02)


async def confirm(venue: Any, who: str, generation: int) -> Any:
    requests, _ = venue
    command = rooms.ConfirmPlacement(conference_id=CONF, generation=generation)
    return await requests.ask(command, actor=resident(who), command_id=uuid4())


@pytest.fixture
async def evening(venue: tuple[Any, Callable[..., Awaitable[None]]]) -> Any:
    _, tell = venue
    await tell(session.LobbyOpened(conference_id=CONF, at=NOW))
    await seat(venue, ANNA, BEN, CLEO)
    await placed(venue, ANNA, 0)
    return venue


async def seat(venue: Any, *people: str) -> None:
    """Gives people seats; returns when rooms has heard of it."""
    requests, tell = venue
    for who in people:
        await tell(registration.SeatTaken(conference_id=CONF, at=NOW, participant_id=who))
    query = rooms.GetJoinCredentials(conference_id=CONF, participant_id=people[-1])
    async with asyncio.timeout(60):
        while True:
            if (await requests.ask(query, actor=resident(people[-1]))).answer is not None:
                return
            await asyncio.sleep(0.02)


async def place_groups(evening: Any) -> None:
    group = session.GroupPlaced(group_id=RED, number=1, members=(ANNA, BEN, CLEO), mentor_id=MENTOR)
    _, tell = evening
    await tell(session.GroupsPlaced(conference_id=CONF, at=NOW, generation=1, run=2, mode="mix", groups=(group,)))


async def test_everybody_belongs_in_the_plenary_when_the_lobby_opens(evening):
    found = await placed(evening, ANNA, 0)
    assert (found.kind, found.room, found.video) == ("plenary", f"text.{CONF}.p", False)


async def test_members_and_mentor_of_a_group_share_its_room(evening):
    await place_groups(evening)
    assert {(await placed(evening, who, 1)).room for who in (ANNA, BEN, CLEO, MENTOR)} == {f"text.{CONF}.r1.g1"}


async def test_a_recall_brings_people_back(evening):
    _, tell = evening
    await place_groups(evening)
    await tell(session.GroupsRecalled(conference_id=CONF, at=NOW, generation=2))
    assert (await placed(evening, ANNA, 2)).kind == "plenary"


async def test_a_confirmed_placement_is_shown_as_such(evening):
    await place_groups(evening)
    await placed(evening, ANNA, 1)
    reply = await confirm(evening, ANNA, 1)
    requests, _ = evening
    query = rooms.GetPlacement(conference_id=CONF, participant_id=ANNA)
    while (seen := await requests.ask(query, actor=resident(ANNA), after=reply.position)).stale:
        pass  # a busy machine may take longer than 250 ms, and the answer says so
    assert seen.answer.confirmed


async def test_a_late_confirmation_is_told_the_present_generation(evening):
    await place_groups(evening)
    await placed(evening, ANNA, 1)
    assert (await confirm(evening, ANNA, 0)).refusal == PlacementChanged(generation=1)


async def test_nobody_reads_the_placement_of_somebody_else(evening):
    requests, _ = evening
    query = rooms.GetPlacement(conference_id=CONF, participant_id=ANNA)
    assert isinstance((await requests.ask(query, actor=resident(BEN))).refusal, NotAllowed)


async def test_staff_see_the_whole_venue(evening):
    await place_groups(evening)
    await placed(evening, ANNA, 1)
    requests, _ = evening
    moderator = Actor(id=MENTOR, kind="staff", grants=(Grant("moderator", CONF),))
    reply = await requests.ask(rooms.GetVenue(conference_id=CONF), actor=moderator)
    assert {entry.participant_id for entry in reply.answer.placements} == {ANNA, BEN, CLEO, MENTOR}
    assert all(entry.placed_at is not None and not entry.confirmed for entry in reply.answer.placements)


async def test_without_livekit_credentials_say_why_there_is_no_video(evening):
    requests, _ = evening
    query = rooms.GetJoinCredentials(conference_id=CONF, participant_id=ANNA)
    answer = (await requests.ask(query, actor=resident(ANNA))).answer
    assert answer.token is None
    assert "text" in answer.why_no_video


async def test_without_a_seat_there_is_no_way_in(evening):
    requests, tell = evening
    waiting = f"{9:032x}"
    query = rooms.GetJoinCredentials(conference_id=CONF, participant_id=waiting)
    assert isinstance((await requests.ask(query, actor=resident(waiting))).refusal, NotAllowed)
    assert isinstance((await confirm(evening, waiting, 0)).refusal, NotAllowed)
    await tell(registration.SeatReleased(conference_id=CONF, at=NOW, participant_id=CLEO))
    query = rooms.GetJoinCredentials(conference_id=CONF, participant_id=CLEO)
    async with asyncio.timeout(60):
        while True:
            if isinstance((await requests.ask(query, actor=resident(CLEO))).refusal, NotAllowed):
                break
            await asyncio.sleep(0.02)


async def test_a_juror_of_the_conference_has_no_place_in_its_rooms(evening):
    requests, _ = evening
    juror = Actor(id=MENTOR, kind="staff", grants=(Grant("juror", CONF),))
    query = rooms.GetJoinCredentials(conference_id=CONF, participant_id=MENTOR)
    assert isinstance((await requests.ask(query, actor=juror)).refusal, NotAllowed)


async def test_an_excluded_person_gets_no_credentials(evening):
    requests, tell = evening
    reason = Reason(code="insult", by=MENTOR)
    await tell(session.ParticipantExcluded(conference_id=CONF, at=NOW, participant_id=ANNA, reason=reason))
    await place_groups(evening)
    await placed(evening, BEN, 1)  # told later, applied later
    query = rooms.GetJoinCredentials(conference_id=CONF, participant_id=ANNA)
    assert isinstance((await requests.ask(query, actor=resident(ANNA))).refusal, NotAllowed)


async def test_a_closed_venue_refuses_confirmations(evening):
    requests, tell = evening
    await tell(session.SessionEnded(conference_id=CONF, at=NOW))
    query = rooms.GetJoinCredentials(conference_id=CONF, participant_id=ANNA)
    async with asyncio.timeout(60):
        while True:
            if isinstance((await requests.ask(query, actor=resident(ANNA))).refusal, VenueIsClosed):
                break
            await asyncio.sleep(0.02)
    assert isinstance((await confirm(evening, ANNA, 0)).refusal, VenueIsClosed)


def test_a_token_names_ids_only_and_lives_ten_minutes():
    secret = "s" * 40
    minted = mint("key", secret, room="c1.x.p", identity=ANNA, part="resident", plenary=True, generation=3)
    claims = jwt.decode(minted.token, secret, algorithms=["HS256"])
    assert (claims["sub"], claims["video"]["room"], "name" in claims) == (ANNA, "c1.x.p", False)
    assert claims["exp"] - claims["nbf"] <= 600
    assert "screen_share" not in claims["video"]["canPublishSources"]
