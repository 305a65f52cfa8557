# SPDX-License-Identifier: Apache-2.0
"""`quartier doctor` names what was planted."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from services.cli.doctor import Finding, examine
from services.cli.embedded.process import free_port
from tests.integration.cli.conftest import ROOT, Up, clean_environment


async def findings(data: Path, environment: Mapping[str, str]) -> list[Finding]:
    return [finding async for finding in examine(data, {"PATH": os.environ["PATH"], **environment})]


async def wrong(data: Path, environment: Mapping[str, str]) -> list[Finding]:
    return [finding for finding in await findings(data, environment) if finding.state == "wrong"]


async def test_a_sound_machine_has_nothing_wrong(folder: Path) -> None:
    assert await wrong(folder / "data", {}) == []


async def test_a_sound_machine_without_livekit_says_that_there_is_no_video(folder: Path) -> None:
    assert any("no video" in finding.text for finding in await findings(folder / "data", {"PATH": "/usr/bin"}))


async def test_unreachable_servers_are_named_with_a_cure(folder: Path) -> None:
    gone = free_port()
    environment = {
        "DATABASE_URL": f"postgresql://nobody:x@127.0.0.1:{gone}/x",
        "NATS_URL": f"nats://127.0.0.1:{gone}",
        "LIVEKIT_URL": f"ws://127.0.0.1:{gone}",
        "LIVEKIT_API_KEY": "k",
        "LIVEKIT_API_SECRET": "s",
    }
    found = await wrong(folder / "data", environment)
    assert [finding.text.split()[0] for finding in found] == ["DATABASE_URL", "NATS", "LiveKit"]
    assert all(finding.cure for finding in found)


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({"QUARTIER_CLOCK": "soon"}, "QUARTIER_CLOCK"),
        ({"LIVEKIT_URL": "ws://127.0.0.1:1"}, "not LIVEKIT_API_KEY and LIVEKIT_API_SECRET"),
    ],
)
async def test_a_bad_setting_is_named(folder: Path, environment: dict[str, str], text: str) -> None:
    assert [text in finding.text for finding in await wrong(folder / "data", environment)] == [True]


async def test_secrets_that_others_can_read_are_named(folder: Path) -> None:
    (folder / "secrets.json").write_text("{}")
    (folder / "secrets.json").chmod(0o644)
    (found,) = await wrong(folder, {})
    assert found.cure == f"chmod 600 {folder / 'secrets.json'}"


async def test_a_refused_user_of_the_bus_is_named(folder: Path, nats_url: str) -> None:
    (found,) = await wrong(folder / "data", {"NATS_URL": nats_url.replace("tests:", "tests:not-")})
    assert found.text == "NATS refuses the user of NATS_URL"


async def test_servers_that_answer_are_well(folder: Path, postgres_url: str, nats_url: str) -> None:
    found = await findings(folder / "data", {"DATABASE_URL": postgres_url, "NATS_URL": nats_url})
    assert {"DATABASE_URL is reachable and its clock agrees with ours"} <= {finding.text for finding in found}
    assert any("JetStream holds" in finding.text for finding in found)


def test_a_pending_migration_of_a_running_city_is_named_and_can_be_applied(up: Callable[..., Up], code: Path) -> None:
    city = up()
    assert quartier(code, "doctor", "--data", str(city.data)).returncode == 0
    with psycopg.connect(city.databases()["ideas"], autocommit=True) as connection:
        connection.execute("DELETE FROM schema_migrations WHERE number > 1")
    told = quartier(code, "doctor", "--data", str(city.data))
    assert told.returncode == 1
    assert "wrong ideas lacks the migrations chassis/0002_append.sql, chassis/" in told.stdout
    assert "→ quartier migrate ideas" in told.stdout


def test_migrate_applies_what_is_pending_once(database_url: str, postgres_url: str, code: Path) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        name = f"migrate_{uuid4().hex[:8]}"
        admin.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        empty = database_url.rpartition("/")[0] + f"/{name}"
        assert "applied chassis/0001_event_store.sql" in quartier(code, "migrate", "ideas", "--database", empty).stdout
        assert quartier(code, "migrate", "ideas", "--database", empty).stdout == "nothing to apply\n"
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


def quartier(code: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-P", "-m", "services.cli.main", *arguments],
        env=clean_environment(code) | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_command_fails_when_something_is_wrong(folder: Path) -> None:
    done = quartier(ROOT, "doctor", "--data", str(folder), QUARTIER_CLOCK="soon")
    assert done.returncode == 1
    assert "wrong QUARTIER_CLOCK" in done.stdout
    assert done.stderr == ""
