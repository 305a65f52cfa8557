# SPDX-License-Identifier: Apache-2.0
"""A city of real servers and tiny services, started by the real tool from a copy of the code."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


def eventually(holds: Callable[[], Any], within: float = 60.0) -> Any:
    """Waits until `holds` answers something true, and returns it."""
    deadline = time.monotonic() + within
    while not (answer := holds()):
        assert time.monotonic() < deadline, f"still not so after {within} s"
        time.sleep(0.05)
    return answer


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's account may enter; pytest's own is closed when root runs the tests."""
    path = Path(tempfile.mkdtemp(prefix="quartier-cli-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def code(folder: Path) -> Path:
    """The real chassis and tool, and five tiny services."""
    tiny = Path(__file__).parent / "tiny" / "service.py"
    services = folder / "code" / "services"
    ignore = shutil.ignore_patterns("__pycache__")
    for package in ("chassis", "contracts", "cli"):
        shutil.copytree(ROOT / "services" / package, services / package, ignore=ignore)
    (services / "__init__.py").touch()
    for service in (
        *(services / name for name in ("registration", "session", "rooms", "ideas")),
        folder / "code" / "gateway",
    ):
        service.mkdir()
        (service / "__init__.py").touch()
        shutil.copy(tiny, service / "main.py")
    shutil.copytree(ROOT / "gateway" / "client", folder / "code" / "gateway" / "client", ignore=ignore)
    return folder / "code"


@dataclass
class Up:
    """One run of `quartier up`."""

    process: "subprocess.Popen[str]"
    data: Path
    address: dict[str, Any]

    def pids(self) -> dict[str, int]:
        """The processes it has started, by name."""
        content = json.loads((self.data / "run" / "processes.json").read_text())
        return {name: entry["pid"] for name, entry in content.items()}

    def databases(self) -> dict[str, str]:
        """The addresses of the databases."""
        return json.loads((self.data / "run" / "addresses.json").read_text())["databases"]

    def buses(self) -> dict[str, str]:
        """The addresses of the bus."""
        return json.loads((self.data / "run" / "addresses.json").read_text())["nats"]

    def stop(self) -> int:
        """Ctrl-C; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        status = self.process.wait(60)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status


def started(
    folder: Path, code: Path, *arguments: str, python: str = sys.executable,
    environment: Mapping[str, str] | None = None, **options: Any,
) -> Up:  # fmt: skip
    """Starts a city on `folder/data`."""
    data = folder / "data"
    with (folder / "said").open("a") as said:
        process = subprocess.Popen(
            [python, "-P", "-m", "services.cli.main", "up", "--json", "--data", str(data), *arguments],
            env=clean_environment(code) | dict(environment or {}),
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            **options,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait()
        process.stdout.close()
        pytest.fail((folder / "said").read_text())
    return Up(process, data, json.loads(line))


@pytest.fixture
def up(folder: Path, code: Path) -> Iterator[Callable[..., Up]]:
    """Starts cities on `folder/data` and stops them after the test."""
    cities: list[Up] = []

    def start(*arguments: str, **options: Any) -> Up:
        cities.append(started(folder, code, *arguments, **options))
        return cities[-1]

    yield start
    for city in cities:
        city.stop()


def clean_environment(code: Path) -> dict[str, str]:
    """The environment without addresses of other servers."""
    ours = ("QUARTIER_", "LIVEKIT_", "DATABASE_URL", "NATS_URL", "SMTP_URL", "PYTEST_", "COV_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"PYTHONPATH": str(code), "TINY_PIDS": str(code.parent)}


def mentioning(folder: Path) -> list[int]:
    """Living processes that belong to a city under this folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if str(folder).encode() in (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes():
                    found.append(int(entry.name))
    return found
