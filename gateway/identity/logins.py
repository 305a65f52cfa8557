# SPDX-License-Identifier: Apache-2.0
"""What a token turns out to be: somebody, until a certain instant, or no token at all."""

from typing import NamedTuple

from services.chassis.identity import ANONYMOUS, Actor


class BadToken(Exception):
    """A token that is not accepted; the text is for developers and never repeats the token."""


class IssuerAway(Exception):
    """The keys of an issuer, or what an API key may, cannot be asked for now."""


class Login(NamedTuple):
    """Who a token stands for, and until when.

    Args:
        actor: who.
        conference: of a resident, the conference they have a token for.
        expires_at: seconds since 1970, real time.
        scopes: what the app may by which they come, see `permissions.SCOPES`; None: they come by none.
        client: the id of the app by which they come; empty: none.
        key: which API key; empty: none.
        called: how the city's provider calls that app; empty: it comes with an API key.
    """

    actor: Actor
    conference: str | None
    expires_at: float
    scopes: frozenset[str] | None = None
    client: str = ""
    key: str = ""
    called: str = ""


def free() -> None:
    """Whoever is looked at pays nothing for it."""


NOBODY = Login(ANONYMOUS, None, float("inf"))
