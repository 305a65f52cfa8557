# SPDX-License-Identifier: Apache-2.0
"""Groups by topic: everybody as close to their first wish as groups of three to five people allow.

Each topic has as many slots as its groups have seats, and one optimal assignment fills them. Topics that only one or
two people chose are then closed, or filled up by force, whichever costs everybody less; then all is assigned anew. In
the end each topic is closed, opened or let go on trial, as long as that makes somebody happier than it makes others
unhappy: what was best for one topic need not be best for all.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

ALGORITHM = "topic-slots-2"
RANK_COSTS = (0.0, 1.0, 4.0, 9.0, 16.0)
UNLISTED = 40.0
FIFTH = 0.5
"""A fifth person in a group costs half a first step down the list of wishes: around four is better."""
FORCE = 1_000.0
TINY = 1e-9
MINIMUM, BEST, MAXIMUM = 3, 4, 5

Costs: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.intp]


def wish_costs(wishes: Sequence[Sequence[str]], topics: Sequence[str]) -> Costs:
    """What each topic costs each person: 0 for the first wish, 1, 4, 9, 16 for the next ones, 40 for others.

    Who wished nothing is content with everything.
    """
    costs = np.zeros((len(wishes), len(topics)))
    for person, ranked in enumerate(wishes):
        known = [topic for topic in ranked if topic in topics]
        for place, topic in enumerate(topics):
            rank = known.index(topic) if topic in known else len(RANK_COSTS)
            costs[person, place] = (RANK_COSTS[rank] if rank < len(RANK_COSTS) else UNLISTED) if known else 0.0
    return costs


def groups_each(people: int, topics: int) -> int:
    """How many groups one topic may have: two, or more where there are fewer topics than that needs."""
    return max(2, -(-people // (BEST * topics)))


class _Choice(NamedTuple):
    """Which topics are open and which must have three people, and what follows from that."""

    cost: float
    open: frozenset[int]
    forced: frozenset[int]
    place: Places


def assign(costs: Costs) -> list[int]:
    """The topic of each person; every topic has nobody, or at least three people.

    Args:
        costs: of each topic for each person, at least three people and one topic.
    """
    best = _first(costs)
    while better := min(_neighbours(costs, best), key=lambda choice: choice.cost, default=None):
        if better.cost >= best.cost - TINY:
            break
        best = better
    return [int(topic) for topic in best.place]


def _first(costs: Costs) -> _Choice:
    """A choice without topics of one or two people: one after the other they are closed, or filled up."""
    people, topics = costs.shape
    choice = _choose(costs, frozenset(range(topics)), frozenset())
    for _ in range(2 * topics):
        counts = np.bincount(choice.place, minlength=topics)
        weak = [topic for topic in sorted(choice.open) if 0 < counts[topic] < MINIMUM]
        if not weak:
            break
        topic = min(weak, key=lambda one: (counts[one], one))
        options = []
        if len(choice.open - {topic}) * _seats(costs) >= people:
            options.append(_choose(costs, choice.open - {topic}, choice.forced - {topic}))
        if MINIMUM * len(choice.forced | {topic}) <= people:
            options.append(_choose(costs, choice.open, choice.forced | {topic}))
        choice = min(options, key=lambda option: option.cost)
    return choice


def _neighbours(costs: Costs, choice: _Choice) -> Iterator[_Choice]:
    """What else could be chosen by another word about one topic; only choices without topics of one or two people."""
    people, topics = costs.shape
    for topic in range(topics):
        others, forced = choice.open - {topic}, choice.forced - {topic}
        tried = [(others, forced), (choice.open | {topic}, forced), (choice.open | {topic}, forced | {topic})]
        for opened, must in tried:
            if (opened, must) == (choice.open, choice.forced):
                continue
            if len(opened) * _seats(costs) < people or MINIMUM * len(must) > people:
                continue
            found = _choose(costs, opened, must)
            counts = np.bincount(found.place, minlength=topics)
            if not np.any((counts > 0) & (counts < MINIMUM)):
                yield found


def _seats(costs: Costs) -> int:
    """How many people one topic can have."""
    return MAXIMUM * groups_each(*costs.shape)


def _choose(costs: Costs, opened: frozenset[int], forced: frozenset[int]) -> _Choice:
    place = _assign(costs, sorted(opened), forced, _seats(costs))
    return _Choice(total(costs, place), opened, forced, place)


def total(costs: Costs, place: Places | Sequence[int]) -> float:
    """What it costs all people together to be at these topics.

    Args:
        costs: of each topic for each person.
        place: the topic of each person.
    """
    people, topics = costs.shape
    fifths = np.maximum(np.bincount(place, minlength=topics) - BEST * groups_each(people, topics), 0)
    return float(costs[np.arange(people), place].sum() + FIFTH * fifths.sum())


def _assign(costs: Costs, topics: Sequence[int], forced: frozenset[int], seats: int) -> Places:
    # scipy takes a second to load; only the worker that plans this phase pays for it.
    from scipy.optimize import linear_sum_assignment

    people = len(costs)
    used = min(seats, people)
    slots: NDArray[Any] = np.repeat(np.asarray(topics, dtype=np.intp), used)
    number = np.tile(np.arange(used), len(topics))
    extra = np.where((number % MAXIMUM) == MAXIMUM - 1, FIFTH, 0.0)
    extra = extra - FORCE * (np.isin(slots, list(forced)) & (number < MINIMUM))
    rows, columns = linear_sum_assignment(costs[:, slots] + extra)
    place = np.empty(people, dtype=np.intp)
    place[rows] = slots[columns]
    return place
