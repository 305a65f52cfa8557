# SPDX-License-Identifier: Apache-2.0
"""Runs the gateway until it is told to stop."""

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import uvicorn
import uvloop
from starlette.types import ASGIApp

from gateway.app import Gateway
from gateway.execution.faults import FewLines
from gateway.execution.heads import BoundedHttp
from gateway.execution.wire import Wire
from gateway.settings import GatewaySettings
from services.chassis import telemetry
from services.chassis.bus import join
from services.chassis.settings import load_settings
from services.chassis.subjects import GATEWAY

MESSAGE_BYTES = 64 * 1024
FAREWELL = 0.7
"""The share of `drain_seconds` over which connections are closed; the rest is for requests in progress."""


def configuration(app: ASGIApp, *, drain_seconds: float, **options: Any) -> uvicorn.Config:
    """How the application is served.

    Args:
        app: the application.
        drain_seconds: real time that requests in progress get at the end.
        options: beside these, such as host and port.
    """
    return uvicorn.Config(
        app,
        http=BoundedHttp,
        ws=Wire,
        ws_max_size=MESSAGE_BYTES,
        ws_per_message_deflate=False,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # who is believed is a setting of ours, see `limits.addresses`
        timeout_graceful_shutdown=max(1, round(drain_seconds)),
        **options,
    )


class Server(uvicorn.Server):
    """Drains on SIGTERM and SIGINT and then returns, where uvicorn's own would end the process by the signal.

    Args:
        config: how it serves.
        drain: sends away who is connected; a second signal does not wait for it.
    """

    def __init__(self, config: uvicorn.Config, drain: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._drain = drain
        self._draining: asyncio.Task[None] | None = None

    def leave(self) -> None:
        """Drains, then stops; a second time it stops at once."""
        if self._draining is None:
            self._draining = asyncio.create_task(self._leave())
        else:
            self.should_exit = True

    async def _leave(self) -> None:
        try:
            await self._drain()
        finally:
            self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handles the signals while it serves."""
        loop, signals = asyncio.get_running_loop(), (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            loop.add_signal_handler(number, self.leave)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)


async def run(settings: GatewaySettings) -> None:
    """Serves until SIGTERM or SIGINT; then it is not ready any more, closes its WebSockets one after the other and
    finishes what runs, all within `drain_seconds`."""
    bus = await join(settings.nats_url, GATEWAY, settings.prefix)
    try:
        gateway = Gateway(settings, bus)
        app = gateway.app()
        _set_apart()
        farewell = settings.drain_seconds * FAREWELL
        config = configuration(
            app,
            host=settings.http_bind,
            port=settings.http_port,
            lifespan="on",
            drain_seconds=settings.drain_seconds - farewell,
        )
        server = Server(config, lambda: gateway.drain(farewell))
        await server.serve()
    finally:
        await bus.close()


def _set_apart() -> None:
    """Takes what stays for ever, such as the schema, out of the garbage collector's sight, and has it look less often.

    A long list makes a thousand dictionaries that are gone a moment later; having everything looked through because
    of them took a third of the time of such an answer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def main() -> int:
    """Runs with the settings of the environment until SIGTERM; the exit status.

    Raises:
        CannotStart: one sentence says why.
    """
    settings = load_settings(GatewaySettings)
    telemetry.configure(GATEWAY)
    for handler in logging.getLogger().handlers:
        handler.addFilter(FewLines())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(settings))
    telemetry.shut_down()
    return 0


if __name__ == "__main__":
    sys.exit(main())
