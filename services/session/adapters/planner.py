# SPDX-License-Identifier: Apache-2.0
"""Computes plans of groups in a process of their own, so that the service answers while it thinks.

A worker that was killed is replaced, and the plan computed anew; where no worker can be had, the service computes it
itself: an evening waits for nobody.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess

import structlog

from services.session.methods.plans import Plan, Question, plan

PATIENCE_SECONDS = 20.0
"""A worker has to load numpy first; after this time the service plans by itself."""

log = structlog.get_logger()


class Planner:
    """A pool of workers, started when first needed.

    Args:
        workers: how many plans are computed at once.
    """

    def __init__(self, workers: int = 1) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    async def plan(self, question: Question) -> Plan:
        """The plan for a question."""
        for _ in range(2):
            pool = self._started()
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    return await asyncio.get_running_loop().run_in_executor(pool, plan, question)
            except (BrokenProcessPool, OSError) as error:
                log.warning("a planning worker died", error=type(error).__name__)
                self._drop(pool)
            except TimeoutError:
                log.warning("planning takes too long in a worker")
                self._drop(pool)
        return await asyncio.to_thread(plan, question)

    def warm(self) -> None:
        """Starts a worker and lets it load numpy."""
        self._started().submit(plan, Question(mode="mix", people=("a", "b", "c")))

    def close(self) -> None:
        """Ends the workers."""
        if self._pool is not None:
            self._drop(self._pool)

    def workers(self) -> list[int]:
        """The process ids of the workers."""
        return [] if self._pool is None else list(self._pool._processes)  # noqa: SLF001 -- the pool tells nobody else

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # One thread each: matrices of 50 people are too small to share, and the cores serve other processes.
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._workers, context, _live_and_die_with_the_service)
        return self._pool

    def _drop(self, pool: ProcessPoolExecutor) -> None:
        if self._pool is pool:
            self._pool = None
        for process in list((pool._processes or {}).values()):  # noqa: SLF001 -- a hung worker ends no other way
            process.kill()
        pool.shutdown(wait=False, cancel_futures=True)


def _live_and_die_with_the_service() -> None:
    """In a worker: ends with the service, however that ends, and leaves it to the service to answer Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    service = multiprocessing.parent_process()
    if service is not None:
        threading.Thread(target=_end_after, args=(service,), daemon=True).start()


def _end_after(service: BaseProcess) -> None:
    service.join()
    os._exit(1)


PLANNER = Planner()
"""The workers of this process."""
