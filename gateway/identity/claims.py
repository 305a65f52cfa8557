# SPDX-License-Identifier: Apache-2.0
"""From verified claims to a login: what each issuer may say, and how groups of the city's provider become roles."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import NAMESPACE_URL, uuid5

import msgspec

from gateway.identity.logins import BadToken, Login
from gateway.schema.permissions import GRANTED, expanded
from gateway.schema.relay import HEX
from services.chassis.identity import CITY_SCOPE, Actor, Grant

ROLE_AT = re.compile(r"^(?P<role>[a-z]+)@(?P<scope>city|(?:series:|district:)?[0-9a-f]{32})\Z")
"""A role and where it holds, as the setting writes it."""
LONGEST = 200
"""Characters of the name of an app."""


def grants_of(scopes: frozenset[str]) -> tuple[Grant, ...]:
    """The roles of an app that acts for nobody but itself: what the services ask for behind its scopes."""
    roles = []
    if any(scope.startswith("admin:") for scope in scopes):
        roles.append("organiser")
    if "resource-offer:write" in scopes:
        roles.append("partner")
    return tuple(Grant(role, CITY_SCOPE) for role in roles)


class OwnClaims:
    """Tokens of registration: residents, and staff on laptops."""

    def login(self, claims: Mapping[str, Any]) -> Login:
        """Who they stand for.

        Raises:
            BadToken: not a resident with their conference, and not a person of the staff.
        """
        subject, expires_at = claims["sub"], float(claims["exp"])
        if not HEX.match(subject):
            raise BadToken("`sub` is an id")
        match claims.get("kind"):
            case "resident":
                conference = claims.get("conference")
                if not isinstance(conference, str) or not HEX.match(conference):
                    raise BadToken("a resident's token names a participant and a conference")
                return Login(Actor(id=subject, kind="resident"), conference, expires_at)
            case "staff":
                return Login(Actor(id=subject, kind="staff", grants=_grants(claims)), None, expires_at)
            case _:
                raise BadToken("this issuer does not vouch for such people")


class CityClaims:
    """Access tokens of the city's provider (RFC 9068): staff, and apps.

    A token whose `sub` is its `client_id` is of an app by itself. Any other is of a person; the app by which they come
    narrows it to its scopes, except where the city's own pages are that app.

    Args:
        own_clients: the `client_id` of the city's own pages, where people act with all their rights.
        role_claim: the claim with groups or roles, a path such as `realm_access.roles`; None: the claim `grants`.
        roles: of each value of that claim, the roles it stands for: `organiser@city`, `moderator@<conference id>`,
            `mentor@series:<id>`, `moderator@district:<id>`.
    """

    def __init__(
        self,
        own_clients: frozenset[str] = frozenset(),
        role_claim: str | None = None,
        roles: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._own_clients = own_clients
        self._path = role_claim.split(".") if role_claim else None
        self._roles = {value: tuple(map(read_role, those)) for value, those in (roles or {}).items()}

    def login(self, claims: Mapping[str, Any]) -> Login:
        """Who they stand for.

        Raises:
            BadToken: a claim has another form than the specification says.
        """
        client, subject, scope = claims.get("client_id"), claims["sub"], claims.get("scope", "")
        if not isinstance(client, str) or not client.isprintable() or not 0 < len(client) <= LONGEST:
            raise BadToken(f"an access token names its `client_id`, in at most {LONGEST} characters")
        if not isinstance(scope, str):
            raise BadToken("`scope` is a text")
        if claims.get("kind") == "resident":
            raise BadToken("this issuer does not vouch for such people")
        scopes = expanded(scope.split())
        expires_at, identity, app = float(claims["exp"]), _id(claims, subject), _id(claims, client)
        if subject == client:
            actor = Actor(id=identity, kind="app", grants=grants_of(scopes))
            return Login(actor, None, expires_at, scopes, app, called=client)
        actor = Actor(id=identity, kind="staff", grants=self._grants(claims))
        if client in self._own_clients:
            return Login(actor, None, expires_at)
        return Login(actor, None, expires_at, scopes, app, called=client)

    def _grants(self, claims: Mapping[str, Any]) -> tuple[Grant, ...]:
        if self._path is None:
            return _grants(claims)
        found: Any = claims
        for name in self._path:
            found = found.get(name) if isinstance(found, dict) else None
        values = [found] if isinstance(found, str) else found if isinstance(found, list) else []
        return tuple(dict.fromkeys(grant for value in values for grant in self._roles.get(cast("str", value), ())))


def _id(claims: Mapping[str, Any], name: str) -> str:
    """The id of a person or an app, from what the provider calls them."""
    return name if HEX.match(name) else uuid5(NAMESPACE_URL, f"{claims['iss']}#{name}").hex


def read_role(text: str) -> Grant:
    """A role and where it holds: `organiser@city`.

    Raises:
        ValueError: it is none.
    """
    match = ROLE_AT.match(text)
    if match is None or match["role"] not in GRANTED:
        raise ValueError(f"{text!r} is no role with its scope, such as organiser@city")
    return Grant(match["role"], match["scope"])


def _grants(claims: Mapping[str, Any]) -> tuple[Grant, ...]:
    try:
        return msgspec.convert(claims.get("grants", []), tuple[Grant, ...])
    except msgspec.ValidationError:
        raise BadToken("`grants` is a list of roles with their scopes") from None
