# SPDX-License-Identifier: Apache-2.0
"""One plan of groups from what is known about the people present; runs in a worker process, numpy alone by default."""

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.session.domain.seating import BEST, sizes
from services.session.methods import mixing, topics


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan is computed from.

    Args:
        mode: new partners, by topic, or by need and offer.
        people: who is present, at least three.
        met: numbers of two people in `people` and how often they met.
        attributes: of each person, by name.
        topics: ids of the topics.
        wishes: of each person, the dearest first.
        needs, offers: tags of each person.
        size: around how many people a group has, three to five.
        apart, together: numbers of two people in `people` who must not, or must, share a group.
        seed: makes the plan reproducible.
    """

    mode: Literal["mix", "topic", "need_offer"]
    people: tuple[str, ...]
    met: tuple[tuple[int, int, int], ...] = ()
    attributes: tuple[dict[str, str], ...] = ()
    topics: tuple[str, ...] = ()
    wishes: tuple[tuple[str, ...], ...] = ()
    needs: tuple[tuple[str, ...], ...] = ()
    offers: tuple[tuple[str, ...], ...] = ()
    apart: tuple[tuple[int, int], ...] = ()
    together: tuple[tuple[int, int], ...] = ()
    size: int = BEST
    seed: int = 0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Groups of people, each with its topic or None, and the algorithm that found them."""

    groups: tuple[tuple[tuple[str, ...], str | None], ...]
    algorithm: str


def plan(question: Question) -> Plan:
    """The best groups found; the same question has the same answer everywhere."""
    met = np.zeros((len(question.people), len(question.people)))
    for one, other, times in question.met:
        met[one, other] = met[other, one] = times
    rules = None
    if question.apart or question.together:
        rules = mixing.rule_costs(len(question.people), question.apart, question.together)
    if question.mode == "topic" and question.topics:
        return _by_topic(question, met, rules)
    attributes = question.attributes or tuple({} for _ in question.people)
    fair = sizes(len(question.people), question.size)
    if question.mode == "need_offer" and (any(question.needs) and any(question.offers)):
        costs = mixing.MEETING * met - _matches(question) + (0.0 if rules is None else rules)
        place = mixing.best_of(costs, met, fair, question.seed, bound=-np.inf)
        groups = [np.flatnonzero(place == group).tolist() for group in range(len(fair))]
        return Plan(groups=_named(question, groups), algorithm=f"{mixing.ALGORITHM}+matches")
    groups = mixing.mix(met, attributes, fair, question.seed, rules=rules)
    return Plan(groups=_named(question, groups), algorithm=mixing.ALGORITHM)


def _by_topic(question: Question, met: NDArray[np.float64], rules: NDArray[np.float64] | None) -> Plan:
    wishes = question.wishes or tuple(() for _ in question.people)
    chosen = topics.assign(topics.wish_costs(wishes, question.topics))
    attributes = question.attributes or tuple({} for _ in question.people)
    found: list[tuple[tuple[str, ...], str | None]] = []
    for number, topic in enumerate(question.topics):
        members = [person for person, place in enumerate(chosen) if place == number]
        if members:
            own = [attributes[person] for person in members]
            fair = sizes(len(members), question.size)
            square = np.ix_(members, members)
            theirs = None if rules is None else rules[square]
            seed = question.seed + number
            groups = mixing.mix(met[square], own, fair, seed, look_ahead=False, rules=theirs)
            found += [(tuple(question.people[members[person]] for person in group), topic) for group in groups]
    return Plan(groups=tuple(found), algorithm=f"{topics.ALGORITHM}+{mixing.ALGORITHM}")


def _matches(question: Question) -> NDArray[np.float64]:
    """How many needs of one are offers of the other, for every two people, both ways."""
    needs, offers = ([frozenset(tags) for tags in all_tags] for all_tags in (question.needs, question.offers))
    one_way = np.array([[float(len(need & offer)) for offer in offers] for need in needs])
    both: NDArray[np.float64] = one_way + one_way.T
    np.fill_diagonal(both, 0.0)
    return both


def _named(question: Question, groups: Sequence[Sequence[int]]) -> tuple[tuple[tuple[str, ...], str | None], ...]:
    return tuple((tuple(question.people[person] for person in group), None) for group in groups)
