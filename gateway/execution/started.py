# SPDX-License-Identifier: Apache-2.0
"""Coroutines that run at once as far as they can: most resolvers find what they ask for in memory and never wait.

A task for each would cost more than all that they do. One that is started here and ends is a mere call; one that
waits goes on where it is awaited. It must be awaited by the task in which it was started, before that waits for
anything else: so it may bound its time, as in a task of its own. Its context variables are its own in any case.
"""

import asyncio
from collections.abc import Coroutine, Generator
from contextvars import Context, copy_context
from typing import Any


class Started:
    """A coroutine that waits for something.

    Args:
        coroutine: which.
        context: in which it runs.
        awaited: what it said that it waits for, as a task is told it: a future, or None for a turn of the loop.
    """

    __slots__ = ("_awaited", "_context", "_coroutine")

    def __init__(self, coroutine: Coroutine[Any, Any, Any], context: Context, awaited: Any) -> None:
        self._coroutine = coroutine
        self._context = context
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, Any]:
        awaited = self._awaited
        if asyncio.isfuture(awaited):
            awaited._asyncio_future_blocking = True  # noqa: SLF001 -- see `started`
        try:
            while True:
                try:
                    yield awaited
                except GeneratorExit:
                    self.close()
                    raise
                except BaseException as error:
                    awaited = self._context.run(self._coroutine.throw, error)
                else:
                    awaited = self._context.run(self._coroutine.send, None)
        except StopIteration as end:
            return end.value

    def close(self) -> None:
        """Ends it where it waits."""
        self._context.run(self._coroutine.close)


def started(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine returns, or a `Started` to await.

    Args:
        coroutine: that nobody has awaited yet.

    Raises:
        Exception: whatever it raises before it waits.
    """
    context = copy_context()
    try:
        awaited = context.run(coroutine.send, None)
    except StopIteration as end:
        return end.value
    if asyncio.isfuture(awaited):
        # A future is marked on its way to the task that will wait for it; until then others may wait for it, too.
        awaited._asyncio_future_blocking = False  # noqa: SLF001 -- the protocol of futures has no other name
    return Started(coroutine, context, awaited)
