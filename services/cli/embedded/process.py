# SPDX-License-Identifier: Apache-2.0
"""Starting a program so that nothing of it outlives its parent.

Three nets, since each has a hole: the kernel signals the child when the parent dies (Linux only, and
grandchildren are spared), every program is the leader of its own session so that stopping it takes its whole
family along, and `Ledger` remembers who was started so that the next start finds what was left behind.
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_LINUX = Path("/proc/self/stat").exists()
_LIBC = ctypes.CDLL(None, use_errno=True) if _LINUX else None
_LOOPBACK = "127.0.0.1"
_LONGEST_LOG = 16 << 20


class EmbeddedError(Exception):
    """Something on this machine keeps the embedded city from running; the text says what, and what to do."""


def free_port() -> int:
    """A TCP port on loopback that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, port))
        except OSError:
            return False
        return True


def claim(port: int) -> socket.socket | None:
    """Keeps other cities of this machine from choosing a port that is chosen, but not listened on yet.

    Returns:
        The claim; it holds until it is closed, or this process ends. None when another city has it.
    """
    mark = socket.socket(socket.AF_UNIX)
    try:
        if _LINUX:  # elsewhere there is no such namespace, and the second city fails to listen
            mark.bind(f"\0quartier-port-{port}")
    except OSError:
        mark.close()
        return None
    return mark


@dataclass(frozen=True)
class Account:
    """The system account a program runs under."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Program:
    """One program: what to run, and how to end it.

    Args:
        name: short name, used for the log file and in sentences.
        argv: the program and its arguments.
        env: the complete environment.
        log: file that receives both output streams, appended; a long one is put aside at the start.
        account: run under this account (root only); None keeps the present one.
        stop_signal: asks for an orderly end; also sent by the kernel when the parent dies.
        patience: real seconds the program gets to end before it is killed.
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 10.0

    def start(self) -> "Running":
        """Starts the program.

        Raises:
            EmbeddedError: the program cannot be executed.
        """
        account: dict[str, Any] = {}
        if self.account is not None:
            account = {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LONGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            try:
                child = subprocess.Popen(
                    self.argv,
                    env=dict(self.env),
                    cwd="/" if self.account else None,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    umask=0o077,
                    # Runs after the change of account, which would clear the setting again.
                    preexec_fn=_die_with_parent(self.stop_signal),  # noqa: PLW1509 -- calls the kernel only, takes no lock
                    **account,
                )
            except OSError as error:
                raise EmbeddedError(f"{self.name} cannot be started: {error}") from error
        return Running(self, child)


@dataclass(frozen=True)
class Running:
    """A started program."""

    program: Program
    child: "subprocess.Popen[bytes]"

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its session."""
        return self.child.pid

    def alive(self) -> bool:
        """Whether the program still runs."""
        return self.child.poll() is None

    def stop(self) -> None:
        """Ends the program in order, after its patience by force, and whatever it left behind."""
        if self.alive():
            self.child.send_signal(self.program.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(self.program.patience)
        kill_family(self.pid)
        self.child.wait()

    def kill_remains(self) -> None:
        """Kills what a program that has ended left behind in its session."""
        kill_family(self.pid)

    def wait_until(self, ready: Callable[[], bool], *, within: float) -> None:
        """Waits until `ready` says so.

        Args:
            ready: a cheap probe.
            within: real seconds.

        Raises:
            EmbeddedError: the program ended or the time is over; the text ends with its last output.
        """
        deadline = time.monotonic() + within
        while not ready():
            if not self.alive():
                raise EmbeddedError(f"{self.program.name} ended with status {self.child.returncode}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise EmbeddedError(f"{self.program.name} was not ready within {within:.0f} s:\n{self.tail()}")
            time.sleep(0.02)  # the pause between two probes of a program that offers no signal to wait for

    def tail(self, lines: int = 12) -> str:
        """The last lines of the program's log."""
        try:
            text = self.program.log.read_text(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join("  " + line for line in text.splitlines()[-lines:])


def _die_with_parent(wanted: signal.Signals) -> Callable[[], None] | None:
    if _LIBC is None:
        return None
    libc, parent = _LIBC, os.getpid()

    def ask_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(wanted), 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the kernel knew about the wish
            os._exit(1)

    return ask_kernel


def kill_family(leader: int) -> None:
    """Kills every process of the group that `leader` leads."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def birth(pid: int) -> str | None:
    """When the process was started, in the system's own words; None when there is no such living process.

    Together with the id it names a process for good: ids are used again, the pair is not.
    """
    if _LINUX:
        try:
            words = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if words[0] in {"Z", "X"} else words[19]
    found = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return found.stdout.strip() or None


@dataclass(frozen=True)
class Ledger:
    """The file that remembers which processes a run has started."""

    path: Path

    def note(self, name: str, pid: int) -> None:
        """Remembers one process; a process of the same name is forgotten."""
        born = birth(pid)
        if born is not None:
            self._write({**self._read(), name: {"pid": pid, "born": born}})

    def forget(self) -> None:
        """Forgets all: they have ended."""
        self.path.unlink(missing_ok=True)

    def sweep(self, *, patience: float = 10.0) -> list[str]:
        """Ends what an earlier run left behind and forgets it; the names of what was still alive.

        Args:
            patience: real seconds for an orderly end of each, for example the database's last checkpoint.
        """
        left = []
        for name, entry in reversed(list(self._read().items())):
            pid, born = int(entry["pid"]), str(entry["born"])
            if birth(pid) == born:
                left.append(name)
                # SIGINT is the database's fast shutdown; everybody else stops on SIGTERM.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT if name == "postgres" else signal.SIGTERM)
                deadline = time.monotonic() + patience
                while birth(pid) == born and time.monotonic() < deadline:
                    time.sleep(0.02)  # not our child, so there is nothing to wait on
                if birth(pid) == born:
                    os.kill(pid, signal.SIGKILL)
                kill_family(pid)
            elif birth(pid) is None and _session_survives(pid, born):
                left.append(name)
                kill_family(pid)
        self.forget()
        return left

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            content = json.loads(self.path.read_text())
        except FileNotFoundError:
            return {}
        except ValueError:
            return {}  # torn by a power cut; after one, nothing of that run is alive either
        return content if isinstance(content, dict) else {}

    def _write(self, content: dict[str, dict[str, Any]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps(content))
        draft.replace(self.path)


def _session_survives(leader: int, born: str) -> bool:
    """Whether a dead leader's session still has members: its number cannot have been given away meanwhile."""
    if not _LINUX:
        return False
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                words = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                if int(words[3]) == leader and int(words[19]) >= int(born) and words[0] not in {"Z", "X"}:
                    return True
    return False
