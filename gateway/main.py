# SPDX-License-Identifier: Apache-2.0
"""Runs the gateway until it is told to stop."""

import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import Iterator

import uvicorn
import uvloop

from gateway.app import Gateway
from gateway.settings import GatewaySettings
from services.chassis import telemetry
from services.chassis.bus import join
from services.chassis.settings import load_settings
from services.chassis.subjects import GATEWAY

MESSAGE_BYTES = 64 * 1024


class Server(uvicorn.Server):
    """Drains on SIGTERM and SIGINT and then returns, where uvicorn's own would end the process by the signal."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handles the signals while it serves."""
        loop, signals = asyncio.get_running_loop(), (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)


async def run(settings: GatewaySettings) -> None:
    """Serves until SIGTERM or SIGINT; then nothing new is accepted and what runs gets `drain_seconds` to finish."""
    bus = await join(settings.nats_url, GATEWAY, settings.prefix)
    try:
        app = Gateway(settings, bus).app()
        _set_apart()
        server = Server(
            uvicorn.Config(
                app,
                host=settings.http_bind,
                port=settings.http_port,
                http="httptools",
                ws="websockets-sansio",
                ws_max_size=MESSAGE_BYTES,
                ws_per_message_deflate=False,
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=max(1, round(settings.drain_seconds)),
            )
        )
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
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(settings))
    telemetry.shut_down()
    return 0


if __name__ == "__main__":
    sys.exit(main())
