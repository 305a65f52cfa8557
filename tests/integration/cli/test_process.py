# SPDX-License-Identifier: Apache-2.0
"""Programs of an embedded city end with it, one way or another."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from services.cli.embedded.city import readiness
from services.cli.embedded.process import EmbeddedError, Ledger, Program, birth, claim, free_port
from services.cli.embedded.supervisor import Part, Probe, Supervisor
from tests.integration.cli.conftest import ROOT, eventually

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"


def program(folder: Path, code: str, *, name: str = "tiny", patience: float = 10.0) -> Program:
    return Program(name, (sys.executable, "-c", textwrap.dedent(code)), folder / f"{name}.log", patience=patience)


@pytest.fixture
def deaf() -> Iterator["subprocess.Popen[str]"]:
    """A process that does not listen to SIGTERM, in a session of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", DEAF], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_what_does_not_listen_is_killed_after_its_patience(tmp_path: Path) -> None:
    running = program(tmp_path, DEAF, patience=0.3).start()
    running.wait_until(lambda: "up" in running.tail(), within=30)
    running.stop()
    assert running.child.returncode == -signal.SIGKILL


def test_a_stopped_program_takes_its_children_along(tmp_path: Path) -> None:
    running = program(
        tmp_path,
        """
        import subprocess, sys, time
        print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid, flush=True)
        time.sleep(600)
        """,
    ).start()
    running.wait_until(lambda: running.tail().strip().isdigit(), within=30)
    child = int(running.tail())
    running.stop()
    eventually(lambda: birth(child) is None)


def test_a_program_that_ends_early_is_told_with_its_last_words(tmp_path: Path) -> None:
    running = program(tmp_path, "raise SystemExit('no room')").start()
    with pytest.raises(EmbeddedError, match=r"tiny ended with status 1:\n  no room"):
        running.wait_until(lambda: False, within=30)


def test_a_missing_program_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="tiny cannot be started"):
        Program("tiny", ("/no/such/program",), tmp_path / "log").start()


def test_a_program_dies_with_its_parent(tmp_path: Path) -> None:
    parent = f"""
        import os, signal, sys
        from pathlib import Path
        from services.cli.embedded.process import Program
        sleep = (sys.executable, "-c", "import time; time.sleep(600)")
        running = Program("child", sleep, Path({str(tmp_path)!r}) / "log").start()
        print(running.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(parent)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    eventually(lambda: birth(int(done.stdout)) is None)


def test_a_sweep_ends_what_an_earlier_run_left_even_when_it_does_not_listen(
    tmp_path: Path, deaf: "subprocess.Popen[str]"
) -> None:
    Ledger(tmp_path / "run" / "processes.json").note("deaf", deaf.pid)
    assert Ledger(tmp_path / "run" / "processes.json").sweep(patience=0.3) == ["deaf"]
    assert deaf.wait(10) == -signal.SIGKILL
    assert Ledger(tmp_path / "run" / "processes.json").sweep() == []


def test_a_sweep_spares_a_stranger_who_got_the_same_number(tmp_path: Path, deaf: "subprocess.Popen[str]") -> None:
    path = tmp_path / "processes.json"
    path.write_text(json.dumps({"session": {"pid": deaf.pid, "born": "1"}}))
    assert Ledger(path).sweep(patience=0.3) == []
    assert deaf.poll() is None


def test_a_sweep_finds_the_children_of_a_leader_that_is_gone(tmp_path: Path) -> None:
    code = """
        import subprocess
        print(subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL).pid, flush=True)
        input()
        """
    leader = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert leader.stdout is not None
    child = int(leader.stdout.readline())
    ledger = Ledger(tmp_path / "processes.json")
    ledger.note("rooms", leader.pid)
    leader.communicate("\n")
    assert birth(child) is not None
    assert ledger.sweep() == ["rooms"]
    eventually(lambda: birth(child) is None)


async def test_what_keeps_crashing_is_started_again_and_again_with_pauses(tmp_path: Path) -> None:
    said: list[str] = []
    enough = asyncio.Event()

    def say(sentence: str) -> None:
        said.append(sentence)
        if len(said) == 6:
            enough.set()

    supervisor = Supervisor(Ledger(tmp_path / "processes.json"), say)
    marks = tmp_path / "marks"
    crashing = program(tmp_path, f"open({str(marks)!r}, 'a').write('x'); import time; time.sleep(0.2)")

    await supervisor.start([Part(crashing, _there(marks))])
    try:
        async with asyncio.timeout(30):
            await enough.wait()
    finally:
        await supervisor.stop()
    pauses = [sentence.rpartition("in ")[2] for sentence in said if "starts again" in sentence]
    assert pauses[:3] == ["0.25 s", "0.5 s", "1 s"]
    assert len(marks.read_text()) >= 3


async def test_the_first_start_of_what_cannot_run_fails_with_its_log(tmp_path: Path) -> None:
    supervisor = Supervisor(Ledger(tmp_path / "processes.json"), lambda _: None)

    async def never(_: object) -> bool:
        return False

    try:
        with pytest.raises(EmbeddedError, match="bad setting"):
            await supervisor.start([Part(program(tmp_path, "raise SystemExit('bad setting')"), never)])
    finally:
        await supervisor.stop()


async def test_parts_stop_in_reverse_order(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    code = """
        import signal, sys, time
        def stop(*_):
            open({trace!r}, "a").write({name!r} + " ")
            sys.exit(0)
        signal.signal(signal.SIGTERM, stop)
        open({mark!r}, "w")
        time.sleep(600)
        """
    supervisor = Supervisor(Ledger(tmp_path / "processes.json"), lambda _: None)
    for name in ("database", "service", "gateway"):
        mark = tmp_path / f"{name}.ready"
        text = code.format(trace=str(trace), name=name, mark=str(mark))
        await supervisor.start([Part(program(tmp_path, text, name=name), _there(mark))])
    await supervisor.stop()
    assert trace.read_text().split() == ["gateway", "service", "database"]
    assert not (tmp_path / "processes.json").exists()


class Lacking(BaseHTTPRequestHandler):
    """Answers `/readyz` like a service whose stream was lost."""

    pid = 0

    def do_GET(self) -> None:
        state = {"ready": False, "process": self.pid, "reasons": ["run `quartier refill session`"]}
        body = json.dumps(state).encode()
        self.send_response(503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


async def test_a_service_that_goes_on_lacking_something_holds_nobody_up_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    running = program(tmp_path, "pass").start()
    with HTTPServer(("127.0.0.1", 0), Lacking) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/readyz"
        assert not await readiness("session", url, said.append, patience=0)(running), "another one answered"
        monkeypatch.setattr(Lacking, "pid", running.pid)
        assert not await readiness("session", url, said.append)(running)
        assert await readiness("session", url, said.append, patience=0)(running)
        server.shutdown()
    running.stop()
    assert said == ["session runs, but is not ready: run `quartier refill session`"]
    assert not await readiness("session", url, said.append, patience=0)(running)


def test_a_long_log_is_put_aside_at_the_start(tmp_path: Path) -> None:
    log = tmp_path / "tiny.log"
    with log.open("wb") as file:
        file.truncate(17 << 20)
    program(tmp_path, "print('fresh')").start().child.wait()
    assert log.read_text() == "fresh\n"
    assert (tmp_path / "tiny.log.1").stat().st_size == 17 << 20


def test_a_process_is_known_by_number_and_birth() -> None:
    assert birth(os.getpid()) == birth(os.getpid())
    assert birth(2**22 + 1) is None


def _there(mark: Path) -> Probe:
    async def ready(_: object) -> bool:
        return mark.exists()  # noqa: ASYNC240 -- a look at a local file

    return ready


def test_two_cities_do_not_choose_the_same_port() -> None:
    port = free_port()
    first = claim(port)
    assert first is not None
    assert claim(port) is None
    first.close()
    again = claim(port)
    assert again is not None
    again.close()
