# SPDX-License-Identifier: Apache-2.0
"""Waiting for what other tasks and processes do, without guessing how long they take."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(holds: Callable[[], Awaitable[bool] | bool], seconds: float = 60.0) -> None:
    """Returns when `holds` does."""
    async with asyncio.timeout(seconds):
        while True:
            result = holds()
            if await result if isinstance(result, Awaitable) else result:
                return
            await asyncio.sleep(0.02)
