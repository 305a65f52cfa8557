# SPDX-License-Identifier: Apache-2.0
"""`quartier doctor`: one line for each thing a city needs, and for each that is missing, what cures it."""

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx

from services.chassis.bus import Bus
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.subjects import TOOL
from services.cli.embedded import nats, postgres
from services.cli.embedded.city import USUAL_PORT
from services.cli.embedded.databases import pending
from services.cli.embedded.process import EmbeddedError, is_free

_ENOUGH_DISK = 2 << 30
_PATIENCE = 5.0
_TOLERATED_SECONDS = 2.0


@dataclass(frozen=True)
class Finding:
    """What one look found.

    Args:
        state: `ok`, `note` (works, and worth knowing) or `wrong`.
        text: one sentence.
        cure: what to do about it; empty when nothing has to be done.
    """

    state: Literal["ok", "note", "wrong"]
    text: str
    cure: str = ""

    def __str__(self) -> str:
        return f"{self.state:<6}{self.text}" + (f" → {self.cure}" if self.cure else "")


async def examine(data: Path, environment: Mapping[str, str]) -> AsyncIterator[Finding]:
    """Looks at everything; a city that runs on `data` is looked at too.

    Args:
        data: the folder of `quartier up`.
        environment: of this process.
    """
    for finding in (*_machine(data, environment), *_clock(environment)):
        yield finding
    addresses = _addresses(data, environment)
    async for finding in _databases(addresses["databases"]):
        yield finding
    if addresses["nats"]:
        url, name = addresses["nats"]["address"], addresses["nats"]["user"]
        yield await _bus(url, name)
    yield await _livekit(environment)


def _machine(data: Path, environment: Mapping[str, str]) -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        yield Finding("ok", f"Python {version}")
    else:
        yield Finding("wrong", f"Python {version} is not supported", "use Python 3.11, 3.12 or 3.13")
    try:
        ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:
        yield Finding("wrong", "the time zones are missing", "pip install tzdata")
    if not environment.get("DATABASE_URL"):
        yield _postgres(data)
        for place, owner in postgres.abandoned():
            yield Finding("note", f"{place} holds the data of {owner}, which is gone", f"rm -r {place}")
    if not environment.get("NATS_URL"):
        try:
            yield Finding("ok", f"nats-server at {nats.binary()}")
        except EmbeddedError as error:
            yield Finding("wrong", "nats-server is missing", str(error).partition(": ")[2])
    if not environment.get("SMTP_URL"):
        yield (
            Finding("ok", f"mail is caught in {data / 'mail'}")
            if find_spec("aiosmtpd")
            else Finding("wrong", "the mail catcher is missing", "pip install 'quartier[laptop]', or set SMTP_URL")
        )
    yield from _folder(data)
    if is_free(USUAL_PORT):
        yield Finding("ok", f"port {USUAL_PORT} is free")
    else:
        yield Finding("note", f"port {USUAL_PORT} is taken; `quartier up` takes another one")


def _folder(data: Path) -> Iterator[Finding]:
    existing = next(path for path in (data.absolute(), *data.absolute().parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        yield Finding("wrong", f"{existing} cannot be written", "choose another folder with --data")
    free = shutil.disk_usage(existing).free
    if free < _ENOUGH_DISK:
        yield Finding("wrong", f"only {free >> 20} MB are free on the disk of {existing}", "free at least 2 GB")
    else:
        yield Finding("ok", f"{free >> 30} GB are free on the disk of {existing}")
    secrets = data / "secrets.json"
    if secrets.exists():
        if secrets.stat().st_mode & 0o077:
            yield Finding("wrong", f"others can read the secrets in {secrets}", f"chmod 600 {secrets}")
        try:
            json.loads(secrets.read_text())
        except (OSError, ValueError):
            yield Finding("wrong", f"the secrets in {secrets} are damaged", "bring the file back from a copy")


def _postgres(data: Path) -> Finding:
    """Whether the embedded PostgreSQL could start, and as whom."""
    try:
        wheel = postgres.wheel()
        chosen = postgres.account()
        if chosen is None:
            return Finding("ok", f"PostgreSQL from {wheel}")
        name, _ = chosen
        place = postgres.home(data.absolute() / "postgres", look_only=True)
    except EmbeddedError as error:
        reason, _, cure = str(error).partition(": ")
        return Finding("wrong", reason, cure)
    if place != data.absolute() / "postgres":
        return Finding(
            "note", f"PostgreSQL runs as {name}, who cannot enter {data.absolute()}: its data are in {place}"
        )
    return Finding("ok", f"PostgreSQL from {wheel}, run as {name}")


def _clock(environment: Mapping[str, str]) -> Iterator[Finding]:
    setting = environment.get("QUARTIER_CLOCK")
    if setting:
        try:
            yield Finding("note", f"QUARTIER_CLOCK: it is {Clock.parse(setting).now():%Y-%m-%d %H:%M} in the city")
        except ValueError as error:
            yield Finding("wrong", f"QUARTIER_CLOCK is {setting!r}", str(error))


def _addresses(data: Path, environment: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The servers to look at: those of the environment, else those of the city that runs on the data."""
    found: dict[str, dict[str, str]] = {"databases": {}, "nats": {}}
    running = _running(data)
    if environment.get("DATABASE_URL"):
        found["databases"] = {"": environment["DATABASE_URL"]}
    if running:
        found["databases"] |= running["databases"]
    if environment.get("NATS_URL"):
        found["nats"] = {"address": environment["NATS_URL"], "user": TOOL}
    elif running:
        found["nats"] = {"address": running["nats"][TOOL], "user": TOOL}
    return found


def _running(data: Path) -> dict[str, Any] | None:
    """The addresses of the city that runs on the data now; None when none does."""
    if not (data / "run" / "processes.json").exists():
        return None
    content: dict[str, Any] = json.loads((data / "run" / "addresses.json").read_text())
    return content


async def _databases(addresses: Mapping[str, str]) -> AsyncIterator[Finding]:
    for service, address in addresses.items():
        if not service:
            yield await _server(address)
            continue
        try:
            async with asyncio.timeout(_PATIENCE):
                missing = await pending(service, address)
        except TimeoutError:
            yield Finding("wrong", f"the database of {service} does not answer", "is its server up?")
        except EmbeddedError as error:
            yield Finding("wrong", str(error), "is its server up, and are the secrets those of this data folder?")
        else:
            if missing:
                cure = f"quartier migrate {service}"
                yield Finding("wrong", f"{service} lacks the migrations {', '.join(missing)}", cure)
            else:
                yield Finding("ok", f"the database of {service} is reachable and up to date")


async def _server(address: str) -> Finding:
    """The server that DATABASE_URL names: reachable, and its clock close to ours."""
    try:
        async with asyncio.timeout(_PATIENCE):
            db = await Database.connect(address, size=1)
    except Exception as error:
        return Finding("wrong", f"DATABASE_URL cannot be used: {error}", "correct it, or start its server")
    try:
        theirs = float(await db.pool.fetchval("SELECT extract(epoch FROM clock_timestamp())"))
    finally:
        await db.close()
    apart = abs(theirs - time.time())
    if apart > _TOLERATED_SECONDS:
        return Finding("wrong", f"this clock and the database's are {apart:.0f} s apart", "let NTP set both")
    return Finding("ok", "DATABASE_URL is reachable and its clock agrees with ours")


async def _bus(address: str, user: str) -> Finding:
    place = urlsplit(address.partition(",")[0])
    try:
        async with asyncio.timeout(_PATIENCE):
            _, writer = await asyncio.open_connection(place.hostname, place.port or 4222)
            writer.close()
    except (OSError, TimeoutError):
        return Finding("wrong", f"NATS does not answer at {place.hostname}:{place.port or 4222}", "start it")
    try:
        async with asyncio.timeout(_PATIENCE):
            bus = await Bus.connect(address, user, "quartier")
            bus.on_lost = lambda: None
            try:
                account = await bus.js.account_info()
            finally:
                await bus.close()
    except TimeoutError:
        return Finding("wrong", "NATS refuses the user of NATS_URL", "correct the user and password in NATS_URL")
    except Exception as error:
        return Finding("wrong", f"NATS answers, but not JetStream: {error}", "switch JetStream on for this user")
    return Finding("ok", f"NATS is reachable, JetStream holds {account.streams} streams")


async def _livekit(environment: Mapping[str, str]) -> Finding:
    url = environment.get("LIVEKIT_URL")
    if not url:
        program = shutil.which("livekit-server", path=environment.get("PATH"))
        if program:
            return Finding("ok", f"video by {program}")
        return Finding(
            "note", "no video: text, boards and polls only", "set LIVEKIT_URL, or put livekit-server on PATH"
        )
    absent = [name for name in ("LIVEKIT_API_KEY", "LIVEKIT_API_SECRET") if not environment.get(name)]
    if absent:
        return Finding("wrong", f"LIVEKIT_URL is set, but not {' and '.join(absent)}", "set them too")
    http = url.replace("ws", "http", 1) if url.startswith("ws") else url
    try:
        async with httpx.AsyncClient(timeout=_PATIENCE) as client:
            await client.get(http)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Finding("wrong", f"LiveKit at {url} is not reachable: {error}", "correct LIVEKIT_URL, or start it")
    return Finding("ok", f"LiveKit is reachable at {url}")
