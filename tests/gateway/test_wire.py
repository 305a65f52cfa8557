# SPDX-License-Identifier: Apache-2.0
"""However the bytes of requests come, each is answered, and in its turn."""

import asyncio
import contextlib

import orjson
import pytest

from gateway.execution.heads import HEAD_BYTES, BoundedHttp
from tests.gateway.conftest import Address


def request(query: str, *headers: str) -> bytes:
    body = orjson.dumps({"query": query})
    lines = ["POST /graphql HTTP/1.1", "Host: city", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join((*lines, *headers, "", "")).encode() + body


async def response(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return int(head.split()[1]), await reader.readexactly(length)


async def exchange(gateway: Address, *pieces: bytes, answers: int) -> list[tuple[int, bytes]]:
    """Sends pieces, each when the one before was read by the server, and reads so many answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    try:
        async with asyncio.timeout(60):
            for number, piece in enumerate(pieces):
                if number:  # an answer on another connection shows that the server has read meanwhile
                    await gateway.ask("{ __typename }")
                writer.write(piece)
            return [await response(reader) for _ in range(answers)]
    finally:
        writer.close()


def head(size: int) -> bytes:
    """A head of exactly so many bytes."""
    lines = b"GET /readyz HTTP/1.1\r\nHost: city\r\nX-Filler: %b\r\n\r\n"
    return lines % (b"x" * (size - len(lines % b"")))


async def refusal(gateway: Address, *pieces: bytes) -> tuple[int, str]:
    """Sends pieces like `exchange`; status and code with which the gateway closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    try:
        async with asyncio.timeout(60):
            for number, piece in enumerate(pieces):
                if number:
                    await gateway.ask("{ __typename }")
                writer.write(piece)
            status, body = await response(reader)
            assert await reader.read() == b""
    finally:
        writer.close()
    return status, orjson.loads(body)["errors"][0]["extensions"]["code"]


async def test_a_body_may_come_in_pieces(gateway: Address) -> None:
    sent = request("{ viewer { kind } }")
    whole = await exchange(gateway, sent, answers=1)
    assert whole[0] == (200, b'{"data":{"viewer":{"kind":"ANONYMOUS"}}}')
    for cut in (10, sent.index(b"\r\n\r\n") + 4, len(sent) - 5):
        assert await exchange(gateway, sent[:cut], sent[cut:], answers=1) == whole


async def test_requests_sent_at_once_are_answered_in_their_order(gateway: Address) -> None:
    sent = b"".join(request(f"{{ a{number}: __typename }}") for number in range(5))
    found = await exchange(gateway, sent, answers=5)
    assert [orjson.loads(body)["data"] for _, body in found] == [{f"a{number}": "Query"} for number in range(5)]


async def test_a_client_that_waits_for_leave_to_send_is_given_it(gateway: Address) -> None:
    sent = request("{ __typename }", "Expect: 100-continue")
    cut = sent.index(b"\r\n\r\n") + 4
    reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    async with asyncio.timeout(60):
        writer.write(sent[:cut])
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(sent[cut:])
        assert (await response(reader))[0] == 200
    writer.close()


async def test_who_wants_the_connection_closed_is_told_so_and_it_is(gateway: Address) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    async with asyncio.timeout(60):
        writer.write(request("{ __typename }", "Connection: close"))
        answer = await reader.read()
    assert b"connection: close\r\n" in answer
    assert answer.endswith(b'{"data":{"__typename":"Query"}}')
    writer.close()


async def test_a_client_of_the_protocols_first_version_is_answered_and_its_connection_closed(gateway: Address) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    async with asyncio.timeout(60):
        writer.write(request("{ __typename }").replace(b"HTTP/1.1", b"HTTP/1.0"))
        answer = await reader.read()
    assert answer.endswith(b'{"data":{"__typename":"Query"}}')
    writer.close()


async def test_who_asks_for_the_head_alone_gets_no_body_and_may_ask_on(gateway: Address) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    async with asyncio.timeout(60):
        writer.write(b"HEAD /graphql HTTP/1.1\r\nHost: city\r\n\r\n" + request("{ __typename }"))
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 405 ")
        assert await response(reader) == (200, b'{"data":{"__typename":"Query"}}')
    writer.close()


async def test_who_leaves_before_the_answer_harms_nobody(gateway: Address) -> None:
    for _ in range(20):
        _, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
        writer.write(request("{ viewer { kind } }"))
        writer.transport.abort()
    assert await gateway.ask("{ __typename }") == {"data": {"__typename": "Query"}}


async def test_a_head_that_is_too_long_is_refused(gateway: Address) -> None:
    assert (await exchange(gateway, head(HEAD_BYTES), answers=1))[0][0] == 200
    address = b"GET /graphql?query=%b HTTP/1.1\r\nHost: city\r\n\r\n" % (b"x" * HEAD_BYTES)
    for sent in (head(HEAD_BYTES + 1), head(10 * HEAD_BYTES), address):
        assert await refusal(gateway, sent) == (431, "HEAD_TOO_LONG")


async def test_so_is_one_that_comes_in_drops_and_has_no_end(gateway: Address) -> None:
    drop = b"X-Filler: %b\r\n" % (b"x" * 1012)
    begin = b"GET /readyz HTTP/1.1\r\nHost: city\r\n"
    assert await refusal(gateway, begin, *[drop] * 32) == (431, "HEAD_TOO_LONG")


async def test_a_body_is_no_part_of_the_head(gateway: Address) -> None:
    sent = request("{ __typename }" + " " * 60_000).replace(
        b"\r\n\r\n", b"\r\nX-Filler: " + b"x" * 20_000 + b"\r\n\r\n", 1
    )
    found = await exchange(gateway, sent[:15_000], sent[15_000:40_000], sent[40_000:] + sent, answers=2)
    assert [b"DOCUMENT_TOO_HEAVY" in body for _, body in found] == [True, True]


async def test_who_sends_no_whole_head_in_time_is_cut_off(gateway: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedHttp, "head_seconds", 0.05)
    for sent in (b"", b"GET", b"GET /readyz HTTP/1.1\r\nHost: city\r\n"):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
        async with asyncio.timeout(60):
            writer.write(sent)
            with contextlib.suppress(ConnectionResetError):  # it was cut before it had sent anything
                assert await reader.read() == b""
        writer.close()
