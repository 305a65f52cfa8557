# SPDX-License-Identifier: Apache-2.0
"""Who acts, and which roles they hold: what travels in the header of every request.

The gateway verifies tokens, registration issues them; a service only reads the result. It may trust it,
because NATS lets nobody but the gateway's user send commands and questions, a few named ones of services aside.
"""

from collections.abc import Collection
from typing import Literal

import msgspec

CITY_SCOPE = "city"
"""The scope of a role that holds everywhere."""

Kind = Literal["resident", "staff", "app", "service", "anonymous"]


class Grant(msgspec.Struct, frozen=True):
    """A role in a scope.

    Args:
        role: for example `moderator`.
        scope: `city`, the id (32 hex digits) of a conference, or `series:` or `district:` with the id of one.
    """

    role: str
    scope: str


class Actor(msgspec.Struct, frozen=True):
    """Who asks.

    Args:
        id: of a participant, a staff member, an app or a service; empty for an anonymous actor.
        kind: what `id` is an id of.
        grants: the roles they hold.
    """

    id: str
    kind: Kind
    grants: tuple[Grant, ...] = ()

    def holds(self, role: str, scope: str | None = None) -> bool:
        """Whether they hold `role` in `scope`; a role for the city covers every scope, None asks for the city alone."""
        return any(grant.role == role and grant.scope in (CITY_SCOPE, scope) for grant in self.grants)

    @property
    def is_wide(self) -> bool:
        """Whether a role of theirs holds in a series or a district, so that it matters what a conference belongs to."""
        return any(":" in grant.scope for grant in self.grants)

    def within(self, conference: str | None, scopes: Collection[str]) -> "Actor":
        """The same actor where one conference is concerned: roles in its series or its district are roles at it.

        Args:
            conference: 32 hex digits; None: no conference is concerned.
            scopes: what the conference belongs to: `series:<id>` and `district:<id>`.
        """
        if conference is None or not scopes:
            return self
        here = [Grant(grant.role, conference) for grant in self.grants if grant.scope in scopes]
        return msgspec.structs.replace(self, grants=(*self.grants, *here)) if here else self

    def header(self) -> str:
        """The actor as the value of a message header: JSON without line breaks."""
        return _ENCODER.encode(self).decode()

    @classmethod
    def from_header(cls, text: str | None) -> "Actor":
        """Reads what `header` wrote; no header is an anonymous actor.

        Raises:
            ValueError: the text is not an actor.
        """
        if not text:
            return ANONYMOUS
        return _DECODER.decode(text)

    @classmethod
    def service(cls, name: str) -> "Actor":
        """A service that acts by itself: policies, timers, loops."""
        return cls(id=name, kind="service", grants=(Grant("service", CITY_SCOPE),))


def scope_of(conference_id: str | None, series_id: str | None, district_id: str | None) -> str:
    """The scope of a role, of which one of these three ids says where it holds; none of them: the city."""
    if series_id is not None:
        return f"series:{series_id}"
    if district_id is not None:
        return f"district:{district_id}"
    return conference_id or CITY_SCOPE


ANONYMOUS = Actor(id="", kind="anonymous")

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Actor)
