# SPDX-License-Identifier: Apache-2.0
"""`quartier up`: the whole city on this machine, as the processes it also has in a data centre."""

import asyncio
import json
import math
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import httpx

from services.chassis.subjects import GATEWAY, SERVICES, TOOL, permissions
from services.cli.embedded.clock import going_on
from services.cli.embedded.databases import make_databases, migrate_database
from services.cli.embedded.nats import Nats, User
from services.cli.embedded.postgres import Postgres
from services.cli.embedded.process import EmbeddedError, Ledger, Program, Running, claim, free_port, is_free
from services.cli.embedded.secrets import Secrets
from services.cli.embedded.supervisor import Part, Probe, Supervisor
from services.contracts.registration import Role

USUAL_PORT = 8000
# -P: a folder named `services` in the working directory is not ours.
_PYTHON = (sys.executable, "-P", "-m")
ROLES: tuple[str, ...] = get_args(Role)
POINTS = {
    "QUARTIER_POINTS_PER_SECOND": "10000",
    "QUARTIER_POINTS_AT_ONCE": "100000",
    "QUARTIER_ANONYMOUS_POINTS_PER_SECOND": "100000",
    "QUARTIER_ANONYMOUS_POINTS_AT_ONCE": "1000000",
}


@dataclass(frozen=True)
class Plan:
    """What `up` was asked for.

    Args:
        data: folder of everything that stays.
        port: of the gateway; None takes 8000, or any free one when that is taken.
        replicas: processes per service and of the gateway.
        pace: conference seconds per real second; None leaves QUARTIER_CLOCK as it is.
        environment: of this process.
    """

    data: Path
    port: int | None = None
    replicas: int = 1
    pace: float | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


@dataclass(frozen=True)
class Address:
    """Where the running city is reached; `conference` is the global id of the one to look at, if there is one."""

    graphql: str
    graphql_ws: str
    mail: str
    sign_in: dict[str, str]
    conference: str | None


class City:
    """The embedded city: its servers, its services and what they are told.

    Args:
        plan: what was asked for.
        say: receives one sentence for each thing the operator wants to know.
    """

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._say = say
        self._data = plan.data.absolute()
        self._ledger = Ledger(self._data / "run" / "processes.json")
        self._claim: socket.socket | None = None
        self._secrets = Secrets(self._data / "secrets.json")
        self.supervisor = Supervisor(self._ledger, say)
        self._health: dict[str, int] = {}

    async def start(self) -> Address:
        """Starts everything; returns when every process is ready.

        Raises:
            EmbeddedError: with the reason and, where there is one, the cure.
        """
        for name in self._ledger.sweep():
            self._say(f"ended {name}, left over from a run that was killed")
        port = self._gateway_port()
        databases, buses, mail = await self._start_servers()
        await self._migrate(databases)
        shared = self._shared_environment(port)
        livekit = await self._start_livekit()
        smtp = {} if "SMTP_URL" in self._plan.environment else {"SMTP_URL": f"smtp://127.0.0.1:{mail}"}

        def part(service: str, number: int) -> Part:
            special = {"registration": smtp, "rooms": livekit, GATEWAY: self._points()}.get(service, {})
            own = {
                "DATABASE_URL": databases[service],
                "NATS_URL": buses[service],
                "QUARTIER_KEY_ENCRYPTION_KEY": self._secrets.key(service),
            }
            public = port if service == GATEWAY and number == 1 else None
            return self._python(service, number, {**shared, **own, **special}, public)

        replicas = range(1, self._plan.replicas + 1)
        await self.supervisor.start([part(service, number) for service in SERVICES for number in replicas])
        await self.supervisor.start([part(GATEWAY, number) for number in replicas])
        sign_in = await self._sign_in()
        host = f"127.0.0.1:{port}"
        where = str(self._data / "mail") if smtp else self._plan.environment["SMTP_URL"]
        self._leave_for_tools(databases, buses, where, shared.get("QUARTIER_CLOCK", "0,1"))
        return Address(f"http://{host}/graphql", f"ws://{host}/graphql", where, sign_in, None)

    def _gateway_port(self) -> int:
        wanted = self._plan.port
        if wanted is None:
            self._claim = claim(USUAL_PORT)
            if self._claim is not None and is_free(USUAL_PORT):
                return USUAL_PORT
            port = free_port()
            self._say(f"port {USUAL_PORT} is taken; the gateway listens on {port}")
            return port
        if not is_free(wanted):
            raise EmbeddedError(f"port {wanted} is taken: choose another one, or leave --port away")
        return wanted

    async def _start_servers(self) -> tuple[dict[str, str], dict[str, str], int]:
        """Addresses of the databases and of the bus per service, and the port of the mail catcher (0: none)."""
        environment, users = self._plan.environment, (*SERVICES, GATEWAY, TOOL)
        parts: list[Part] = []
        server, bus = environment.get("DATABASE_URL"), environment.get("NATS_URL")
        if not server:
            # A process of a service holds about a dozen connections at most.
            settings = {"max_connections": str(100 + 80 * self._plan.replicas)}
            postgres = Postgres.prepare(self._data / "postgres", self._secrets.password("postgres"), settings=settings)
            server = postgres.url

            async def accepts(running: Running) -> bool:
                return postgres.ready(running.pid)

            parts.append(Part(postgres.program(self._log("postgres")), accepts))
        if bus:
            buses = dict.fromkeys(users, bus)
        else:
            prefix = environment.get("QUARTIER_PREFIX", "quartier")
            nats = Nats(
                self._data / "nats",
                [User(name, self._secrets.password(f"nats.{name}"), permissions(name, prefix)) for name in users],
            )
            buses = {name: nats.url(name) for name in users}

            async def greets(_: Running) -> bool:
                return nats.ready()

            parts.append(Part(nats.program(self._log("nats")), greets))
        mail = 0
        if "SMTP_URL" not in environment:
            mail = free_port()
            argv = (*_PYTHON, "services.cli.embedded.mail", str(mail), str(self._data / "mail"))
            parts.append(Part(Program("mail", argv, self._log("mail")), lambda _: _listens(mail)))
        await self.supervisor.start(parts)
        databases = await make_databases(
            server, (*SERVICES, GATEWAY), lambda service: self._secrets.password(f"postgres.{service}")
        )
        return databases, buses, mail

    def _leave_for_tools(self, databases: Mapping[str, str], buses: Mapping[str, str], mail: str, clock: str) -> None:
        """Writes down where everything is, for `doctor`, `refill`, `rehearse` and the other tools."""
        gateways = [f"http://127.0.0.1:{port}" for name, port in self._health.items() if name.startswith(GATEWAY)]
        addresses = {
            "databases": dict(databases),
            "nats": dict(buses),
            "gateways": gateways,
            "sign_in": self._issuer,
            "mail": mail,
            "clock": clock,
        }
        path = self._data / "run" / "addresses.json"
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps(addresses))

    @property
    def _issuer(self) -> str:
        """Where this machine's staff signs in."""
        return f"http://127.0.0.1:{self._health['registration']}/local/sign-in"

    async def _migrate(self, databases: Mapping[str, str]) -> None:
        for service, database in databases.items():
            if applied := await migrate_database(service, database):
                self._say(f"{service}: applied {len(applied)} migrations, the last is {applied[-1]}")

    def _shared_environment(self, port: int) -> dict[str, str]:
        # LiveKit's secret is for rooms alone.
        given = {name: value for name, value in self._plan.environment.items() if not name.startswith("LIVEKIT_")}
        given |= {
            "QUARTIER_PREFIX": given.get("QUARTIER_PREFIX", "quartier"),
            "QUARTIER_EMBEDDED": "1",
            "QUARTIER_LOCAL_ISSUER": "1",
            "QUARTIER_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "PYTHONUNBUFFERED": "1",
        }
        if self._plan.pace is not None:
            given["QUARTIER_CLOCK"] = going_on(self._data / "clock.json", self._plan.pace, time.time())
        return given

    def _points(self) -> dict[str, str]:
        """What clients may ask for: a whole city comes from one address here, and may live through it at speed."""
        return {name: value for name, value in POINTS.items() if name not in self._plan.environment}

    async def _start_livekit(self) -> dict[str, str]:
        """What rooms is told about LiveKit: the city's, else a server found on PATH, else nothing (text only)."""
        environment = self._plan.environment
        if "LIVEKIT_URL" in environment:
            return {name: value for name, value in environment.items() if name.startswith("LIVEKIT_")}
        program = shutil.which("livekit-server", path=environment.get("PATH"))
        if program is None:
            self._say("no LIVEKIT_URL and no livekit-server on PATH: this city has text, boards and polls but no video")
            return {}
        port, key, secret = free_port(), "quartier", self._secrets.key("livekit")
        # No webhooks: nothing of the city listens to them yet, people tell themselves where they have arrived.
        configuration = {
            "port": port,
            "bind_addresses": ["127.0.0.1"],
            "rtc": {"tcp_port": free_port(), "udp_port": free_port(), "use_external_ip": False},
            "keys": {key: secret},
        }
        environment = {**self._plan.environment, "LIVEKIT_CONFIG": json.dumps(configuration)}
        await self.supervisor.start(
            [Part(Program("livekit", (program,), self._log("livekit"), environment), lambda _: _listens(port))]
        )
        return {"LIVEKIT_URL": f"ws://127.0.0.1:{port}", "LIVEKIT_API_KEY": key, "LIVEKIT_API_SECRET": secret}

    def _python(self, service: str, number: int, environment: dict[str, str], port: int | None) -> Part:
        """One process of a service or of the gateway."""
        name = service if number == 1 else f"{service}-{number}"
        port = port or free_port()
        self._health[name] = port
        environment = {**environment, "QUARTIER_HTTP_PORT": str(port), "QUARTIER_HTTP_BIND": "127.0.0.1"}
        argv = (*_PYTHON, "services.cli.main", "serve", service)
        return Part(
            Program(name, argv, self._log(name), environment, patience=20.0),
            readiness(name, f"http://127.0.0.1:{port}/readyz", self._say),
            within=180.0,
        )

    def _log(self, name: str) -> Path:
        return self._data / "logs" / f"{name}.log"

    async def _sign_in(self) -> dict[str, str]:
        """A token per role from the local issuer."""
        tokens: dict[str, str] = {}
        async with httpx.AsyncClient(trust_env=False, timeout=10.0) as client:
            for role in ROLES:
                answer = await client.post(self._issuer, json={"role": role, "name": role.capitalize()})
                if answer.is_success:
                    tokens[role] = answer.json()["token"]
                else:
                    self._say(f"no sign-in for {role}: the local issuer answered {answer.status_code}")
        return tokens


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def readiness(name: str, url: str, say: Callable[[str], None], *, patience: float = 30.0) -> Probe:
    """Asks a process whether it is ready.

    A process that goes on saying what it lacks does not keep the others from starting, or the operator could not
    cure it; the reason is said instead.

    Args:
        name: of the process.
        url: of its `/readyz`.
        say: receives the sentence.
        patience: real seconds for which it may lack something before that is said.
    """
    lacking_since = math.inf

    async def ready(running: Running) -> bool:
        nonlocal lacking_since
        reasons = await _lacks(url, running.pid)
        if not reasons:
            lacking_since = math.inf
            return reasons is not None
        lacking_since = min(lacking_since, time.monotonic())
        if time.monotonic() - lacking_since < patience:
            return False
        say(f"{name} runs, but is not ready: {'; '.join(reasons)}")
        return True

    return ready


async def _lacks(url: str, pid: int) -> list[str] | None:
    """What a process lacks to be ready; None when it does not answer, or another one does, as that of a second city."""
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=2.0) as client:
            answer = await client.get(url)
            state = answer.json()
            if state["process"] != pid:
                return None
            return [] if answer.status_code == 200 else [str(reason) for reason in state["reasons"]]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return None
