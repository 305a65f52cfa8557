# SPDX-License-Identifier: Apache-2.0
"""Holds one data folder, runs its city, and takes it down again when asked."""

import asyncio
import fcntl
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import httpx

from gateway.client import ClientError, Unreached
from services.chassis.clock import Clock
from services.cli.embedded.city import Address, City, Plan
from services.cli.embedded.process import EmbeddedError
from services.cli.embedded.welcome import welcome
from services.cli.rehearse.stage import SetUpFailed


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Holds the data folder.

    Raises:
        EmbeddedError: another process holds it.
    """
    if not data.exists():
        data.mkdir(parents=True)
        data.chmod(0o711)  # PostgreSQL's account passes through; every folder below is closed but its own
    with (data / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise EmbeddedError(
                f"a city already runs on {data} (process {lock.read().strip() or 'unknown'}):"
                " stop it with Ctrl-C there, or choose another folder with --data"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


async def run(plan: Plan, say: Callable[[str], None], ready: Callable[[Address], None]) -> None:
    """Starts the city, says where it is, and keeps it until SIGINT or SIGTERM.

    Raises:
        EmbeddedError: it could not be started; everything that was is stopped again.
    """
    with only_one(plan.data):
        city = City(plan, say)
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()

        def stop() -> None:
            if asked.is_set():
                say("stopping at once")
                city.supervisor.kill()
            asked.set()

        for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(wanted, stop)
        waiting = asyncio.create_task(asked.wait())
        starting = asyncio.create_task(city.start())
        try:
            await asyncio.wait({waiting, starting}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                ready(await _greeted(plan, starting.result(), say))
                await waiting
                say("stopping")
        finally:
            starting.cancel()
            waiting.cancel()
            await asyncio.gather(starting, waiting, return_exceptions=True)
            await city.supervisor.stop()


async def _greeted(plan: Plan, address: Address, say: Callable[[str], None]) -> Address:
    """The address with a conference to look at and sign-ins of who has to do with it, where mails are caught here."""
    mail = Path(address.mail)
    if not mail.is_dir() or "organiser" not in address.sign_in:
        return address
    addresses = json.loads((plan.data / "run" / "addresses.json").read_text())
    issuer, clock = addresses["sign_in"], Clock.parse(addresses["clock"])
    gateway = address.graphql.removesuffix("/graphql")
    try:
        first = await welcome(
            gateway, issuer, address.sign_in["organiser"], mail, plan.data / "first-conference.json", clock
        )
    except (SetUpFailed, ClientError, Unreached, TimeoutError, httpx.TransportError) as error:
        say(f"there is no first conference to look at: {type(error).__name__} {error}")
        return address
    return replace(address, conference=first.conference, sign_in=address.sign_in | first.sign_in)


def sentences(stream: TextIO) -> Callable[[str], None]:
    """Sentences on a stream, each on a line with the time of day."""

    def say(sentence: str) -> None:
        print(time.strftime("%H:%M:%S"), sentence, file=stream, flush=True)

    return say
