# SPDX-License-Identifier: Apache-2.0
"""What only the double can be asked for: crashes, restarts, faults."""

import asyncio
import subprocess
import sys

import aiohttp
import pytest
from livekit import api

from services.rooms.testing.double import CannotListen, Double
from services.rooms.testing.faults import ANY
from tests.integration.cli.conftest import ROOT
from tests.integration.rooms.conftest import KEY, SECRET


@pytest.fixture
async def lk(double: Double):
    async with api.LiveKitAPI(double.url, KEY, SECRET) as client:
        yield client


async def create(lk, **fields):
    return await lk.room.create_room(api.CreateRoomRequest(name="r", **fields))


async def listed(lk):
    return list((await lk.room.list_rooms(api.ListRoomsRequest())).rooms)


async def test_ghosts_of_a_crash_stay_listed(double, lk):
    made = await create(lk)
    double.rooms.crash()
    assert await listed(lk) == [made]


async def test_a_ghost_cannot_be_deleted(double, lk):
    await create(lk)
    double.rooms.crash()
    with pytest.raises(api.TwirpError, match="could not find object") as error:
        await lk.room.delete_room(api.DeleteRoomRequest(room="r"))
    assert (error.value.code, error.value.status) == ("unknown", 500)


async def test_a_revived_ghost_is_the_old_room_with_what_the_new_wish_sets(double, lk):
    made = await create(lk, empty_timeout=600, max_participants=5, metadata="old")
    double.rooms.crash()
    revived = await create(lk, max_participants=12)
    assert (revived.sid, revived.creation_time_ms) == (made.sid, made.creation_time_ms)
    assert (revived.empty_timeout, revived.max_participants, revived.metadata) == (600, 12, "old")


async def test_after_a_restart_there_are_no_rooms(double, lk):
    await create(lk)
    double.rooms.restart()
    assert await listed(lk) == []


async def test_a_double_that_is_started_again_has_its_port_and_its_rooms(double, lk):
    await create(lk)
    port = double.port
    await double.stop()
    await double.start()
    assert (double.port, [room.name for room in await listed(lk)]) == (port, ["r"])


async def test_a_room_for_a_recording_is_refused(lk):
    wish = api.CreateRoomRequest(name="r", egress=api.RoomEgress())
    with pytest.raises(api.TwirpError) as error:
        await lk.room.create_room(wish)
    assert (error.value.code, error.value.status) == ("internal", 500)


async def test_several_keys_are_accepted():
    async with Double({"old": "o" * 40, "new": "n" * 40}) as double:
        for key, secret in (("old", "o" * 40), ("new", "n" * 40)):
            async with api.LiveKitAPI(double.url, key, secret) as client:
                assert await listed(client) == []


async def test_a_fault_of_all_methods_spares_those_with_one_of_their_own(double, lk):
    double.faults.switch_on(ANY, "unavailable")
    double.faults.switch_on("ListRooms", "latency", seconds=0.01)
    assert await listed(lk) == []
    with pytest.raises(api.TwirpError, match="no response from servers"):
        await create(lk)


async def test_a_reset_is_seen_as_one(double, lk):
    double.faults.switch_on("ListRooms", "reset")
    with pytest.raises(aiohttp.ClientOSError, match="reset by peer"):
        await listed(lk)


async def test_who_is_hanging_when_the_double_stops_is_cut_off(double, lk):
    double.faults.switch_on("ListRooms", "hang")
    call = asyncio.create_task(listed(lk))
    async with asyncio.timeout(60):
        while True:
            if double.faults.calls["ListRooms"]:
                break
            await asyncio.sleep(0.01)
        await double.stop()
        with pytest.raises(aiohttp.ClientError):
            await call


async def test_it_says_that_it_is_well(double):
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{double.port}/") as answer:
        assert (answer.status, await answer.text()) == (200, "OK")


async def test_a_taken_port_is_refused(double):
    with pytest.raises(CannotListen):
        await Double({KEY: SECRET}, port=double.port).start()


async def test_as_a_process_it_says_that_its_port_is_taken(double):
    words = f"-m services.rooms.testing.double --port {double.port} --key {KEY} --secret {SECRET}".split()
    said = await asyncio.to_thread(
        subprocess.run, [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stderr.strip().splitlines()[-1]) == (1, f"port {double.port} is taken")
