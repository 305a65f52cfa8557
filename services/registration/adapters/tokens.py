# SPDX-License-Identifier: Apache-2.0
"""Issues access tokens (ES256) and tells the public keys. Their times are real time, not the conference clock's.

Signing keys are in the database, wrapped by the key of keys. A new one is told at once, but signs only when every
replica tells it, so that nobody meets a token whose key they cannot get. The one before is still told, so that tokens
signed with it hold until they expire.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from jwt.algorithms import ECAlgorithm

from services.chassis.database import Database
from services.chassis.identity import Grant
from services.chassis.keys import unwrap, wrap

AUDIENCE = "quartier"
RESIDENT_LIFETIME = timedelta(minutes=10)
STAFF_LIFETIME = timedelta(hours=12)
REFRESH_SECONDS = 30.0
"""How long a replica may not know of a new key."""
ROTATION_LOCK = 7305809460
"""Advisory lock under which a new key is made, so that two replicas make one."""


class Issued(NamedTuple):
    """A token and the instant at which it ends."""

    token: str
    expires_at: datetime


class _SigningKey(NamedTuple):
    kid: str
    known_to_all: bool
    private: ec.EllipticCurvePrivateKey
    public: dict[str, str]


class Tokens:
    """The issuer of one city.

    Args:
        db: holds the signing keys.
        wrapping: the 32 bytes that wrap the private keys.
        issuer: `iss` of the tokens.
        key_lifetime: after which a new key is made.
    """

    def __init__(self, db: Database, wrapping: bytes, issuer: str, key_lifetime: timedelta) -> None:
        self.issuer = issuer
        self._db = db
        self._wrapping = wrapping
        self._lifetime = key_lifetime
        self._keys: tuple[_SigningKey, ...] = ()
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def resident(self, participant_id: str, conference_id: str, status: str) -> Issued:
        """A resident's token: ten minutes, one conference."""
        return await self._issue(
            RESIDENT_LIFETIME,
            {"sub": participant_id, "kind": "resident", "conference": conference_id, "status": status},
        )

    async def staff(self, staff_id: str, grants: Sequence[Grant]) -> Issued:
        """A token of a person of the staff, for one working day; only the local issuer gives it."""
        return await self._issue(
            STAFF_LIFETIME, {"sub": staff_id, "kind": "staff", "grants": [msgspec.to_builtins(each) for each in grants]}
        )

    async def public_keys(self) -> tuple[dict[str, str], ...]:
        """The current and the previous public key as JWKs."""
        return tuple(key.public for key in await self._signing_keys())

    async def _issue(self, lifetime: timedelta, claims: dict[str, Any]) -> Issued:
        keys = await self._signing_keys()
        key = next((each for each in keys if each.known_to_all), keys[-1])
        now = int(time.time())
        expires = now + int(lifetime.total_seconds())
        standard = {"iss": self.issuer, "aud": AUDIENCE, "iat": now, "exp": expires, "jti": uuid4().hex}
        token = jwt.encode(
            {**standard, **claims}, key.private, algorithm="ES256", headers={"kid": key.kid, "typ": "at+jwt"}
        )
        return Issued(token, datetime.fromtimestamp(expires, UTC))

    async def _signing_keys(self) -> tuple[_SigningKey, ...]:
        """The current key and the previous one, if there is one; makes a new one when it is time."""
        async with self._reading:
            if not self._keys or time.monotonic() - self._read_at > REFRESH_SECONDS:
                self._keys = await self._read_or_rotate()
                self._read_at = time.monotonic()
            return self._keys

    async def _read_or_rotate(self) -> tuple[_SigningKey, ...]:
        async with self._db.transaction() as tx:
            await tx.execute("SELECT pg_advisory_xact_lock($1)", ROTATION_LOCK)
            fresh = await tx.fetchval(
                "SELECT EXISTS (SELECT FROM signing_keys WHERE made_at > now() - $1::interval)", self._lifetime
            )
            if not fresh:
                kid = uuid4().hex
                private = ec.generate_private_key(ec.SECP256R1())
                der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
                public = ECAlgorithm(ECAlgorithm.SHA256).to_jwk(private.public_key(), as_dict=True)
                jwk = {**public, "kid": kid, "use": "sig", "alg": "ES256"}
                await tx.execute(
                    "INSERT INTO signing_keys (kid, public_jwk, wrapped) VALUES ($1, $2, $3)",
                    kid, msgspec.json.encode(jwk).decode(), wrap(self._wrapping, der, kid.encode()),
                )  # fmt: skip
            # What an older key signed has expired long ago.
            await tx.execute(
                "DELETE FROM signing_keys WHERE kid NOT IN"
                " (SELECT kid FROM signing_keys ORDER BY made_at DESC, kid LIMIT 2)"
            )
            rows = await tx.fetch(
                "SELECT kid, public_jwk, wrapped, made_at < now() - $1::interval AS known_to_all"
                " FROM signing_keys ORDER BY made_at DESC, kid",
                timedelta(seconds=2 * REFRESH_SECONDS),
            )
        return tuple(self._open(**row) for row in rows)

    def _open(self, kid: str, public_jwk: str, wrapped: bytes, known_to_all: bool) -> _SigningKey:
        private = load_der_private_key(unwrap(self._wrapping, wrapped, kid.encode()), password=None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)  # noqa: S101 - nothing else is ever stored
        return _SigningKey(kid, known_to_all, private, msgspec.json.decode(public_jwk, type=dict[str, str]))
