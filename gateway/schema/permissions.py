# SPDX-License-Identifier: Apache-2.0
"""Who may ask for what: declared beside each field, printed as `@needs`, checked once per field and client.

A client *stands* at a conference (or in the city) in some roles, found once per operation. A field names the roles that
suffice; whether one of them is among the client's is one comparison of sets, before any service is asked. For whoever
comes by an app, one of the app's scopes must suffice as well. The services check every command again.
"""

from collections.abc import Iterable
from functools import cache
from typing import Final, Literal, NamedTuple

import strawberry
from strawberry.schema_directive import Location

from services.chassis.identity import CITY_SCOPE, Actor

Place = Literal["conference", "city", "anywhere"]

GRANTED: Final = frozenset({"organiser", "moderator", "deputy", "mentor", "guest", "juror", "partner"})
"""The roles that a token may grant; every other word of a token is ignored."""

ROLES: Final = {
    "public": "everybody, without a token too",
    "resident": "a resident of the conference, also one who waits for a seat; about themselves alone",
    "seated": "a resident of the conference with a seat; whether they have one is known to the service that answers",
    "invited": "whoever has any role at this very conference, such as a guest of honour",
    "guest": "a guest of honour",
    "self": "the person of the staff whom the command names",
    "mentor": "accompanies groups",
    "deputy": "stands in for the moderator",
    "moderator": "leads the evening",
    "organiser": "organises the conference, or all of the city's",
    "juror": "judges ideas",
    "partner": "speaks for an organisation",
    "app": "an app that acts for nobody; about what is its own",
}
"""Every role that a field may name, in words."""

SCOPES: Final = {
    "conference:read": "see conferences from the inside: groups, polls, chat, who is here",
    "session:live": "take part in an evening: watch it live, vote, write, call for help, enter a room",
    "idea:read": "see boards, problems and idea sheets",
    "idea:write": "pin cards, propose problems, vote for them, write idea sheets",
    "resource-offer:write": "post what an organisation asks for and offers",
    "jury:read": "see rounds of the jury",
    "jury:score": "score ideas",
    "webhook:manage": "have public events sent to addresses of one's own",
    "admin:registration": "administer districts, conferences, registrations, staff and apps",
    "admin:session": "lead evenings and see the city desk",
    "admin:ideas": "administer challenges, topics and rounds of the jury",
}
"""What an app may be allowed, in words; `admin:*` stands for all that begin with `admin:`."""

ALL_ADMIN: Final = "admin:*"
STAFF: Final = ("mentor", "deputy", "moderator", "organiser")
HOSTS: Final = ("deputy", "moderator", "organiser")
MEMBERS: Final = ("seated", "invited", *STAFF)


class Needs(NamedTuple):
    """What it takes to ask for a field or to send a command.

    Args:
        roles: any of these, see `ROLES`.
        scopes: of an app: any of these, see `SCOPES`; none: not for apps, unless it is public.
        place: where the role must hold: at the conference concerned (or in the city), in the city, or anywhere.
    """

    roles: tuple[str, ...]
    scopes: tuple[str, ...] = ()
    place: Place = "conference"


PUBLIC: Final = Needs(("public",), place="anywhere")
FOR_WEBHOOKS: Final = Needs(("organiser", "app"), ("webhook:manage",), "city")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.OBJECT],
    name="needs",
    description=(
        "Who may ask: one of the roles, held at the place (`conference`, `city` or `anywhere`; a role in the city "
        "holds at every conference). An app that acts for a person, or by itself, moreover needs one of the scopes."
    ),
)
class NeedsDirective:
    """`Needs` as the schema prints it."""

    roles: list[str]
    scopes: list[str]
    at: str


@cache
def directive_of(needs: Needs) -> NeedsDirective:
    """The directive that prints these needs.

    Raises:
        ValueError: they name a role or a scope that there is not.
    """
    unknown = {*needs.roles} - {*ROLES} | {*needs.scopes} - {*SCOPES}
    if unknown:
        raise ValueError(f"no such role or scope: {', '.join(sorted(unknown))}")
    return NeedsDirective(roles=list(needs.roles), scopes=list(needs.scopes), at=needs.place)


def declared(directives: Iterable[object]) -> Needs | None:
    """The needs among the directives of a field or type; None when it declares none."""
    for found in directives:
        if isinstance(found, NeedsDirective):
            place: Place = found.at  # type: ignore[assignment]  # printed as text, made of a `Needs`
            return Needs(tuple(found.roles), tuple(found.scopes), place)
    return None


def standing(actor: Actor, own: str | None, conference: str | None, *, anywhere: bool = False) -> frozenset[str]:
    """The roles in which a client stands at a conference, or in the city.

    Args:
        actor: who asks.
        own: of a resident: their conference.
        conference: 32 hex digits; None: the city.
        anywhere: wherever the roles hold.
    """
    if actor.kind == "resident":
        at_home = anywhere or (own is not None and own == conference)
        return frozenset({"public", "resident", "seated"} if at_home else {"public"})
    if actor.kind not in ("staff", "app"):
        return frozenset({"public"})
    roles = {grant.role for grant in actor.grants if anywhere or grant.scope in (CITY_SCOPE, conference)} & GRANTED
    if conference is not None and any(grant.scope == conference for grant in actor.grants):
        roles.add("invited")
    roles.add("self" if actor.kind == "staff" else "app")
    return frozenset({"public", *roles})


def expanded(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes that there are among these words of a token, `admin:*` as what it stands for."""
    found = {scope for scope in scopes if scope in SCOPES}
    if ALL_ADMIN in scopes:
        found |= {scope for scope in SCOPES if scope.startswith("admin:")}
    return frozenset(found)


def lacking(needs: Needs, roles: frozenset[str], scopes: frozenset[str] | None) -> str | None:
    """What is missing, in words; None when the client may.

    Args:
        needs: of the field or command.
        roles: those in which the client stands at its place.
        scopes: those of the app by which the client comes; None: they come by none.
    """
    if "public" in needs.roles:
        return None
    if roles.isdisjoint(needs.roles):
        return " or ".join(needs.roles)
    if scopes is not None and scopes.isdisjoint(needs.scopes):
        return f"scope {' or '.join(needs.scopes)}" if needs.scopes else "to come by no app"
    return None
