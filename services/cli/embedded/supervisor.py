# SPDX-License-Identifier: Apache-2.0
"""Keeps a set of programs running: starts them in order, starts again what crashed, stops them in reverse.

Children are started from the main thread only: the kernel ties a child's death to the thread that made it.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from services.cli.embedded.process import EmbeddedError, Ledger, Program, Running

Probe = Callable[[Running], Awaitable[bool]]

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 15.0
_STEADY = 60.0
_BETWEEN_PROBES = 0.05


@dataclass(frozen=True)
class Part:
    """One program of the whole.

    Args:
        program: what runs.
        ready: whether it does its work; asked again and again until it says so.
        within: real seconds until it has to be ready at the first start.
    """

    program: Program
    ready: Probe
    within: float = 60.0


class Supervisor:
    """Starts, watches and stops parts.

    Args:
        ledger: remembers processes for the next start, should this process be killed.
        say: receives one sentence for each thing the operator wants to know.
    """

    def __init__(self, ledger: Ledger, say: Callable[[str], None]) -> None:
        self._ledger = ledger
        self._say = say
        self._layers: list[list[str]] = []
        self._running: dict[str, tuple[Running, asyncio.Event]] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self, parts: Sequence[Part]) -> None:
        """Starts these parts at once and waits until all are ready; they stop before all started earlier.

        Raises:
            EmbeddedError: one ended or was not ready in time; the text carries its last output.
        """
        self._layers.append([part.program.name for part in parts])
        for part in parts:
            self._launch(part)
        async with asyncio.TaskGroup() as group:
            waits = [group.create_task(self._first_time(part)) for part in parts]
        for wait in waits:
            if (problem := wait.result()) is not None:
                raise problem
        self._keepers += [asyncio.create_task(self._keep(part)) for part in parts]

    async def stop(self) -> None:
        """Ends all parts, the last started first."""
        self._stopping = True
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for layer in reversed(self._layers):
            await asyncio.gather(*(self._end(*self._running[name]) for name in layer if name in self._running))
        self._ledger.forget()

    def kill(self) -> None:
        """Ends all parts at once: the operator has asked twice."""
        for running, _ in self._running.values():
            running.child.kill()

    def pids(self) -> dict[str, int]:
        """The process ids of what runs now."""
        return {name: running.pid for name, (running, _) in self._running.items() if running.alive()}

    def _launch(self, part: Part) -> tuple[Running, asyncio.Event]:
        running = part.program.start()
        self._ledger.note(part.program.name, running.pid)
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wait() -> None:
            running.child.wait()
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is interested any more
                loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=wait, name=f"wait-{part.program.name}", daemon=True).start()
        self._running[part.program.name] = running, ended
        return running, ended

    async def _first_time(self, part: Part) -> EmbeddedError | None:
        running, ended = self._running[part.program.name]
        name, log = part.program.name, part.program.log
        deadline = time.monotonic() + part.within
        while not await part.ready(running):
            if ended.is_set():
                status = running.child.returncode
                return EmbeddedError(f"{name} ended with status {status}; the end of {log}:\n{running.tail()}")
            if time.monotonic() > deadline:
                return EmbeddedError(
                    f"{name} was not ready within {part.within:.0f} s; the end of {log}:\n{running.tail()}"
                )
            await asyncio.sleep(_BETWEEN_PROBES)
        return None

    async def _keep(self, part: Part) -> None:
        """Starts the part again whenever it ends, with pauses that grow while it does not hold."""
        name, pause = part.program.name, _FIRST_PAUSE
        while True:
            running, ended = self._running[name]
            began = time.monotonic()
            await ended.wait()
            running.kill_remains()
            if time.monotonic() - began > _STEADY:
                pause = _FIRST_PAUSE
            self._say(f"{name} ended with status {running.child.returncode}; it starts again in {pause:g} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            try:
                running, ended = self._launch(part)
            except EmbeddedError as error:
                self._say(str(error))
                continue
            while not ended.is_set():
                if await part.ready(running):
                    self._say(f"{name} is back")
                    break
                await asyncio.sleep(_BETWEEN_PROBES)

    async def _end(self, running: Running, ended: asyncio.Event) -> None:
        if running.alive():
            with contextlib.suppress(ProcessLookupError):
                running.child.send_signal(running.program.stop_signal)
            try:
                async with asyncio.timeout(running.program.patience):
                    await ended.wait()
            except TimeoutError:
                self._say(f"{running.program.name} did not end within {running.program.patience:.0f} s: killed")
                running.child.kill()
        running.kill_remains()
        await asyncio.to_thread(running.child.wait)
