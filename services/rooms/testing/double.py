# SPDX-License-Identifier: Apache-2.0
"""The double as a server on a real port: in a test's process, or a process of its own.

    python -m services.rooms.testing.double --port 7880 --key devkey --secret <at least 32 characters>

It speaks the part of LiveKit's protocol that rooms are made and closed with. It carries no media, and nobody can join.
"""

import argparse
import asyncio
import signal
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from services.chassis.health import HealthServer
from services.rooms.testing.access import BadToken, Verifier
from services.rooms.testing.faults import Faults, Faulty
from services.rooms.testing.room_service import PREFIX, endpoint, methods
from services.rooms.testing.rooms import Rooms

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class CannotListen(Exception):
    """The port is taken."""


class Double:
    """One LiveKit server. Used as a context manager, or by `start` and `stop`.

    Args:
        keys: secret by API key.
        port: to listen on at 127.0.0.1; 0 takes a free one, which is kept when the double is started again.
    """

    def __init__(self, keys: Mapping[str, str], *, port: int = 0) -> None:
        self.verifier = Verifier(keys)
        self.rooms = Rooms()
        self.faults = Faults()
        self.port = port
        self._server: HealthServer | None = None
        self._app = Starlette(
            routes=[
                Route("/", _health),
                Route(f"{PREFIX}/{{method:path}}", endpoint(methods(self.rooms)), methods=list(VERBS)),
            ],
            middleware=[
                Middleware(Faulty, self.faults, self._transport_of),
                Middleware(_Authenticated, self.verifier),
            ],
        )

    @property
    def url(self) -> str:
        """Address as the city is told it."""
        return f"ws://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listens.

        Raises:
            CannotListen: the port is taken.
        """
        server = HealthServer(self._app, "127.0.0.1", self.port)
        if not await server.begin():
            raise CannotListen(f"port {self.port} is taken")
        self._server, self.port = server, server.port

    async def stop(self) -> None:
        """Ends at once, as if the power were cut: calls under way get no answer. The rooms stay for `start`."""
        if self._server is None:
            return
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()
        self._server.force_exit = self._server.should_exit = True
        await self._server.ended
        self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    def _transport_of(self, scope: Scope) -> asyncio.Transport:
        if self._server is None:
            raise RuntimeError("the double is not running")
        connections = self._server.server_state.connections
        return next(each.transport for each in connections if getattr(each, "client", None) == scope["client"])


class _Authenticated:
    """Middleware: puts a request's claims into its state, or answers 401 in plain text."""

    def __init__(self, app: ASGIApp, verifier: Verifier) -> None:
        self._app, self._verifier = app, verifier

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            try:
                request.state.claims = self._verifier.of_request(
                    request.headers.get("authorization"), request.query_params.get("access_token")
                )
            except BadToken as error:
                return await PlainTextResponse(str(error), 401)(scope, receive, send)
        return await self._app(scope, receive, send)


async def _health(_: Request) -> Response:
    return PlainTextResponse("OK")


async def _serve(port: int, key: str, secret: str) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, ended.set)
    async with Double({key: secret}, port=port) as double:
        print(double.url, flush=True)
        await ended.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until SIGTERM; prints its address once it listens."""
    parser = argparse.ArgumentParser(description="A double of the LiveKit server, without media.")
    parser.add_argument("--port", type=int, default=7880, help="0 takes a free one")
    parser.add_argument("--key", required=True)
    parser.add_argument("--secret", required=True)
    given = parser.parse_args(arguments)
    try:
        asyncio.run(_serve(given.port, given.key, given.secret))
    except CannotListen as error:
        parser.exit(1, f"{error}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
