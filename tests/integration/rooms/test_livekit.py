# SPDX-License-Identifier: Apache-2.0
"""The adapter to LiveKit keeps its deadline and its patience, against a server that fails as servers do."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator

import pytest
from livekit import api

from services.rooms.adapters import livekit as adapter
from services.rooms.adapters.livekit import TRIES, LiveKitRooms, VideoUnavailable
from services.rooms.adapters.tokens import mint
from services.rooms.testing.access import BadToken
from services.rooms.testing.double import Double
from tests.integration.rooms.conftest import KEY, SECRET

ROOM = "c1.x.r1.g1"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """The bounds between which each pause before a retry was drawn; the pauses themselves take no time."""
    drawn: list[tuple[float, float]] = []

    def draw(least: float, most: float) -> float:
        drawn.append((least, most))
        return 0.0

    monkeypatch.setattr(adapter.random, "uniform", draw)
    return drawn


@pytest.fixture
async def rooms(double: Double) -> AsyncIterator[LiveKitRooms]:
    async with LiveKitRooms(double.url, KEY, SECRET) as entered:
        yield entered


async def test_a_room_is_made_with_the_configuration_of_its_kind(double, rooms):
    await rooms.ensure(ROOM, plenary=False)
    await rooms.ensure("c1.x.p", plenary=True)
    made = {room.name: (room.max_participants, room.departure_timeout) for room in double.rooms.list()}
    assert made == {ROOM: (12, 120), "c1.x.p": (120, 900)}


async def test_a_room_is_closed(double, rooms):
    await rooms.ensure(ROOM, plenary=False)
    await rooms.delete(ROOM)
    assert double.rooms.list() == []


async def test_closing_a_room_that_does_not_exist_is_done(double, rooms):
    await rooms.delete(ROOM)
    assert double.faults.calls["DeleteRoom"] == 1


@pytest.mark.parametrize("kind", ["unavailable", "unknown", "bad_gateway", "reset"])
async def test_a_passing_failure_is_tried_again(double, rooms, pauses, kind):
    double.faults.switch_on("CreateRoom", kind, times=2)
    await rooms.ensure(ROOM, plenary=False)
    assert [room.name for room in double.rooms.list()] == [ROOM]
    assert double.faults.calls["CreateRoom"] == 3


@pytest.mark.parametrize("kind", ["unavailable", "unknown", "bad_gateway", "reset"])
async def test_a_lasting_failure_ends_after_three_tries(double, rooms, pauses, kind):
    double.faults.switch_on("CreateRoom", kind)
    with pytest.raises(VideoUnavailable, match="CreateRoom"):
        await rooms.ensure(ROOM, plenary=False)
    assert double.faults.calls["CreateRoom"] == TRIES


async def test_pauses_before_retries_are_drawn_from_a_growing_span(double, rooms, pauses):
    double.faults.switch_on("CreateRoom", "unavailable")
    with pytest.raises(VideoUnavailable):
        await rooms.ensure(ROOM, plenary=False)
    assert len(pauses) == TRIES - 1
    assert all(least < most for least, most in pauses)
    assert all(earlier[1] < later[1] for earlier, later in itertools.pairwise(pauses))


async def test_a_key_that_livekit_does_not_know_is_not_tried_again(double, rooms):
    double.faults.switch_on("CreateRoom", "unauthorized")
    with pytest.raises(VideoUnavailable, match="401"):
        await rooms.ensure(ROOM, plenary=False)
    assert double.faults.calls["CreateRoom"] == 1


async def test_a_name_that_livekit_refuses_is_not_tried_again(double, rooms):
    with pytest.raises(VideoUnavailable, match="400 invalid_argument"):
        await rooms.ensure("n" * 257, plenary=False)
    assert double.faults.calls["CreateRoom"] == 1


async def test_a_proxy_s_page_is_told_by_its_status(double, rooms, pauses):
    double.faults.switch_on("DeleteRoom", "bad_gateway")
    with pytest.raises(VideoUnavailable, match="DeleteRoom: 502"):
        await rooms.delete(ROOM)


async def test_the_deadline_holds_while_the_server_hangs(double, pauses):
    double.faults.switch_on("CreateRoom", "hang")
    began = time.monotonic()
    async with LiveKitRooms(double.url, KEY, SECRET, deadline=0.2) as rooms:
        with pytest.raises(VideoUnavailable, match="TimeoutError"):
            await rooms.ensure(ROOM, plenary=False)
    assert time.monotonic() - began < 30  # the server would never have answered
    assert double.faults.calls["CreateRoom"] == TRIES


async def test_a_slow_server_is_waited_for_within_the_deadline(double, rooms):
    double.faults.switch_on("CreateRoom", "latency", seconds=0.2)
    await rooms.ensure(ROOM, plenary=False)
    assert double.faults.calls["CreateRoom"] == 1


async def test_a_server_that_is_gone_is_unavailable_and_used_again_once_it_is_back(double, rooms, pauses):
    await rooms.ensure(ROOM, plenary=False)
    await double.stop()
    with pytest.raises(VideoUnavailable):
        await rooms.probe()
    await double.start()
    await rooms.probe()


async def test_a_probe_tries_once(double, rooms):
    double.faults.switch_on("ListRooms", "unavailable")
    with pytest.raises(VideoUnavailable, match="ListRooms: 503 unavailable"):
        await rooms.probe()
    assert double.faults.calls["ListRooms"] == 1


async def test_a_wrong_secret_is_found_out_by_the_probe(double):
    async with LiveKitRooms(double.url, KEY, "w" * 40) as rooms:
        with pytest.raises(VideoUnavailable, match="401"):
            await rooms.probe()


async def test_after_a_restart_of_livekit_a_room_is_made_again(double, rooms):
    await rooms.ensure(ROOM, plenary=False)
    (before,) = double.rooms.list()
    double.rooms.restart()
    await rooms.ensure(ROOM, plenary=False)
    (after,) = double.rooms.list()
    assert before.sid != after.sid


async def test_a_ghost_of_a_crash_is_revived_with_its_sid(double, rooms):
    await rooms.ensure(ROOM, plenary=False)
    (before,) = double.rooms.list()
    double.rooms.crash()
    await rooms.ensure(ROOM, plenary=False)
    assert [room.sid for room in double.rooms.list()] == [before.sid]


async def test_a_ghost_of_a_crash_cannot_be_closed_until_it_is_made_again(double, rooms, pauses):
    await rooms.ensure(ROOM, plenary=False)
    double.rooms.crash()
    with pytest.raises(VideoUnavailable, match="500 unknown"):
        await rooms.delete(ROOM)
    await rooms.ensure(ROOM, plenary=False)
    await rooms.delete(ROOM)
    assert double.rooms.list() == []


async def test_livekit_accepts_our_tokens(double):
    minted = mint(KEY, SECRET, room=ROOM, identity="a" * 32, part="resident", plenary=False, generation=3)
    claims = double.verifier.verify(minted.token)
    assert (claims.identity, claims.attributes) == ("a" * 32, {"part": "resident", "generation": "3"})
    assert (claims.video["roomJoin"], claims.video["room"]) == (True, ROOM)
    assert (claims.room_config["name"], claims.room_config["maxParticipants"]) == (ROOM, 12)


async def test_our_tokens_open_nothing_of_livekit_s_api(double):
    minted = mint(KEY, SECRET, room=ROOM, identity="a" * 32, part="moderator", plenary=False, generation=0)
    assert double.verifier.verify(minted.token).video.keys().isdisjoint({"roomAdmin", "roomCreate", "roomList"})
    async with api.LiveKitAPI.with_token(minted.token, double.url) as client:
        with pytest.raises(api.TwirpError) as error:
            await client.room.list_participants(api.ListParticipantsRequest(room=ROOM))
    assert (error.value.code, error.value.status) == ("unauthenticated", 401)


async def test_another_city_s_tokens_are_refused(double):
    minted = mint(KEY, "o" * 40, room=ROOM, identity="a" * 32, part="resident", plenary=False, generation=0)
    with pytest.raises(BadToken):
        double.verifier.verify(minted.token)


async def test_calls_at_once_each_have_their_own_fate(double, rooms, pauses):
    double.faults.switch_on("CreateRoom", "reset", times=2)
    await asyncio.gather(*(rooms.ensure(f"c1.x.r1.g{n}", plenary=False) for n in range(8)))
    assert len(double.rooms.list()) == 8
