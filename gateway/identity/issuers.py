# SPDX-License-Identifier: Apache-2.0
"""Who may issue tokens, and where the keys come from with which they are verified."""

from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import msgspec

from gateway.backends import GATEWAY, Backends
from gateway.identity.claims import CityClaims, OwnClaims
from gateway.identity.logins import IssuerAway, Login
from services.contracts import registration

TYPES = ("at+jwt", "application/at+jwt")
"""The types of a token that is an access token (RFC 9068): an ID token of the same provider opens nothing."""


class Issuer(Protocol):
    """Where keys come from, and what its tokens may say."""

    audience: str
    algorithms: tuple[str, ...]

    async def fetch(self) -> tuple[str, list[dict[str, Any]]]:
        """The value of `iss` and the keys as JWKs.

        Raises:
            IssuerAway: not now.
        """

    def login(self, claims: dict[str, Any]) -> Login:
        """Who verified claims stand for.

        Raises:
            BadToken: they say what this issuer may not say, or nothing that can be understood.
        """


class Registration:
    """The issuer of residents' tokens, and on laptops of the staff's.

    Args:
        backends: the services.
    """

    audience = "quartier"
    algorithms: tuple[str, ...] = ("ES256",)

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._claims = OwnClaims()

    async def fetch(self) -> tuple[str, list[dict[str, Any]]]:
        """Asks registration."""
        reply = await self._backends.ask(registration.GetJsonWebKeys(), GATEWAY)
        if reply.answer is None:
            raise IssuerAway("registration")
        return reply.answer.issuer, [dict(key) for key in reply.answer.keys]

    def login(self, claims: dict[str, Any]) -> Login:
        """A resident, or a person of the staff."""
        return self._claims.login(claims)


class _Metadata(msgspec.Struct):
    """What is read of a provider's metadata (OpenID Connect Discovery 1.0, RFC 8414)."""

    issuer: str
    jwks_uri: str


class Discovered:
    """The city's provider of OpenID Connect or OAuth 2.0.

    Args:
        issuer: its address, exactly as in `iss`.
        audience: the `aud` its tokens must have.
        http: client for metadata and keys.
        claims: how its claims become roles.
    """

    algorithms: tuple[str, ...] = ("ES256", "RS256", "EdDSA")

    def __init__(self, issuer: str, audience: str, http: httpx.AsyncClient, claims: CityClaims) -> None:
        self._issuer = issuer
        self._http = http
        self._claims = claims
        self.audience = audience

    async def fetch(self) -> tuple[str, list[dict[str, Any]]]:
        """Its metadata, then its keys."""
        try:
            metadata = await self._metadata()
            if self._issuer.startswith("https:") and not metadata.jwks_uri.startswith("https:"):
                raise IssuerAway(f"{self._issuer} tells its keys without encryption")
            found = (await self._http.get(metadata.jwks_uri)).raise_for_status()
            keys = msgspec.json.decode(found.content, type=dict[str, Any])["keys"]
            return self._issuer, msgspec.convert(keys, list[dict[str, Any]])
        except (httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError, KeyError) as error:
            raise IssuerAway(self._issuer) from error

    def login(self, claims: dict[str, Any]) -> Login:
        """A person of the staff, by an app or not, or an app by itself."""
        return self._claims.login(claims)

    async def _metadata(self) -> _Metadata:
        """Where either specification puts it; the first that is there."""
        response: httpx.Response | None = None
        for address in _addresses(self._issuer):
            response = await self._http.get(address)
            if response.status_code == httpx.codes.OK:
                break
        assert response is not None  # noqa: S101 -- there are two addresses
        metadata = msgspec.json.decode(response.raise_for_status().content, type=_Metadata)
        if metadata.issuer != self._issuer:  # what RFC 8414 asks for, against a provider that speaks for another one
            raise IssuerAway(f"{self._issuer} calls itself {metadata.issuer}")
        return metadata


def _addresses(issuer: str) -> tuple[str, str]:
    """OpenID Connect appends to the issuer, RFC 8414 inserts between host and path."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    return (
        issuer.rstrip("/") + "/.well-known/openid-configuration",
        f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{path}",
    )
