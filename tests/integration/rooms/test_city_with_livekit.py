# SPDX-License-Identifier: Apache-2.0
"""A whole city that was told of a LiveKit server: the double, as a process of its own."""

import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from livekit import api

from gateway.client import Client, Refused
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


@pytest.fixture
def city(livekit: str) -> Iterator[Up]:
    folder = Path(tempfile.mkdtemp(prefix="quartier-city-"))
    folder.chmod(0o755)
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
