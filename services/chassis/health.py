# SPDX-License-Identifier: Apache-2.0
"""`/livez`, `/readyz` and `/metrics` of a process, and whatever other routes it serves."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

Readiness = Callable[[], Mapping[str, Any]]
"""The state of the process; it is ready when `reasons` is empty."""


def health_app(readiness: Readiness, routes: Sequence[BaseRoute] = ()) -> Starlette:
    """The HTTP application of a process.

    Args:
        readiness: asked for every `/readyz`.
        routes: other routes.
    """

    async def livez(_: Request) -> Response:
        return JSONResponse({"alive": True})

    async def readyz(_: Request) -> Response:
        state = dict(readiness())
        ready = not state.get("reasons")
        # The number of the process tells whoever started it that it is not another one on the same port.
        return JSONResponse({"ready": ready, "process": os.getpid(), **state}, status_code=200 if ready else 503)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics), *routes])


class HealthServer(uvicorn.Server):
    """An HTTP server that leaves signals to the service; `await ended` after setting `should_exit`.

    Args:
        app: the application.
        host: address to bind.
        port: port to bind; 0 takes a free one, which `port` then tells.
    """

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(app, host=host, port=port, log_config=None, access_log=False, lifespan="off", loop="none")
        )
        self.port = port
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._listening = asyncio.Event()

    async def begin(self) -> bool:
        """Starts; False when the address cannot be bound."""
        self.ended = asyncio.ensure_future(self._serve_quietly())
        bound = asyncio.ensure_future(self._listening.wait())
        await asyncio.wait({self.ended, bound}, return_when=asyncio.FIRST_COMPLETED)
        bound.cancel()
        return self._listening.is_set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Does nothing: SIGTERM drains the service first, which then ends this server."""
        yield

    async def startup(self, sockets: Any = None) -> None:
        """Binds the port."""
        await super().startup(sockets)
        for server in self.servers:
            for socket in server.sockets:
                self.port = socket.getsockname()[1]
        self._listening.set()

    async def _serve_quietly(self) -> None:
        try:
            await self.serve()
        except SystemExit:
            return  # uvicorn's way to say that it could not bind; `begin` tells the service
