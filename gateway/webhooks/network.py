# SPDX-License-Identifier: Apache-2.0
"""Where webhooks may be sent: to hosts of the public internet, never into the networks the city runs in.

An app chooses the address, so it is hostile until shown otherwise. A name is resolved for every attempt anew, all its
addresses are looked at, and the connection is made to those very addresses: what a name server says a moment later
(DNS rebinding) changes nothing. Each socket is checked once more when it is made, which also covers addresses that
are written as numbers.
"""

import asyncio
import ipaddress
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

LONGEST_URL = 2000
RESOLVERS = 200
"""Names that are resolved at the same time, in threads of their own: a silent name server holds up nobody else."""

_REFUSED_4 = tuple(
    ipaddress.IPv4Network(net)
    for net in (
        "0.0.0.0/8",  # "this" network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT; a cloud's metadata at 100.100.100.200
        "127.0.0.0/8",
        "168.63.129.16/32",  # the host of a virtual machine at Azure
        "169.254.0.0/16",  # link-local; metadata of most clouds at 169.254.169.254
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # relays to 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_6 = tuple(
    ipaddress.IPv6Network(net)
    for net in (
        "2001::/23",  # protocols of their own, among them Teredo, which hides an IPv4 address
        "2001:db8::/32",
        "3fff::/20",
    )
)
_LABEL = r"[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,254}}\Z)(?:{_LABEL}\.)*{_LABEL}\.?\Z")
_NUMBER = re.compile(r"(^|\.)(\d+|0[xX][0-9a-fA-F]*)\.?$")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_6TO4 = ipaddress.IPv6Network("2002::/16")
_ISATAP = (0x00005EFE, 0x02005EFE)


class Forbidden(OSError):
    """An address to which nothing is sent."""


class BadAddress(ValueError):
    """A URL to which nothing can be sent; the text is for the app's developer."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to the public internet, seen through every form that hides another one."""
    if isinstance(address, IPv4Address):
        return not any(address in net for net in _REFUSED_4)
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    number = int(address)
    if address in _NAT64:
        return is_public(IPv4Address(number & 0xFFFFFFFF))
    if address not in _PUBLIC_6 or any(address in net for net in _REFUSED_6):
        return False
    if address in _6TO4:
        return is_public(IPv4Address(number >> 80 & 0xFFFFFFFF))
    return number >> 32 & 0xFFFFFFFF not in _ISATAP


class Guard:
    """Decides about addresses.

    Args:
        loopback: also this machine itself may be called, without TLS too: for app builders' laptops.
    """

    def __init__(self, *, loopback: bool = False) -> None:
        self._loopback = loopback

    def url(self, text: str) -> URL:
        """The address of an endpoint.

        Raises:
            BadAddress: nothing is sent there.
        """
        try:
            url = URL(text)
            host, port = url.host, url.port
        except ValueError:  # also of a host in which punycode stands for nothing
            raise BadAddress("not a URL") from None
        if len(text) > LONGEST_URL or not text.isascii() or any(ord(char) <= 32 for char in text):
            raise BadAddress(f"at most {LONGEST_URL} characters of ASCII, without spaces")
        if not host or port is None:
            raise BadAddress("an absolute URL with a host")
        if url.user is not None or url.password is not None or url.fragment:
            raise BadAddress("no user, password or fragment")
        secure = url.scheme == "https"
        if not secure and not (url.scheme == "http" and self._loopback):
            raise BadAddress("https only")
        if port != 443 and port < 1024:
            raise BadAddress("port 443, or one above 1023")
        try:
            literal = ipaddress.ip_address(host)
        except ValueError:
            # 127.1, 2130706433, 0x7f000001: what else would they be but a disguise
            if _NUMBER.search(host) or not _NAME.match(url.raw_host or ""):
                raise BadAddress("a host with a name, or an address in its usual form") from None
            return url
        if "%" in host or not self._may(literal, secure=secure):
            raise BadAddress("an address of the public internet")
        return url

    def check(self, address: str, *, secure: bool) -> None:
        """Refuses an address (without name) to which nothing is sent.

        Args:
            secure: whether the connection is by TLS.

        Raises:
            Forbidden: nothing is sent there.
        """
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            raise Forbidden("not an address") from None
        if not self._may(found, secure=secure):
            raise Forbidden("not a public address")

    def _may(self, address: IPv4Address | IPv6Address, *, secure: bool) -> bool:
        inner = address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
        if inner.is_loopback:
            return self._loopback
        return secure and is_public(address)


class Resolver(AbstractResolver):
    """Resolves names for the connections of one kind, and lets through only names all of whose addresses may be called.

    Args:
        guard: decides.
        secure: whether the connections are by TLS.
        lookup: `socket.getaddrinfo`, or what a test puts in its place.
    """

    def __init__(self, guard: Guard, *, secure: bool, lookup: Any = socket.getaddrinfo) -> None:
        self._guard = guard
        self._secure = secure
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolve")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name.

        Raises:
            OSError: there are none.
            Forbidden: one of them may not be called, or it is no name.
        """
        try:
            found = await asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: self._lookup(host, port, family=family, type=socket.SOCK_STREAM)
            )
        except UnicodeError:  # what a name server is never asked
            raise Forbidden("not a name") from None
        results: list[ResolveResult] = []
        for kind, _, proto, _, place in found:
            address = str(place[0])
            self._guard.check(address, secure=self._secure)
            results.append(
                {
                    "hostname": host,
                    "host": address,
                    "port": port,
                    "family": kind,
                    "proto": proto,
                    "flags": socket.AI_NUMERICHOST,
                }
            )
        if not results:
            raise Forbidden("no address")
        return results

    async def close(self) -> None:
        """Ends the threads; what they wait for is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def open_socket(self, info: tuple[Any, ...]) -> socket.socket:
        """A socket for a connection to this address (a row of `getaddrinfo`), checked once more.

        Raises:
            Forbidden: it may not be called.
        """
        family, kind, proto, _, place = info
        self._guard.check(str(place[0]), secure=self._secure)
        made = socket.socket(family, kind, proto)
        made.setblocking(False)
        return made
