# SPDX-License-Identifier: Apache-2.0
"""One attempt to deliver a message: one POST, bounded in time and size, that follows nobody anywhere."""

import asyncio
import ssl
import time
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import aiohttp
from aiohttp import ClientTimeout

from gateway.webhooks.network import BadAddress, Forbidden, Guard, Resolver

ATTEMPT_SECONDS = 10.0
CUT = 200
"""Characters of an unwelcome answer that are kept, for the app's developer."""

_READ_BYTES = 1024
_DIGITS = 10
_USER_AGENT = "Quartier-Webhooks/1"


class Outcome(NamedTuple):
    """What became of one attempt.

    Args:
        status: of the answer; None when there was none.
        problem: None: the message was taken. Else `STATUS`, `TIMEOUT`, `CONNECTION`, `TLS` or `NO_PUBLIC_ADDRESS`.
        milliseconds: real time it took.
        answer: the beginning of the body of an unwelcome answer.
        retry_after: real seconds after which the receiver wants to be asked again, at least.
    """

    status: int | None
    problem: str | None
    milliseconds: int
    answer: str | None = None
    retry_after: float = 0.0


class Sender:
    """Sends messages. Make it inside the running loop, and close it.

    Args:
        guard: decides where to.
        seconds: real time that one attempt may take in all.
        trust: certificates to trust; None: those of the system.
        lookup: see `Resolver`.
    """

    def __init__(
        self, guard: Guard, *, seconds: float = ATTEMPT_SECONDS, trust: ssl.SSLContext | None = None, **lookup: Any
    ) -> None:
        self._guard = guard
        self._resolvers = Resolver(guard, secure=True, **lookup), Resolver(guard, secure=False, **lookup)
        self._secure = _session(self._resolvers[0], seconds, trust or ssl.create_default_context())
        self._plain = _session(self._resolvers[1], seconds, False)

    async def send(self, address: str, headers: dict[str, str], body: bytes) -> Outcome:
        """Posts a message once.

        Args:
            address: of the endpoint.
            headers: id, time and signatures.
            body: JSON.
        """
        began = time.monotonic()

        def outcome(status: int | None, problem: str | None, *more: Any) -> Outcome:
            return Outcome(status, problem, round((time.monotonic() - began) * 1000), *more)

        try:
            url = self._guard.url(address)
            session = self._secure if url.scheme == "https" else self._plain
            async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                if 200 <= response.status < 300:
                    return outcome(response.status, None)
                answer = _cut(await response.content.read(_READ_BYTES))
                later = _seconds(response.headers.get("Retry-After"))
                return outcome(response.status, "STATUS", answer, later)
        except TimeoutError:
            return outcome(None, "TIMEOUT")
        except (aiohttp.ClientSSLError, ssl.SSLError):
            return outcome(None, "TLS")
        except (aiohttp.ClientConnectorDNSError, Forbidden, BadAddress):
            return outcome(None, "NO_PUBLIC_ADDRESS")
        except aiohttp.ClientConnectorError as error:
            return outcome(None, "NO_PUBLIC_ADDRESS" if isinstance(error.os_error, Forbidden) else "CONNECTION")
        except (aiohttp.ClientError, OSError):
            return outcome(None, "CONNECTION")

    async def close(self) -> None:
        """Closes what is open."""
        await asyncio.gather(self._secure.close(), self._plain.close(), *(each.close() for each in self._resolvers))


def _session(resolver: Resolver, seconds: float, trust: ssl.SSLContext | bool) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        resolver=resolver,
        use_dns_cache=False,
        force_close=True,  # every attempt is a connection of its own, to addresses that were looked at for it
        limit=0,
        socket_factory=resolver.open_socket,
        ssl=trust,
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=ClientTimeout(total=seconds),
        headers={"Content-Type": "application/json", "User-Agent": _USER_AGENT, "Accept-Encoding": "identity"},
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    )


def _cut(body: bytes) -> str | None:
    text = "".join(char if char.isprintable() else " " for char in body.decode(errors="replace"))
    return text.strip()[:CUT] or None


def _seconds(header: str | None) -> float:
    """What `Retry-After` says, in seconds from now; 0 when it says nothing that can be understood."""
    if header is None:
        return 0.0
    if header.isdecimal() and len(header) < _DIGITS:
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, OverflowError, OSError):  # an instant before or after all calendars
        return 0.0
