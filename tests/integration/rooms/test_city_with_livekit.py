# SPDX-License-Identifier: Apache-2.0
"""A whole city that was told of a LiveKit server: the double, as a process of its own."""

import asyncio
import base64
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from livekit import api

from gateway.client import Client, ClientError, Closed, Refused
from services.rooms.testing.double import Double
from tests.integration.chassis.waiting import until
from tests.integration.cli.conftest import ROOT, Up, mentioning, started

KEY, SECRET = "city", "s" * 40
PATIENCE = 120.0


@pytest.fixture
def livekit() -> Iterator[str]:
    """The address of the double."""
    process = subprocess.Popen(
        [sys.executable, "-m", "services.rooms.testing.double", "--port", "0", "--key", KEY, "--secret", SECRET],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.terminate()
    assert process.wait(30) == 0
    process.stdout.close()


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="quartier-city-"))
    folder.chmod(0o755)
    return folder


@pytest.fixture
def city(livekit: str) -> Iterator[Up]:
    folder = _folder()
    told = {"LIVEKIT_URL": livekit, "LIVEKIT_API_KEY": KEY, "LIVEKIT_API_SECRET": SECRET}
    up = started(folder, ROOT, environment=told)
    yield up
    up.stop()
    left = mentioning(folder)
    shutil.rmtree(folder, ignore_errors=True)
    assert left == []


async def test_join_credentials_are_for_a_room_that_livekit_has(city: Up, livekit: str) -> None:
    conference, sign_in = city.address["conference"], city.address["sign_in"]
    gateway = city.address["graphql"].removesuffix("/graphql")
    deadline = time.monotonic() + PATIENCE
    async with Client(gateway, sign_in["moderator"]) as moderator:
        while isinstance(opened := await moderator.command("OpenLobby", conference_id=conference), Refused):
            assert time.monotonic() < deadline, opened  # the evening is prepared a moment after its announcement
            await asyncio.sleep(0.1)
    async with Client(gateway, sign_in["resident"]) as resident:
        while (
            given := (await resident.execute("JoinCredentials", {"id": conference})).conference.join_credentials
        ) is None:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
    assert given.url == livekit
    claims = api.TokenVerifier(KEY, SECRET).verify(given.token)
    assert claims.video is not None
    assert claims.video.room == given.room
    async with api.LiveKitAPI(given.url, KEY, SECRET) as client:
        while not (await client.room.list_rooms(api.ListRoomsRequest(names=[given.room]))).rooms:
            assert time.monotonic() < deadline, "LiveKit was never asked for the room"
            await asyncio.sleep(0.1)


async def test_a_muted_person_is_silent_everywhere_and_an_excluded_one_is_out_and_back_within_two_seconds() -> None:
    folder = _folder()
    async with Double({KEY: SECRET}) as double:
        told = {"LIVEKIT_URL": double.url, "LIVEKIT_API_KEY": KEY, "LIVEKIT_API_SECRET": SECRET}
        up = await asyncio.to_thread(started, folder, ROOT, environment=told)
        try:
            await _measures(up, double)
        finally:
            await asyncio.to_thread(up.stop)
            shutil.rmtree(folder, ignore_errors=True)


async def _measures(up: Up, double: Double) -> None:
    conference, sign_in = up.address["conference"], up.address["sign_in"]
    gateway = up.address["graphql"].removesuffix("/graphql")
    async with Client(gateway, sign_in["moderator"]) as moderator, Client(gateway, sign_in["resident"]) as resident:

        async def opened() -> bool:
            return not isinstance(await moderator.command("OpenLobby", conference_id=conference), Refused)

        async def ready() -> bool:
            return (await _credentials(resident, conference)) is not None

        await until(opened, PATIENCE)
        await until(ready, PATIENCE)
        given = await _credentials(resident, conference)
        who = api.TokenVerifier(KEY, SECRET).verify(given.token).identity
        person = base64.b64encode(f"Person:{who}".encode()).decode()
        double.rooms.enter(given.room, who)
        about = {"conference_id": conference, "participant_id": person}
        post = {"conference_id": conference, "channel": "plenary", "text": "Hallo"}
        await _accept(resident, conference)
        assert not isinstance(await resident.command("PostMessage", **post), Refused)

        assert not isinstance(await moderator.command("MuteParticipant", code="insult", **about), Refused)
        async with asyncio.timeout(2):
            refused = await resident.command("PostMessage", **post)
            await until(lambda: not double.rooms.person(given.room, who).permission.can_publish)
        assert isinstance(refused, Refused)
        assert refused.kind == "PersonIsMuted"

        heard, closed = asyncio.Event(), asyncio.Event()
        watching = asyncio.create_task(_watch(resident, conference, heard, closed))
        async with asyncio.timeout(PATIENCE):
            await heard.wait()
        assert not isinstance(await moderator.command("ExcludeParticipant", code="insult", **about), Refused)
        async with asyncio.timeout(2):
            await closed.wait()
            await until(lambda: not double.rooms.people(given.room))
        watching.cancel()

        assert not isinstance(await moderator.command("UnmuteParticipant", **about), Refused)
        assert not isinstance(await moderator.command("ReadmitParticipant", code="mistake", **about), Refused)
        async with asyncio.timeout(2):
            await until(lambda: _is_back(resident, conference, post), 2)


async def _accept(resident: Client, conference: str) -> None:
    """The code of conduct, without which nobody writes."""
    code = (await resident.execute("CodeOfConduct")).code_of_conduct
    accept = {"conference_id": conference, "version": code.version}
    assert not isinstance(await resident.command("AcceptCodeOfConduct", **accept), Refused)


async def _is_back(resident: Client, conference: str, post: dict[str, str]) -> bool:
    """Whether the gateway, the session and the rooms let a person in again."""
    try:
        return await _credentials(resident, conference) is not None and not isinstance(
            await resident.command("PostMessage", **post), Refused
        )
    except ClientError:
        return False


async def _credentials(resident: Client, conference: str) -> Any:
    return (await resident.execute("JoinCredentials", {"id": conference})).conference.join_credentials


async def _watch(client: Client, conference: str, heard: asyncio.Event, closed: asyncio.Event) -> None:
    try:
        async for _ in client.subscribe("ConferenceChanges", {"conferenceId": conference}):
            heard.set()
    except (Closed, ClientError):
        closed.set()
