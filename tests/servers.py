# SPDX-License-Identifier: Apache-2.0
"""Holds one server for a whole test run, and ends it when the run's first process has ended, however it ended.

    python tests/servers.py postgres|nats <pid of the run>

Prints the server's address on standard output once it is ready. Its data live in a folder of its own under the
system's temporary folder, because pytest's is closed to PostgreSQL's account when root runs the tests.
"""

import os
import secrets
import select
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from services.cli.embedded.nats import Nats, User
from services.cli.embedded.postgres import Postgres
from services.cli.embedded.process import Running

# The data of a test run are worth nothing after a power cut, and files survive the end of a process anyway.
SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def wait_for_end(pid: int) -> None:
    """Returns when the process has ended."""
    if hasattr(os, "pidfd_open"):
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        select.select([handle], [], [])
        return
    while True:  # macOS has no handle of a process that is not one's child
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.5)


def start(kind: str, folder: Path) -> tuple[Running, str]:
    """Starts the server; itself and its address."""
    if kind == "postgres":
        postgres = Postgres.prepare(folder, secrets.token_urlsafe(18), settings=SETTINGS)
        return postgres.start(), postgres.url
    nats = Nats(folder, [User("tests", secrets.token_urlsafe(18))])
    return nats.start(), nats.url("tests")


def main(kind: str, pid: int) -> None:
    """Serves until the run has ended."""
    folder = Path(tempfile.mkdtemp(prefix=f"quartier-tests-{kind}-"))
    try:
        server, url = start(kind, folder)
        try:
            print(url, flush=True)
            wait_for_end(pid)
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
