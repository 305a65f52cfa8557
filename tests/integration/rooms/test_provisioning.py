# SPDX-License-Identifier: Apache-2.0
"""LiveKit follows the placements of an evening, and the evening goes on when it does not."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.identity import Actor
from services.contracts import registration, rooms, session
from services.contracts.shared import Reason
from services.rooms.adapters.provisioning import CLAIM
from services.rooms.readmodel.room_work import GRACE
from tests.integration.rooms.conftest import Video

NOW = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
CONF = uuid4().hex
ANNA, BEN, CLEO, DORA = (f"{n:032x}" for n in range(1, 5))
RED, BLUE = "a1" * 16, "b2" * 16
PLENARY = f"c1.{CONF}.p"
FIRST, SECOND = f"c1.{CONF}.r1.g1", f"c1.{CONF}.r1.g2"


async def becomes(holds: Callable[[], Awaitable[Any] | Any]) -> Any:
    """Waits until `holds` answers something true, and returns it."""
    async with asyncio.timeout(60):
        while True:
            answer = holds()
            answer = await answer if asyncio.iscoroutine(answer) else answer
            if answer:
                return answer
            await asyncio.sleep(0.02)


def names(video: Video) -> set[str]:
    return {room.name for room in video.double.rooms.list()}


async def place(video: Video, generation: int = 1) -> None:
    groups = (
        session.GroupPlaced(group_id=RED, number=1, members=(ANNA, BEN)),
        session.GroupPlaced(group_id=BLUE, number=2, members=(CLEO, DORA)),
    )
    await video.tell(
        session.GroupsPlaced(conference_id=CONF, at=NOW, generation=generation, run=2, mode="mix", groups=groups)
    )


async def credentials(video: Video, who: str, room: str) -> rooms.JoinCredentials:
    """The person's credentials, as soon as they are for this room."""

    async def given() -> rooms.JoinCredentials | None:
        query = rooms.GetJoinCredentials(conference_id=CONF, participant_id=who)
        answer = (await video.requests.ask(query, actor=Actor(id=who, kind="resident"))).answer
        return answer if isinstance(answer, rooms.JoinCredentials) and answer.room == room else None

    return await becomes(given)


@pytest.fixture
async def evening(video: Video) -> Video:
    for who in (ANNA, BEN, CLEO, DORA):
        await video.tell(registration.SeatTaken(conference_id=CONF, at=NOW, participant_id=who))
    await video.tell(session.LobbyOpened(conference_id=CONF, at=NOW))
    await credentials(video, ANNA, PLENARY)
    return video


async def test_the_plenary_is_made_when_the_lobby_opens(evening):
    await becomes(lambda: names(evening) == {PLENARY})


async def test_the_rooms_of_a_placed_round_are_made(evening):
    await place(evening)
    await becomes(lambda: names(evening) == {PLENARY, FIRST, SECOND})


async def test_work_that_is_done_is_gone(evening):
    await place(evening)
    await becomes(lambda: len(names(evening)) == 3)

    async def nothing_left() -> bool:
        return await evening.work() == set()

    await becomes(nothing_left)


async def test_closed_rooms_stay_for_the_grace_and_vanish_after_it(evening):
    await place(evening)
    await becomes(lambda: len(names(evening)) == 3)
    await evening.tell(session.GroupsRecalled(conference_id=CONF, at=NOW, generation=2))

    async def closing() -> bool:
        return await evening.work() == {(FIRST, "delete"), (SECOND, "delete")}

    await becomes(closing)
    assert names(evening) == {PLENARY, FIRST, SECOND}
    await evening.let_pass(GRACE.total_seconds())
    await becomes(lambda: names(evening) == {PLENARY})


async def test_work_stays_while_livekit_is_down_and_is_done_once_it_is_back(evening):
    await becomes(lambda: names(evening) == {PLENARY})
    await evening.double.stop()
    await place(evening)

    async def tried() -> bool:
        query = "SELECT count(*) FROM room_work WHERE attempts > 0"
        return await evening.service.runtime.db.pool.fetchval(query) == 2

    await becomes(tried)
    await evening.double.start()
    await evening.let_pass(CLAIM.total_seconds())
    await becomes(lambda: names(evening) == {PLENARY, FIRST, SECOND})


async def test_people_get_their_tokens_while_livekit_is_down(evening):
    await evening.double.stop()
    await place(evening)
    given = await credentials(evening, CLEO, SECOND)
    assert given.why_no_video is None
    claims = evening.double.verifier.verify(given.token)
    assert (claims.identity, claims.video["room"], claims.room_config["name"]) == (CLEO, SECOND, SECOND)


async def test_a_call_that_hangs_costs_its_deadline_and_is_made_again(evening):
    await becomes(lambda: names(evening) == {PLENARY})
    evening.double.faults.switch_on("CreateRoom", "hang", times=1)
    await place(evening)
    await becomes(lambda: names(evening) == {PLENARY, FIRST, SECOND})


async def test_a_room_that_is_closed_before_it_was_made_is_not_made_any_more(evening):
    await becomes(lambda: names(evening) == {PLENARY})
    evening.double.faults.switch_on("CreateRoom", "unauthorized")
    await place(evening)
    await evening.tell(session.GroupsRecalled(conference_id=CONF, at=NOW, generation=2))

    async def closing() -> bool:
        return await evening.work() == {(FIRST, "delete"), (SECOND, "delete")}

    await becomes(closing)
    evening.double.faults.switch_off()
    await evening.let_pass(GRACE.total_seconds())

    async def nothing_left() -> bool:
        return await evening.work() == set()

    await becomes(nothing_left)
    assert names(evening) == {PLENARY}


async def test_the_state_of_video_is_told(evening):
    query = rooms.GetVideoStatus()
    actor = Actor.service("gateway")
    up = (await evening.requests.ask(query, actor=actor)).answer
    assert up.cells == {"c1": {"up": True, "problem": None}}
    evening.double.faults.switch_on("ListRooms", "unavailable")
    down = (await evening.requests.ask(query, actor=actor)).answer
    assert down.cells == {"c1": {"up": False, "problem": "ListRooms: 503 unavailable"}}


REASON = Reason(code="insult", by=DORA)


def may_publish(video: Video, who: str) -> bool:
    return video.double.rooms.person(PLENARY, who).permission.can_publish


async def test_who_is_muted_is_silent_in_the_room_within_two_seconds_and_with_every_later_token(evening):
    await becomes(lambda: names(evening) == {PLENARY})
    evening.double.rooms.enter(PLENARY, ANNA)
    evening.double.rooms.enter(PLENARY, BEN)
    asked = time.monotonic()
    await evening.tell(session.ParticipantMuted(conference_id=CONF, at=NOW, participant_id=ANNA, reason=REASON))
    await becomes(lambda: not may_publish(evening, ANNA))
    assert time.monotonic() - asked < 2
    assert may_publish(evening, BEN)
    given = await credentials(evening, ANNA, PLENARY)
    assert evening.double.verifier.verify(given.token).video.get("canPublish") is not True


async def test_who_may_speak_again_is_heard(evening):
    await becomes(lambda: names(evening) == {PLENARY})
    evening.double.rooms.enter(PLENARY, ANNA)
    await evening.tell(session.ParticipantMuted(conference_id=CONF, at=NOW, participant_id=ANNA, reason=REASON))
    await becomes(lambda: not may_publish(evening, ANNA))
    await evening.tell(session.ParticipantUnmuted(conference_id=CONF, at=NOW, participant_id=ANNA))
    await becomes(lambda: may_publish(evening, ANNA))


async def test_who_is_excluded_is_put_out_of_the_room_within_two_seconds(evening):
    await becomes(lambda: names(evening) == {PLENARY})
    evening.double.rooms.enter(PLENARY, ANNA)
    asked = time.monotonic()
    await evening.tell(session.ParticipantExcluded(conference_id=CONF, at=NOW, participant_id=ANNA, reason=REASON))
    await becomes(lambda: not evening.double.rooms.people(PLENARY))
    assert time.monotonic() - asked < 2


async def test_who_could_not_be_put_out_at_once_is_put_out_later(evening):
    await becomes(lambda: names(evening) == {PLENARY})
    evening.double.rooms.enter(PLENARY, ANNA)
    evening.double.faults.switch_on("RemoveParticipant", "unauthorized", times=1)
    await evening.tell(session.ParticipantExcluded(conference_id=CONF, at=NOW, participant_id=ANNA, reason=REASON))
    await becomes(lambda: not evening.double.rooms.people(PLENARY))
