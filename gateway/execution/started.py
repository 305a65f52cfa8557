# SPDX-License-Identifier: Apache-2.0
"""Coroutines that run at once as far as they can: most resolvers find what they ask for in memory and never wait.

A task for each would cost more than all that they do. One that is started here and ends is a mere call; one that
waits goes on where it is awaited. Its context variables are its own, as in a task.
"""

import asyncio
from asyncio.tasks import _enter_task, _leave_task
from collections.abc import Coroutine
from contextvars import copy_context
from typing import Any


class Started(Coroutine[Any, Any, Any]):
    """A coroutine that waits for something, to be awaited, or for a task to go on with.

    Args:
        coroutine: that nobody has awaited yet.
    """

    __slots__ = ("_awaited", "_context", "_coroutine", "_ended", "_said", "_value")

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine = coroutine
        self._context = copy_context()
        self._awaited: Any = None
        self._said = False
        self._ended = False
        self._value: Any = None

    def start(self) -> Any:
        """Runs it as far as it can: what it returns, or itself where it waits.

        Raises:
            Exception: whatever it raises before it waits.
        """
        self._ended = True
        try:
            awaited = self._context.run(self._coroutine.send, None)
        except StopIteration as end:
            self._value = end.value
            return end.value
        self._ended, self._awaited, self._said = False, awaited, True
        if asyncio.isfuture(awaited):
            # A future is marked on its way to the task that will wait for it; until then others may wait for it, too.
            awaited._asyncio_future_blocking = False  # noqa: SLF001 -- the protocol of futures has no other name
        return self

    def send(self, value: Any) -> Any:
        """Goes on; at first it says once more what it waits for, to the task that will wait."""
        if self._ended:
            raise StopIteration(self._value)
        if not self._said:
            return self._context.run(self._coroutine.send, value)
        awaited, self._awaited, self._said = self._awaited, None, False
        if asyncio.isfuture(awaited):
            awaited._asyncio_future_blocking = True  # noqa: SLF001 -- see `start`
        return awaited

    def throw(self, kind: Any, value: Any = None, traceback: Any = None) -> Any:
        """Has what it waits for raise an error."""
        error = kind if value is None else value
        if self._ended:
            raise error
        self._awaited, self._said = None, False
        return self._context.run(self._coroutine.throw, error)

    def close(self) -> None:
        """Ends it where it waits."""
        self._context.run(self._coroutine.close)

    def __await__(self) -> "Started":
        return self

    def __iter__(self) -> "Started":
        return self

    def __next__(self) -> Any:
        return self.send(None)


def started(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine returns, or a `Started`, which this task must await before it waits for anything else.

    So it may bound its time: a timeout cancels the task in which it began.

    Args:
        coroutine: that nobody has awaited yet.

    Raises:
        Exception: whatever it raises before it waits.
    """
    return Started(coroutine).start()


def started_beside(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine returns, or the task of its own in which it goes on: where this one waits for another already.

    Python 3.12 has it as `eager_start`.

    Args:
        coroutine: that nobody has awaited yet.

    Raises:
        Exception: whatever it raises before it waits.
    """
    loop = asyncio.get_running_loop()
    one, outer = Started(coroutine), asyncio.current_task(loop)
    task: asyncio.Task[Any] = loop.create_task(one)
    if outer is not None:
        _leave_task(loop, outer)
    _enter_task(loop, task)
    try:
        found = one.start()
    finally:
        _leave_task(loop, task)
        if outer is not None:
            _enter_task(loop, outer)
    return task if found is one else found
