# SPDX-License-Identifier: Apache-2.0
"""Who plays in a rehearsal, drawn from a seed: the same seed gives the same people with the same intentions."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

SHARE_ABSENT = 0.35
"""Of those with a seat, so many do not come: what free public events report."""

SHARE_WAITING = 0.20
"""So many more people register than there are seats."""

SHARE_STANDBY = 0.5
"""Of the waiting, so many wait in the lobby for a free seat."""

SHARE_GROUPS_WITH_MENTOR = 0.40

_FIRST = (
    "Anna Ben Clara David Emre Fatma Gerda Hannes Ida Jonas Karin Lukas Maria Nadine Otto Paula Rosa Selim Theo Ute"
    " Vera Walter Yasemin Zoe Amira Birgit Cem Dorothea Elif Frieder Greta Horst Inge Jakob Leyla Moritz Nils Renate"
).split()
_LAST = (
    "Maier Schmidt Yilmaz Fischer Weber Schneider Becker Hoffmann Koch Richter Wolf Neumann Braun Zimmermann Krüger"
    " Hartmann Lange Werner Kaya Lehmann Huber Kaiser Fuchs Scholz Demir Vogel Jung Keller Berger Winkler Roth Beck"
).split()
_AGES = ("16-29", "30-44", "45-59", "60-74", "75+")
_GENDERS = ("female", "male", "diverse")


Place = Literal["group", "plenary"]


@dataclass(frozen=True, slots=True)
class ResidentPart:
    """What one resident intends. Times are conference minutes after the start; None: never.

    Args:
        comes: joins at all.
        arrives: negative: waits in the lobby before the start.
        drops_out: closes the browser and stays away.
        reconnects: loses the connection once and comes back at once.
        changes_vote: votes twice in each poll.
        asks_for_help: from their group or, as a person, from the plenary.
        writes_in_sheet: how many passages they add in the solutions phase.
        code: what only they know, by which the survey pairs their answers.
    """

    number: int
    name: str
    email: str
    attributes: dict[str, str]
    comes: bool
    arrives: float
    drops_out: float | None
    reconnects: float | None
    changes_vote: bool
    asks_for_help: Place | None
    chats: bool
    writes_in_sheet: int
    seed: int
    code: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConferencePart:
    """One conference: its district by index, its capacity, who registers (in this order), and how many mentors."""

    number: int
    district: int
    capacity: int
    residents: tuple[ResidentPart, ...]
    mentors: int


def cast(conferences: int, residents: int, districts: int, seed: int) -> tuple[ConferencePart, ...]:
    """The people of a rehearsal.

    Args:
        conferences: how many run at once.
        residents: seats of each; a fifth more people register.
        districts: how many districts there are to take turns.
        seed: of everything that is drawn.
    """
    return tuple(_conference(number, residents, districts, seed) for number in range(conferences))


def _conference(number: int, capacity: int, districts: int, seed: int) -> ConferencePart:
    draw = random.Random(f"{seed}/{number}")  # noqa: S311 - a rehearsal is drawn, not a secret
    waiting = math.ceil(capacity * SHARE_WAITING)
    absent = set(draw.sample(range(capacity), round(capacity * SHARE_ABSENT)))
    standby = set(draw.sample(range(capacity, capacity + waiting), round(waiting * SHARE_STANDBY)))
    residents = [
        _resident(number, seat, draw, comes=seat in standby if seat >= capacity else seat not in absent)
        for seat in range(capacity + waiting)
    ]
    asking = [one.number for one in residents if one.comes and one.arrives < 0 and one.drops_out is None][:2]
    places: tuple[Place, ...] = ("group", "plenary")
    for who, place in zip(asking, places, strict=False):
        residents[who] = replace(residents[who], asks_for_help=place)
    groups = math.ceil(capacity * (1 - SHARE_ABSENT) / 4)
    return ConferencePart(
        number=number,
        district=number % districts,
        capacity=capacity,
        residents=tuple(residents),
        mentors=max(1, round(groups * SHARE_GROUPS_WITH_MENTOR)),
    )


def _resident(conference: int, number: int, draw: random.Random, *, comes: bool) -> ResidentPart:
    late = draw.random() < 0.15
    return ResidentPart(
        number=number,
        name=f"{draw.choice(_FIRST)} {draw.choice(_LAST)}",
        email=f"resident{number}.conference{conference}@example.org",
        attributes={
            "age": draw.choice(_AGES),
            "gender": draw.choices(_GENDERS, (49, 49, 2))[0],
            "newcomer": draw.choices(("yes", "no"), (1, 3))[0],
        },
        comes=comes,
        arrives=draw.uniform(1, 40) if late else draw.uniform(-14, -2),
        drops_out=draw.uniform(50, 160) if draw.random() < 0.08 else None,
        reconnects=draw.uniform(10, 160) if draw.random() < 0.2 else None,
        changes_vote=draw.random() < 0.3,
        asks_for_help=None,
        chats=draw.random() < 0.5,
        writes_in_sheet=draw.choice((1, 1, 2, 2, 3)),
        seed=draw.getrandbits(32),
        code=(draw.choice(_FIRST), str(draw.randint(1, 31)), draw.choice(_LAST), str(draw.randint(1, 99))),
    )


def expected_present(parts: Sequence[ConferencePart]) -> int:
    """How many residents come, over all conferences."""
    return sum(part.comes for conference in parts for part in conference.residents)
