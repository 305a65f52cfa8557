# SPDX-License-Identifier: Apache-2.0
"""Prints the table of who may ask for what, writes it to `docs/permissions.md`, or checks that it is the committed one.

python -m gateway.schema.table [--write | --check]

The table follows from what the fields declare. A test sends every line of it to a gateway, as every client of it.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from graphql import GraphQLObjectType

from gateway.schema.build import build_schema, core
from gateway.schema.doors import DOORS, needs_of
from gateway.schema.permissions import ALL_ADMIN, ROLES, SCOPES, Needs, lacking, standing
from services.chassis.identity import ANONYMOUS, CITY_SCOPE, Actor, Grant, scope_of

COMMITTED = Path(__file__).parents[2] / "docs" / "permissions.md"
TYPES: Final = ("Query", "Subscription", "Conference", "Mutation")
"""Where questions begin: these types declare needs on every field."""

HERE, ELSEWHERE = "c0" * 16, "ff" * 16
SERIES, DISTRICT = "5e" * 16, "d1" * 16
WITHIN: Final = (scope_of(None, SERIES, None), scope_of(None, None, DISTRICT))
"""What the conference concerned belongs to."""
PERSON, STAFF_PERSON, APP = "a0" * 16, "e0" * 16, "ab" * 16


class Client(NamedTuple):
    """A column of the table.

    Args:
        actor: who asks.
        own: of a resident: their conference.
        seated: of a resident: whether they have a seat, which only the services know.
        scopes: of an app.
        known: whether their token is accepted at all.
    """

    actor: Actor
    own: str | None = None
    seated: bool = True
    scopes: frozenset[str] | None = None
    known: bool = True


def _staff(role: str, scope: str) -> Actor:
    return Actor(STAFF_PERSON, "staff", (Grant(role, scope),))


RESIDENT = Actor(PERSON, "resident")

CLIENTS: Final[Mapping[str, Client]] = {
    "anonymous": Client(ANONYMOUS),
    "resident": Client(RESIDENT, HERE),
    "waiting": Client(RESIDENT, HERE, seated=False),
    "other resident": Client(RESIDENT, ELSEWHERE),
    "erased": Client(RESIDENT, HERE, known=False),
    "guest": Client(_staff("guest", HERE)),
    "mentor": Client(_staff("mentor", HERE)),
    "deputy": Client(_staff("deputy", HERE)),
    "moderator": Client(_staff("moderator", HERE)),
    "other moderator": Client(_staff("moderator", ELSEWHERE)),
    "moderator of the series": Client(_staff("moderator", f"series:{SERIES}")),
    "of another series": Client(_staff("moderator", f"series:{ELSEWHERE}")),
    "organiser of the district": Client(_staff("organiser", f"district:{DISTRICT}")),
    "of another district": Client(_staff("organiser", f"district:{ELSEWHERE}")),
    "juror": Client(_staff("juror", CITY_SCOPE)),
    "partner": Client(_staff("partner", CITY_SCOPE)),
    "organiser": Client(_staff("organiser", CITY_SCOPE)),
    "app, all scopes": Client(_staff("organiser", CITY_SCOPE), scopes=frozenset(SCOPES)),
    "app, no scope": Client(_staff("organiser", CITY_SCOPE), scopes=frozenset()),
    "app by itself": Client(
        Actor(APP, "app", (Grant("organiser", CITY_SCOPE), Grant("partner", CITY_SCOPE))), scopes=frozenset(SCOPES)
    ),
    "expired": Client(_staff("organiser", CITY_SCOPE), known=False),
}
"""The columns. The first two apps act for an organiser of the city, the third has all scopes and acts for nobody."""


def allowed(needs: Needs, client: Client) -> bool:
    """Whether a client may ask for a field, seen from outside: gateway and service together."""
    if not client.known:
        return False
    conference = HERE if needs.place == "conference" else None
    actor = client.actor.within(conference, WITHIN)
    roles = standing(actor, client.own, conference, anywhere=needs.place == "anywhere")
    return lacking(needs, roles if client.seated else roles - {"seated"}, client.scopes) is None


def lines() -> Iterator[tuple[str, str, Needs]]:
    """Type, field and needs of every line, in the order of the schema."""
    schema = core(build_schema())
    for name in TYPES:
        kind = schema.type_map[name]
        assert isinstance(kind, GraphQLObjectType)  # noqa: S101 -- they are the roots and the conference
        for field, definition in kind.fields.items():
            needs = needs_of(definition)
            assert needs is not None, f"{name}.{field} declares no needs"  # noqa: S101 -- a test says so as well
            yield name, field, needs


def page() -> str:
    """The page as it is committed."""
    return "\n".join(_page()) + "\n"


HEAD = """# Who may

Made by `python -m gateway.schema.table --write` from what the fields declare (`@needs` in the schema); do not edit.
`tests/gateway/test_permission_table.py` sends every line to a gateway, as every client.

The gateway compares roles and scopes once per field and client, before any service is asked. The service that owns a
command checks it again, and decides what only it knows: who has a seat, who sits in which group, whose card it is,
which juror was given which idea. A field that the table does not name is for whoever came to its object.
"""

BETWEEN = f"""A role holds at one conference; in a series, in a district or in the city it holds at each of their
conferences, those announced later included: an organiser of a series or a district announces conferences in it. What is
decided in the city takes a role in the city. `{ALL_ADMIN}` stands for all scopes that begin with `admin:`. An app that
acts for a person may what both may. An app by itself has no person's roles: with a scope `admin:…` it acts as an
organiser of the city within its scopes, with `resource-offer:write` as a partner, otherwise it sees what is public. A
line without scopes is for no app, unless it is public.

## The table

`●` may, `·` is refused. *resident* has a seat at the conference concerned, *waiting* waits for one there, *guest*,
*mentor*, *deputy* and *moderator* serve there; *other* ones belong to another conference; *juror*, *partner* and
*organiser* are the city's, and two of the apps act for that organiser; the one *by itself* has all scopes. The
conference concerned belongs to the series of the one *moderator of the series* and to the district of the one
*organiser of the district*; who is *of another* is not from there.
Who was *erased*, or whose token has *expired*, gets status 401.
"""

FOOT = """An idea is public; its `authors` are shown to residents of its conference and to whoever has a role there or
in the city, partners aside. A subscriber is told only what the fields of the conference would show them."""


def _page() -> Iterator[str]:
    yield HEAD
    yield from _words("role", ROLES)
    yield from _words("scope", SCOPES)
    yield BETWEEN
    for name in TYPES:
        yield f"### {name}\n"
        yield f"| field | roles | at | scopes | {' | '.join(CLIENTS)} | doors |"
        yield "|---" * (5 + len(CLIENTS)) + "|"
        for kind, field, needs in lines():
            if kind == name:
                marks = " | ".join("●" if allowed(needs, client) else "·" for client in CLIENTS.values())
                scopes = ", ".join(f"`{scope}`" for scope in needs.scopes)
                cells = (", ".join(needs.roles), needs.place, scopes, marks, ", ".join(_doors(name, field)))
                yield f"| `{field}` | {' | '.join(cells)} |"
        yield ""
    yield FOOT


def _words(what: str, words: Mapping[str, str]) -> Iterator[str]:
    yield f"| {what} | meaning |"
    yield "|---|---|"
    for name, meaning in words.items():
        yield f"| `{name}` | {meaning} |"
    yield ""


def _doors(name: str, field: str) -> Iterator[str]:
    for door in DOORS.values():
        if field in getattr(door.schema.type_map.get(name), "fields", {}):
            yield door.name


def main(arguments: list[str]) -> int:
    """Prints, writes or checks the table; the exit status."""
    match arguments:
        case ["--write"]:
            COMMITTED.write_text(page())
        case ["--check"] if COMMITTED.read_text() != page():
            sys.stderr.write(f"{COMMITTED} is not what the schema declares: python -m gateway.schema.table --write\n")
            return 1
        case ["--check"]:
            pass
        case _:
            sys.stdout.write(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
