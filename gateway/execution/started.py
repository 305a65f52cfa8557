# SPDX-License-Identifier: Apache-2.0
"""Coroutines that run at once as far as they can: most resolvers find what they ask for in memory and never wait.

To await several of them costs a task for each. A resolver that is started here and ends is a mere call; one that
waits goes on where it is awaited, in whichever task.
"""

from collections.abc import Coroutine, Generator
from typing import Any


class Started:
    """A coroutine that waits for something.

    Args:
        coroutine: which.
        awaited: what it said that it waits for, as the event loop understands it.
    """

    __slots__ = ("_awaited", "_coroutine")

    def __init__(self, coroutine: Coroutine[Any, Any, Any], awaited: Any) -> None:
        self._coroutine = coroutine
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, Any]:
        awaited, coroutine = self._awaited, self._coroutine
        if awaited is not None:
            awaited._asyncio_future_blocking = True  # noqa: SLF001 -- see `started`
        try:
            while True:
                try:
                    sent = yield awaited
                except GeneratorExit:
                    coroutine.close()
                    raise
                except BaseException as error:
                    awaited = coroutine.throw(error)
                else:
                    awaited = coroutine.send(sent)
        except StopIteration as end:
            return end.value

    def close(self) -> None:
        """Ends it where it waits."""
        self._coroutine.close()


def started(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine returns, or a `Started` to await.

    Args:
        coroutine: that nobody has awaited yet.

    Raises:
        Exception: whatever it raises before it waits.
    """
    try:
        awaited = coroutine.send(None)
    except StopIteration as end:
        return end.value
    if awaited is not None:
        # A future that is handed to the event loop is marked; until then others may wait for it, too.
        awaited._asyncio_future_blocking = False  # noqa: SLF001 -- the protocol of futures has no other name for it
    return Started(coroutine, awaited)
