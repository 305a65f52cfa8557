# SPDX-License-Identifier: Apache-2.0
"""Puts the gateway together."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
from graphql import get_introspection_query
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp

from gateway.backends import Backends
from gateway.door import Door
from gateway.entrances import WHOLE, engines
from gateway.execution.admission import Admission
from gateway.execution.engine import Engine
from gateway.execution.http import HttpEndpoint
from gateway.execution.params import Params, Rejected
from gateway.execution.socket import Sockets
from gateway.execution.sse import EventStreams
from gateway.execution.weight import Limits
from gateway.front import Front
from gateway.identity import ApiKeys, CityClaims, Clients, Discovered, Identity, Issuer, Registration
from gateway.limits.addresses import Addresses
from gateway.limits.budget import Budget
from gateway.limits.gcra import Gcra
from gateway.limits.replicas import Replicas
from gateway.live.access import Access
from gateway.live.hub import SAFETY_SECONDS
from gateway.live.hubs import Hubs
from gateway.live.presence import Presence
from gateway.metrics import REPLICAS
from gateway.schema.errors import all_refusals
from gateway.schema.relay import Signer
from gateway.settings import GatewaySettings
from gateway.webhooks.network import Guard
from gateway.webhooks.office import Webhooks
from gateway.well_known import PROTECTED_RESOURCE, WellKnown
from services.chassis.bus import Bus
from services.chassis.health import health_app
from services.chassis.requests import Requests
from services.chassis.tasks import end

ALLOWED_HEADERS = [
    "apollo-require-preflight",
    "authorization",
    "content-type",
    "graphql-require-preflight",
    "quartier-after",
    "traceparent",
]
"""What pages of other origins may send."""

SHOWN_HEADERS = ["ratelimit", "ratelimit-policy", "retry-after", "www-authenticate"]
"""What they may read."""


class Gateway:
    """The parts of a running gateway.

    Args:
        settings: the result of `load_settings`.
        bus: the connection to NATS.
        safety_seconds: real time after which live views are asked for again.
        lag_seconds: real time a subscriber may take to read one message.
        compiled: False: graphql-core executes everything itself.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        bus: Bus,
        *,
        safety_seconds: float = SAFETY_SECONDS,
        lag_seconds: float = 10.0,
        compiled: bool = True,
    ) -> None:
        self._settings = settings
        self._bus = bus
        self._http = httpx.AsyncClient(timeout=5.0)

        # Whom it asks, and what it keeps of the answers for those who watch.
        self.backends = Backends(Requests(bus, all_refusals()))
        self.backends.webhooks = _webhooks(settings, bus, self.backends)
        self.presence = Presence(self.backends)
        self.hubs = Hubs(bus, self.backends, self.presence, safety_seconds=safety_seconds)

        # Who asks it.
        self._api_keys = ApiKeys(self.backends)
        clients = Clients(self.backends)
        bus.on_reconnect += [self._api_keys.forget_all, clients.forget_all]
        issuers = _issuers(settings, self.backends, self._http)
        self.identity = Identity(*issuers, api_keys=self._api_keys, clients=clients)
        self.addresses = Addresses(settings.proxies)

        # How much of it one client may have.
        self.budget = _budget(settings)
        self.replicas = Replicas(bus, self._share)
        self.admission = _admission(settings)
        self._access = Access(bus, self.identity, self.backends, self.admission)

        # Where clients come in.
        self.doors = {path: self._door(engine) for path, engine in engines(settings, compiled=compiled).items()}
        self.door = self.doors[WHOLE]
        self.live = {path: self._live(door, lag_seconds) for path, door in self.doors.items() if door.watches}
        self.sockets, self.streams = self.live[WHOLE]

    def _door(self, engine: Engine) -> Door:
        settings = self._settings
        return Door(
            engine=engine,
            identity=self.identity,
            backends=self.backends,
            signer=Signer(settings.cursor_key),
            clock=settings.clock,
            hubs=self.hubs,
            budget=self.budget,
            slow_seconds=settings.slow_operation_seconds,
            tallies=self.backends.webhooks.tallies if self.backends.webhooks is not None else None,
            metadata=settings.public_url + PROTECTED_RESOURCE,
            licences=settings.licences,
        )

    def _live(self, door: Door, lag_seconds: float) -> tuple[Sockets, EventStreams]:
        """What serves the subscriptions of one door."""
        settings = self._settings
        shared: dict[str, Any] = {
            "addresses": self.addresses,
            "origins": settings.origins,
            "lag_seconds": lag_seconds,
            "seconds": settings.operation_seconds,
        }
        return Sockets(door, self.admission, self.presence, **shared), EventStreams(door, self.admission, **shared)

    def app(self) -> ASGIApp:
        """The HTTP and WebSocket application."""
        settings = self._settings
        endpoints: dict[str, ASGIApp] = {
            path: HttpEndpoint(
                door,
                self.addresses,
                ide=settings.embedded,
                origins=settings.origins,
                seconds=settings.operation_seconds,
            )
            for path, door in self.doors.items()
        }
        routes = WellKnown(settings, self.backends).routes()
        for path, (sockets, streams) in self.live.items():
            routes += [WebSocketRoute(path, sockets), Route(f"{path}/stream", streams, methods=["GET", "POST"])]
        app = health_app(self.readiness, routes)
        app.router.lifespan_context = self._lifespan
        return _across_origins(settings, Front(endpoints, app))

    def _share(self, replicas: int) -> None:
        self.budget.share(replicas)
        REPLICAS.set(replicas)

    def readiness(self) -> Mapping[str, Any]:
        """The state of the process."""
        reasons = [] if self._bus.connected else ["nats is not connected"]
        if self.admission.draining:
            reasons.append("draining")
        webhooks = self.backends.webhooks
        return {
            "reasons": reasons,
            "sockets": len(self.admission),
            "conferences": len(self.hubs),
            "webhooks": webhooks and webhooks.readiness(),
            "replicas": len(self.replicas),
        }

    async def drain(self, seconds: float) -> None:
        """Is not ready any more, and sends those away who are connected.

        Args:
            seconds: real time over which the farewells are spread.
        """
        await self.admission.drain(seconds)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        await self._access.open()
        await self.backends.answers.open(self._bus)
        await self.backends.places.open(self._bus)
        webhooks = self.backends.webhooks
        if webhooks is not None:
            webhooks.open()
        await self.replicas.open()
        preparing = asyncio.create_task(self._prepare())
        try:
            yield
        finally:
            await end(preparing)
            await self.replicas.close()
            if webhooks is not None:
                await webhooks.close()
            await self.hubs.close()
            await self.presence.close()
            await self.backends.answers.close()
            await self.backends.places.close()
            await self._access.close()
            await self._api_keys.close()
            await self._http.aclose()

    async def _prepare(self) -> None:
        """Answers the usual question for the schema once, before somebody asks it."""
        if self._settings.embedded:
            return  # on a laptop, nobody asks while others wait
        usual = Params(get_introspection_query())
        for door in self.doors.values():
            with suppress(Rejected):  # where introspection is off
                await door.engine.introspect(door.engine.operation(usual))


def _webhooks(settings: GatewaySettings, bus: Bus, backends: Backends) -> Webhooks | None:
    """The part that keeps webhooks; None without a database for them."""
    if settings.database_url is None:
        return None
    return Webhooks(
        settings.database_url,
        bus,
        backends,
        settings.cursor_key,
        settings.clock,
        Guard(loopback=settings.webhooks_to_loopback),
        days=settings.webhook_days,
        connections=settings.database_connections,
    )


def _issuers(settings: GatewaySettings, backends: Backends, http: httpx.AsyncClient) -> list[Issuer]:
    """Whose tokens are taken: registration's, and those of the city's provider where there is one."""
    issuers: list[Issuer] = [Registration(backends)]
    if settings.oidc_issuer is not None:
        claims = CityClaims(settings.own_client_ids, settings.role_claim, settings.roles)
        issuers.append(Discovered(settings.oidc_issuer, settings.audience, http, claims))
    return issuers


def _budget(settings: GatewaySettings) -> Budget:
    """The points of people and apps, and of those who show no token."""
    return Budget(
        Gcra(settings.points_per_second, settings.points_at_once, floor=Limits.cost),
        Gcra(settings.anonymous_points_per_second, settings.anonymous_points_at_once, floor=Limits.cost),
        Gcra(settings.anonymous_points_per_second, settings.anonymous_points_at_once),
    )


def _admission(settings: GatewaySettings) -> Admission:
    return Admission(
        rate=settings.sockets_per_second,
        burst=settings.sockets_at_once,
        most=settings.sockets_per_process,
        each=settings.sockets_per_person,
        nameless=settings.sockets_per_address,
    )


def _across_origins(settings: GatewaySettings, app: ASGIApp) -> ASGIApp:
    """The same application, for the pages of other origins too that the settings name."""
    if not settings.origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=sorted(settings.origins),
        allow_methods=["GET", "POST"],
        allow_headers=ALLOWED_HEADERS,
        expose_headers=SHOWN_HEADERS,
    )
