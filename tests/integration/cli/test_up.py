# SPDX-License-Identifier: Apache-2.0
"""`quartier up` as its operator sees it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import nats
import nats.errors
import psycopg
import pytest

from services.chassis.subjects import SERVICES
from services.cli.embedded.city import ROLES
from services.cli.embedded.process import birth
from tests.integration.cli.conftest import Up, clean_environment, eventually, mentioning

Start = Callable[..., Up]


def test_says_in_one_line_where_the_city_is_and_stops_without_a_trace(up: Start, folder: Path) -> None:
    city = up("--replicas", "2")
    host = city.address["graphql"].removeprefix("http://").removesuffix("/graphql")
    assert city.address["graphql_ws"] == f"ws://{host}/graphql"
    assert city.address["sign_in"] == {role: f"token-of-{role}" for role in ROLES}
    assert city.address["conference"] == "c" * 32
    assert {*SERVICES, *(f"{name}-2" for name in SERVICES), "gateway", "postgres", "nats", "mail"} <= set(city.pids())
    assert len(mentioning(folder)) > 10
    assert city.stop() == 0
    assert mentioning(folder) == []
    assert city.process.stdout is not None
    assert city.process.stdout.read() == ""


def test_a_killed_city_leaves_nobody_behind_and_keeps_its_data(up: Start, folder: Path) -> None:
    city = up()
    with psycopg.connect(city.databases()["session"], autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    city.process.kill()
    city.process.wait()
    eventually(lambda: mentioning(folder) == [])
    again = up()
    with psycopg.connect(again.databases()["session"]) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


@pytest.mark.parametrize("name", ["postgres", "nats", "session"])
def test_what_crashes_comes_back(up: Start, name: str) -> None:
    city = up()
    before = city.pids()[name]
    os.kill(before, signal.SIGKILL)
    eventually(lambda: city.pids()[name] != before)
    if name == "postgres":

        def answers() -> bool:
            try:
                psycopg.connect(city.databases()["session"]).close()
            except psycopg.OperationalError:
                return False
            return True

        assert eventually(answers)
    elif name == "nats":
        port = int(city.buses()["session"].rpartition(":")[2])

        def listens() -> bool:
            with socket.socket() as client:
                return client.connect_ex(("127.0.0.1", port)) == 0

        assert eventually(listens)
    else:
        families = {path.name.split("-")[0]: path.name.split("-")[1] for path in city.data.parent.glob(f"{before}-*")}
        assert birth(int(families[str(before)])) is None, "the crashed service's own child is still there"


def test_a_second_city_on_the_same_data_is_refused(up: Start, code: Path) -> None:
    city = up()
    second = subprocess.run(
        [sys.executable, "-P", "-m", "services.cli.main", "up", "--data", str(city.data)],
        env=clean_environment(code), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert second.returncode == 1
    assert f"a city already runs on {city.data} (process {city.process.pid})" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_taken_usual_port_is_stepped_around_and_a_wanted_one_is_refused(up: Start, code: Path, folder: Path) -> None:
    usual = [socket.create_server(("127.0.0.1", port)) for port in (8000, 4222, 5432, 8025, 1025) if _free(port)]
    try:
        city = up()
        assert not city.address["graphql"].startswith("http://127.0.0.1:8000/")
        taken = city.address["graphql"].split(":")[2].split("/")[0]
        other = subprocess.run(
            [sys.executable, "-P", "-m", "services.cli.main", "up", "--data", str(folder / "other"), "--port", taken],
            env=clean_environment(code), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert other.returncode == 1
        assert f"port {taken} is taken" in other.stderr
    finally:
        for server in usual:
            server.close()


async def test_a_service_has_its_own_keys_and_enters_no_other_room(up: Start) -> None:
    city = up("--pace", "60")
    async with httpx.AsyncClient() as client:
        told = (await client.get(city.address["graphql"])).json()["environment"]
    assert told["QUARTIER_EMBEDDED"] == told["QUARTIER_LOCAL_ISSUER"] == "1"
    assert told["QUARTIER_CLOCK"].endswith(",60.0")
    assert told["DATABASE_URL"] == city.databases()["gateway"]
    assert len(bytes.fromhex(told["QUARTIER_KEY_ENCRYPTION_KEY"])) == 32

    foreign = city.databases()["session"].rpartition("/")[0] + "/quartier_registration"
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(foreign)

    refused: list[Exception] = []

    async def note(error: Exception) -> None:
        refused.append(error)

    session = await nats.connect(city.buses()["session"], error_cb=note)
    await session.publish("quartier.cmd.rooms.p00.city.OpenLobby", b"{}")
    await session.flush()
    await session.close()
    assert any("permissions violation" in str(error).lower() for error in refused)


def test_secrets_are_for_their_owner_only_and_stay(up: Start) -> None:
    city = up()
    secrets = city.data / "secrets.json"
    before = secrets.read_text()
    assert secrets.stat().st_mode & 0o777 == 0o600
    city.stop()
    up()
    assert secrets.read_text() == before


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
