# SPDX-License-Identifier: Apache-2.0
"""Ending background tasks for certain."""

import asyncio
from typing import Any

PATIENCE_SECONDS = 1.0


async def end(*tasks: "asyncio.Future[Any]") -> list[Any]:
    """Cancels tasks and waits until all have ended.

    One cancellation is not always enough: `asyncio.wait_for` of Python 3.11 forgets it when its result arrives at
    the same moment, and nats-py turns it into an error of its own in places. So it is repeated.

    Returns:
        Results and exceptions in the order of the tasks.
    """
    open_tasks = {task for task in tasks if not task.done()}
    while open_tasks:
        for task in open_tasks:
            task.cancel()
        _, open_tasks = await asyncio.wait(open_tasks, timeout=PATIENCE_SECONDS)
    return await asyncio.gather(*tasks, return_exceptions=True)
