# SPDX-License-Identifier: Apache-2.0
"""Who sits where in one phase: what a seating is, and what it must not be.

Groups have 3 to 5 people whenever 3 or more are present; one or two people stay with the moderator, and so does who
could only be seated against a rule.
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from services.session.domain.seating_rules import NO_RULES, Rules

SMALLEST, LARGEST, BEST = 3, 5, 4

Cost = Callable[[str, "Group"], float]
"""How unwelcome a person is in a group: meeting again, being alike, another topic than wished."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One small group. `number` is what people read on the screen; it counts from 1 and is not given twice."""

    group_id: str
    number: int
    members: tuple[str, ...]
    mentor_id: str | None = None
    topic_id: str | None = None


class Seating(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody's place in one phase. `spare`: mentors without a group."""

    groups: tuple[Group, ...]
    with_moderator: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()

    def people(self) -> Iterator[str]:
        """Everybody who has a place, mentors left out."""
        for group in self.groups:
            yield from group.members
        yield from self.with_moderator

    def places(self) -> dict[str, str | None]:
        """The group of everybody, None for those with the moderator."""
        placed: dict[str, str | None] = dict.fromkeys(self.with_moderator)
        placed.update((person, group.group_id) for group in self.groups for person in group.members)
        return placed

    def mentors(self) -> dict[str, str | None]:
        """The group of every mentor, None for those without."""
        mentors: dict[str, str | None] = dict.fromkeys(self.spare)
        mentors.update((group.mentor_id, group.group_id) for group in self.groups if group.mentor_id is not None)
        return mentors


def sizes(people: int, around: int = BEST) -> tuple[int, ...]:
    """The sizes of groups: differing by one at most, none below 3 or above 5.

    Twelve people sit in four groups of three, for then even four rounds need nobody to meet twice.

    Args:
        people: how many there are.
        around: 3 to 5. Where it does not come out even, groups are smaller; larger only where three is wanted.

    Raises:
        ValueError: fewer than three people make no group.
    """
    if people < SMALLEST:
        raise ValueError(f"{people} people make no group")
    if people <= LARGEST:
        groups = 1
    elif around == SMALLEST:
        groups = people // SMALLEST
    else:
        groups = 4 if (people, around) == (12, BEST) else -(-people // around)
    small, larger = divmod(people, groups)
    return (small + 1,) * larger + (small,) * (groups - larger)


def flaw(seating: Seating, rules: Rules = NO_RULES) -> str | None:
    """Why a seating must not be stored, None when it may.

    Args:
        seating: everybody's place.
        rules: who must not, and who must, share a group.
    """
    people = list(seating.people())
    if len(set(people)) != len(people):
        return "somebody has two places"
    if len({group.group_id for group in seating.groups}) != len(seating.groups):
        return "two groups have one id"
    if len({group.number for group in seating.groups}) != len(seating.groups):
        return "two groups have one number"
    if any(not SMALLEST <= len(group.members) <= LARGEST for group in seating.groups):
        return "a group has fewer than three or more than five people"
    if len(people) >= SMALLEST and seating.with_moderator and not rules.bind(people):
        return "somebody is left with the moderator although there are groups"
    if any(rules.apart(group.members) for group in seating.groups):
        return "two people share a group who are kept apart"
    places = seating.places()
    if any(len({places[one] for one in unit}) > 1 for unit in rules.units(people)):
        return "people who are kept together have two places"
    mentors = [*seating.spare, *(group.mentor_id for group in seating.groups if group.mentor_id)]
    return "a mentor is named twice" if len(set(mentors)) != len(mentors) else None


def without(seating: Seating, leaving: Iterable[str]) -> Seating:
    """The seating when these people and mentors are gone; groups may be too small and need `settle`."""
    gone = frozenset(leaving)
    return Seating(
        groups=tuple(
            msgspec.structs.replace(
                group,
                members=tuple(person for person in group.members if person not in gone),
                mentor_id=None if group.mentor_id in gone else group.mentor_id,
            )
            for group in seating.groups
        ),
        with_moderator=tuple(person for person in seating.with_moderator if person not in gone),
        spare=tuple(mentor for mentor in seating.spare if mentor not in gone),
    )
