# SPDX-License-Identifier: Apache-2.0
"""A response written at once is, byte for byte, what uvicorn would have written, and leaves the connection the same."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any, cast

import pytest
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gateway.execution.wire import respond

HEADERS = {"content-length": "5", "content-type": "application/json"}


class Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def writelines(self, lines: Iterable[bytes]) -> None:
        self.written += b"".join(lines)

    def close(self) -> None:
        self.closed = True


def cycle(*, keep_alive: bool = True, continues: bool = False, access_log: bool = False) -> Any:
    """A request as uvicorn would answer it; `done` counts how often it was told that it is answered."""
    transport = cast("Any", Transport())
    made: Any = RequestResponseCycle(
        scope=cast("Any", {"type": "http", "method": "POST", "path": "/", "query_string": b"", "http_version": "1.1"}),
        transport=transport,
        flow=FlowControl(transport),
        logger=logging.getLogger("uvicorn"),
        access_logger=logging.getLogger("uvicorn.access"),
        access_log=access_log,
        default_headers=[(b"date", b"today")],
        message_event=asyncio.Event(),
        expect_100_continue=continues,
        keep_alive=keep_alive,
        on_response=lambda: done.append(True),
    )
    done: list[bool] = []
    made.done = done
    return made


def at_once(request: Any) -> bool:
    head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    return respond(request, 200, head.encode(), b"hallo")


async def by_uvicorn(request: Any) -> None:
    headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    await request.send({"type": "http.response.start", "status": 200, "headers": headers})
    await request.send({"type": "http.response.body", "body": b"hallo"})


def state(request: Any) -> dict[str, Any]:
    """All that uvicorn remembers of a request, but what it needs only while it writes."""
    found = {name: value for name, value in vars(request).items() if isinstance(value, bool | int | bytes | list)}
    told, transport = request.message_event.is_set(), vars(request.transport)
    return {**found, **transport, "told": told, "chunked_encoding": None}


@pytest.mark.parametrize("keep_alive", [True, False])
@pytest.mark.parametrize("continues", [True, False])
@pytest.mark.parametrize("gone", [True, False])
async def test_it_is_what_uvicorn_writes(*, keep_alive: bool, continues: bool, gone: bool):
    ours, theirs = (cycle(keep_alive=keep_alive, continues=continues) for _ in range(2))
    ours.disconnected = theirs.disconnected = gone
    assert at_once(ours)
    await by_uvicorn(theirs)
    assert state(ours) == state(theirs)
    assert bool(ours.transport.written) != gone


async def test_who_must_read_first_is_left_to_uvicorn():
    request = cycle()
    request.flow.pause_writing()
    assert not at_once(request)
    assert not request.transport.written
    assert not request.response_started


async def test_where_requests_are_logged_uvicorn_does_it():
    request = cycle(access_log=True)
    assert not at_once(request)
    assert not request.response_started
