# SPDX-License-Identifier: Apache-2.0
"""What every test may ask for: a database of its own, the bus, a subject prefix of its own.

One PostgreSQL and one nats-server serve the whole run, whatever the number of workers; they start when the first
test asks for them. A test's database is a copy of a template that was migrated once in the run.
"""

import asyncio
import fcntl
import importlib.util
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from psycopg import sql

from services.chassis import telemetry

# A busy machine is slow; that says nothing about what is tested. What a change is judged by is the same every
# time: properties have the same examples in every run. `make soak` looks for new ones (`--hypothesis-profile=search`).
settings.register_profile("search", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("any speed", settings.get_profile("search"), derandomize=True)
settings.load_profile("any speed")

ROOT = Path(__file__).parent.parent
UNIT = Path(__file__).parent / "unit"


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: tests wait for servers and deadlines more than they compute."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What an exporter of traces would be given of everything that runs in the test's process."""
    monkeypatch.setattr(telemetry._Tracing, "provider", None)
    monkeypatch.setattr(telemetry._Tracing, "tracer", None)
    exporter = InMemorySpanExporter()
    telemetry.record("tests", SimpleSpanProcessor(exporter))
    return exporter


@pytest.fixture(autouse=True)
def _no_network_in_unit_tests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if UNIT in request.path.parents:

        def refuse(*_: Any) -> None:
            raise AssertionError("a unit test opens no connection; move it to tests/integration")

        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket.socket, "connect_ex", refuse)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def postgres_url(run_folder: Path) -> str:
    """The run's PostgreSQL, as a user who may create databases and roles."""
    return _shared_server("postgres", run_folder)


@pytest.fixture(scope="session")
def nats_url(run_folder: Path) -> str:
    """The run's nats-server with JetStream, as a user who may do everything."""
    return _shared_server("nats", run_folder)


@pytest.fixture
def prefix() -> str:
    """A subject prefix that no other test uses."""
    return f"t{uuid4().hex[:12]}"


@pytest.fixture
def service_database(postgres_url: str, run_folder: Path) -> Iterator[Callable[[str], str]]:
    """Makes fresh databases: `service_database("session")` has the migrations of the chassis and that service."""
    made: list[str] = []

    def make(service: str) -> str:
        template = _template(service, postgres_url, run_folder)
        name = f"test_{service}_{uuid4().hex[:12]}"
        with _admin(postgres_url) as admin:
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        made.append(name)
        return _with_database(postgres_url, name)

    yield make
    if made:
        with _admin(postgres_url) as admin:
            for name in made:
                admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def database_url(service_database: Callable[[str], str]) -> str:
    """A fresh database with the migrations of the chassis alone."""
    return service_database("chassis")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _shared_server(kind: str, run_folder: Path) -> str:
    address = run_folder / f"{kind}.url"
    with _locked(run_folder / f"{kind}.lock"):
        if not address.exists():
            address.write_text(_start_server(kind, run_folder / f"{kind}.err"))
    return address.read_text()


def _start_server(kind: str, errors: Path) -> str:
    run = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    reading, writing = os.pipe()
    # Not a Popen: the server outlives the worker that needed it first, and nobody waits for it.
    os.posix_spawn(
        sys.executable,
        [sys.executable, str(ROOT / "tests" / "servers.py"), kind, str(run)],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, writing, 1),
            (os.POSIX_SPAWN_OPEN, 2, str(errors), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        ],
        setsid=True,
    )
    os.close(writing)
    with open(reading) as answer:
        url = answer.readline().strip()
    if not url:
        pytest.fail(f"the run's {kind} did not start:\n{errors.read_text()}", pytrace=False)
    return url


@contextmanager
def _admin(url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def _with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _template(service: str, url: str, run_folder: Path) -> str:
    """The run's migrated template of this service. Its name exists only once it is complete."""
    name = f"template_{service}"
    done = run_folder / f"{name}.done"
    with _locked(run_folder / f"{name}.lock"):
        if done.exists():
            return name
        with _admin(url) as admin:
            draft = sql.Identifier(f"draft_{service}")
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(draft))
            admin.execute(sql.SQL("CREATE DATABASE {}").format(draft))
            _migrate(_with_database(url, f"draft_{service}"), service)
            admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(draft, sql.Identifier(name)))
            admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        done.touch()
    return name


def _migrate(url: str, service: str) -> None:
    if importlib.util.find_spec("services.chassis.database") is None:
        return
    from services.chassis.database import migrate

    packages = ["services.chassis"]
    if service == "gateway":
        packages.append("gateway")
    elif service != "chassis":
        packages.append(f"services.{service}")
    directories = [folder for package in packages if (folder := files(package) / "migrations").is_dir()]
    failed: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(migrate(url, directories))
        except BaseException as error:
            failed.append(error)

    # A thread of its own: the test's event loop must not notice that another one was run.
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
