# SPDX-License-Identifier: Apache-2.0
"""From where somebody asks: the address by which those without a token are counted."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.requests import HTTPConnection

Network = IPv4Network | IPv6Network

HOME = 64
"""Bits of an IPv6 address that one household has for itself."""


def networks(text: str) -> tuple[Network, ...]:
    """The networks in a list such as `10.0.0.0/8, ::1`.

    Raises:
        ValueError: one of them is none.
    """
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


@lru_cache(maxsize=10_000)
def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(maxsize=10_000)
def _named(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address) >> HOME << HOME, HOME)))
    return str(address)


class Addresses:
    """Tells the address of a client.

    Args:
        proxies: whose word is taken for whom they speak for (`X-Forwarded-For`).
    """

    def __init__(self, proxies: tuple[Network, ...] = ()) -> None:
        self._proxies = proxies

    def of(self, connection: HTTPConnection) -> str:
        """The address of the client, of IPv6 its network of 64 bits; empty when there is none.

        A proxy appends to `X-Forwarded-For` whom it saw. So the last address there that is no proxy of ours is the
        client's; whatever stands before it the client may have written itself.
        """
        client = connection.scope.get("client")
        peer = client[0] if client else ""
        found = _parsed(peer)
        if found is not None and self._trusted(found):
            headers = connection.scope["headers"]
            said = b",".join(value for name, value in headers if name == b"x-forwarded-for").split(b",")
            for text in reversed(said):
                nearer = _parsed(text.decode("latin-1").strip())
                if nearer is None:
                    break
                found = nearer
                if not self._trusted(found):
                    break
        return peer if found is None else _named(found)

    def _trusted(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._proxies)
