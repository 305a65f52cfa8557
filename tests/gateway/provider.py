# SPDX-License-Identifier: Apache-2.0
"""A provider of OpenID Connect or OAuth 2.0 as a city has one: real metadata and keys over HTTP."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.gateway.conftest import serving

OIDC, OAUTH = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"

KEYS: dict[str, tuple[Any, dict[str, Any]]] = {}
for _name, _private, _algorithm in (
    ("RS256", rsa.generate_private_key(public_exponent=65537, key_size=2048), RSAAlgorithm(RSAAlgorithm.SHA256)),
    ("ES256", ec.generate_private_key(ec.SECP256R1()), ECAlgorithm(ECAlgorithm.SHA256)),
    ("EdDSA", ed25519.Ed25519PrivateKey.generate(), OKPAlgorithm()),
):
    _public = type(_algorithm).to_jwk(_private.public_key(), as_dict=True)
    KEYS[_name] = (_private, {**_public, "kid": _name, "alg": _name, "use": "sig"})


class Provider:
    """Issues tokens, and counts how often it is asked for keys."""

    def __init__(self) -> None:
        self.issuer = ""
        self.asked = 0
        self.calls_itself: str | None = None

    def token(self, algorithm: str = "RS256", *, typ: str = "at+jwt", kid: str | None = None, **claims: Any) -> str:
        now = int(time.time())
        body = {
            "iss": self.issuer, "aud": "quartier", "sub": "mia@city", "client_id": "desk", "iat": now,
            "exp": now + 60, **claims,
        }  # fmt: skip
        body = {name: value for name, value in body.items() if value is not None}
        return jwt.encode(body, KEYS[algorithm][0], algorithm=algorithm, headers={"kid": kid or algorithm, "typ": typ})


@asynccontextmanager
async def provider(path: str = OIDC) -> AsyncIterator[Provider]:
    """One that tells of itself at this path."""
    made = Provider()

    async def metadata(_: Request) -> JSONResponse:
        return JSONResponse({"issuer": made.calls_itself or made.issuer, "jwks_uri": f"{made.issuer}/keys"})

    async def keys(_: Request) -> JSONResponse:
        made.asked += 1
        return JSONResponse({"keys": [jwk for _, jwk in KEYS.values()]})

    async with serving(Starlette(routes=[Route(path, metadata), Route("/keys", keys)])) as port:
        made.issuer = f"http://127.0.0.1:{port}"
        yield made
