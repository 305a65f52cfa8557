# SPDX-License-Identifier: Apache-2.0
"""Computes plans of groups from what is known about the people who are here."""

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, TypeAlias
from uuid import NAMESPACE_OID, uuid4, uuid5

from services.session.adapters.planner import PLANNER
from services.session.domain.groups_state import GroupPlan
from services.session.domain.roster_state import Roster
from services.session.domain.script import GroupMode, Phase
from services.session.domain.seating import SMALLEST, Group
from services.session.domain.seating_rules import SeatingRule
from services.session.methods.plans import Question
from services.session.words import attributes_of, tags_of

if TYPE_CHECKING:
    from services.chassis.api import Context
    from services.chassis.policies import PolicyContext
    from services.chassis.service import Runtime
    from services.chassis.timers import TimerContext

Here: TypeAlias = "Context | PolicyContext | TimerContext | Runtime"


def seed_of(conference: str, what: str) -> int:
    """Where the chance of a plan comes from: another number for every run and every draft, and always the same."""
    return uuid5(NAMESPACE_OID, f"{conference}:{what}").int & 0x7FFF_FFFF


def like_of(phase: Phase, plan: GroupPlan) -> str | None:
    """The earlier phase whose groups come back in this one; None: new ones are formed."""
    if phase.group_mode != "same":
        return None
    if phase.like in plan.earlier:
        return phase.like
    return next(reversed(plan.earlier), None)


async def computed(
    here: Here, plan: GroupPlan, roster: Roster, mode: GroupMode, size: int, seed: int
) -> tuple[tuple[Group, ...], str]:
    """Groups for everybody who is present, and the algorithm that found them; none for one or two people.

    Args:
        plan: who met whom, what people wish, and the rules.
        roster: who is here.
        mode: by what they are formed; `same` without earlier groups is a mix.
        size: around how many people a group has.
        seed: makes the plan reproducible.
    """
    people = roster.residents_present()
    if len(people) < SMALLEST:
        return (), "none"
    attributes = await attributes_of(here.keys, roster, people)
    needs, offers = await tags_of(here.keys, plan, people if mode == "need_offer" else ())
    found = await PLANNER.plan(
        Question(
            mode="mix" if mode == "same" else mode,
            people=people,
            met=_met(people, plan),
            attributes=tuple(attributes.get(one, {}) for one in people),
            topics=plan.topics,
            wishes=tuple(plan.wishes.get(one, ()) for one in people),
            needs=tuple(needs.get(one, ()) for one in people),
            offers=tuple(offers.get(one, ()) for one in people),
            apart=tuple(pair for rule in plan.rules if rule.kind != "together" for pair in _pairs(people, rule)),
            together=tuple(pair for rule in plan.rules if rule.kind == "together" for pair in _pairs(people, rule)),
            size=size,
            seed=seed,
        )
    )
    groups = tuple(
        Group(group_id=uuid4().hex, number=number, members=members, topic_id=topic)
        for number, (members, topic) in enumerate(found.groups, start=1)
    )
    return groups, found.algorithm


def new_ids_for(people: int) -> tuple[str, ...]:
    """Ids of groups that may have to be formed for so many people."""
    return tuple(uuid4().hex for _ in range(people // 3 + 1))


def _met(people: Sequence[str], plan: GroupPlan) -> tuple[tuple[int, int, int], ...]:
    number = {person: place for place, person in enumerate(people)}
    return tuple(
        (number[one], number[other], len(phases))
        for (one, other), phases in plan.met.items()
        if one in number and other in number
    )


def _pairs(people: Sequence[str], rule: SeatingRule) -> tuple[tuple[int, int], ...]:
    here = [place for place, person in enumerate(people) if person in rule.people]
    return tuple(combinations(here, 2))
