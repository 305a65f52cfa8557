# SPDX-License-Identifier: Apache-2.0
"""What other programs look for at fixed addresses: where apps get tokens for this API, and the keys of its tokens."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.backends import GATEWAY, Backends
from gateway.schema.permissions import ALL_ADMIN, SCOPES
from gateway.settings import GatewaySettings
from services.contracts import registration

PROTECTED_RESOURCE = "/.well-known/oauth-protected-resource"
KEYS = "/.well-known/jwks.json"


class WellKnown:
    """Answers them.

    Args:
        settings: name the API and the provider of tokens.
        backends: registration has the keys.
    """

    def __init__(self, settings: GatewaySettings, backends: Backends) -> None:
        self._settings = settings
        self._backends = backends

    def routes(self) -> list[BaseRoute]:
        """Where what is answered."""
        return [Route(KEYS, self._keys), Route(PROTECTED_RESOURCE, self._protected_resource)]

    async def _keys(self, _: Request) -> Response:
        reply = await self._backends.ask(registration.GetJsonWebKeys(), GATEWAY)
        if reply.answer is None:
            return JSONResponse({"error": "registration is away"}, 503, {"Retry-After": "1"})
        return JSONResponse({"keys": reply.answer.keys}, headers={"Cache-Control": "public, max-age=60"})

    async def _protected_resource(self, _: Request) -> Response:
        """Where apps get tokens for this API, and with which scopes (RFC 9728)."""
        issuer = self._settings.oidc_issuer
        metadata: dict[str, Any] = {
            "resource": self._settings.public_url,
            "authorization_servers": [issuer] if issuer else [],
            "scopes_supported": [*SCOPES, ALL_ADMIN],
            "bearer_methods_supported": ["header"],
            "resource_name": "Quartier",
        }
        return JSONResponse(metadata, headers={"Cache-Control": "public, max-age=3600"})
