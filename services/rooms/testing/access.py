# SPDX-License-Identifier: Apache-2.0
"""Who may call what: LiveKit's middleware for tokens, and the grants that methods ask for.

Written from LiveKit's rules and not from our own token code, so that one can find the other's mistakes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from services.rooms.testing.twirp import TwirpError

LEEWAY_SECONDS = 60
_BEARER = "Bearer "


class BadToken(Exception):
    """The token opens nothing; the text is what LiveKit answers, with status 401 and as plain text."""


@dataclass(frozen=True)
class Claims:
    """What a valid token says.

    Args:
        identity: of the participant; empty in tokens for the API.
        video: the grants, named as in the token (`roomJoin`, `canPublishSources`, ...).
        room_config: how the room is made when the holder is the first to join.
        attributes: of the participant.
    """

    identity: str = ""
    video: Mapping[str, Any] = field(default_factory=dict)
    room_config: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)


NOBODY = Claims()
"""A request without a token: LiveKit lets it pass to the methods, which then miss their grants."""


class Verifier:
    """Checks tokens.

    Args:
        keys: secret by API key; LiveKit accepts several, so that keys can be changed.
    """

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._keys = dict(keys)

    def of_request(self, authorization: str | None, query_token: str | None) -> Claims:
        """The claims of a request: its header counts, and only without one its `access_token`.

        Raises:
            BadToken: there is a token, and it is not valid.
        """
        if authorization:
            if not authorization.startswith(_BEARER):
                raise BadToken(f"invalid authorization header. Must start with {_BEARER}")
            return self.verify(authorization.removeprefix(_BEARER))
        return self.verify(query_token) if query_token else NOBODY

    def verify(self, token: str) -> Claims:
        """The claims of a token.

        Raises:
            BadToken: unknown key, wrong signature, expired or not yet valid, or without an end.
        """
        try:
            issuer = str(jwt.decode(token, options={"verify_signature": False}).get("iss", ""))
        except jwt.InvalidTokenError:
            raise BadToken("invalid authorization token") from None
        secret = self._keys.get(issuer)
        if secret is None:
            raise BadToken(f"invalid API key: {issuer}")
        try:
            claims = jwt.decode(
                token, secret, algorithms=["HS256"], leeway=LEEWAY_SECONDS, options={"require": ["exp"]}
            )
        except jwt.InvalidTokenError as error:
            raise BadToken(f"invalid token: {token}, error: {error}") from None
        return Claims(
            identity=claims.get("sub", ""),
            video=claims.get("video") or {},
            room_config=claims.get("roomConfig") or {},
            attributes=claims.get("attributes") or {},
        )


def may_create(claims: Claims) -> None:
    """Making and closing rooms. Raises TwirpError without the grant."""
    _require(claims.video.get("roomCreate") is True)


def may_list(claims: Claims) -> None:
    """Listing rooms. Raises TwirpError without the grant."""
    _require(claims.video.get("roomList") is True)


def may_administrate(claims: Claims, room: str) -> None:
    """Everything about one room and its participants. Raises TwirpError without the grant for this room."""
    _require(claims.video.get("roomAdmin") is True and claims.video.get("room", "") == room)


def _require(granted: bool) -> None:
    if not granted:
        # 401 and not 403: so LiveKit does.
        raise TwirpError("unauthenticated", "permissions denied")
