# SPDX-License-Identifier: Apache-2.0
"""Who acts, and which roles they hold: what travels in the header of every request.

The gateway verifies tokens, registration issues them; a service only reads the result. It may trust it,
because NATS lets nobody but the gateway's user publish commands.
"""

from typing import Literal

import msgspec

CITY_SCOPE = "city"
"""The scope of a role that holds everywhere."""

Kind = Literal["resident", "staff", "app", "service", "anonymous"]


class Grant(msgspec.Struct, frozen=True):
    """A role in a scope.

    Args:
        role: for example `moderator`.
        scope: `city`, or the id (32 hex digits) of a conference, a series or a district.
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


ANONYMOUS = Actor(id="", kind="anonymous")

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Actor)
