# SPDX-License-Identifier: Apache-2.0
"""Groups by topic: everybody as close to their first wish as groups of three to five people allow.

Each topic has as many slots as its groups have seats, and one optimal assignment fills them. Topics that only one or
two people chose are then closed, or filled up by force, whichever costs everybody less; then all is assigned anew.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

ALGORITHM = "topic-slots-1"
RANK_COSTS = (0.0, 1.0, 4.0, 9.0, 16.0)
UNLISTED = 40.0
FIFTH = 0.5
"""A fifth person in a group costs half a first step down the list of wishes: around four is better."""
FORCE = 1_000.0
MINIMUM, MAXIMUM = 3, 5

Costs: TypeAlias = NDArray[np.float64]


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
    return max(2, -(-people // (4 * topics)))


def assign(costs: Costs) -> list[int]:
    """The topic of each person; every topic has nobody, or at least three people.

    Args:
        costs: of each topic for each person, at least three people and one topic.
    """
    people, topics = costs.shape
    seats = MAXIMUM * groups_each(people, topics)
    open_topics, forced = list(range(topics)), frozenset[int]()
    place = _assign(costs, open_topics, forced, seats)
    for _ in range(2 * topics):
        counts = np.bincount(place, minlength=topics)
        weak = [topic for topic in open_topics if 0 < counts[topic] < MINIMUM]
        if not weak:
            break
        topic = min(weak, key=lambda one: (counts[one], one))
        closed = [other for other in open_topics if other != topic]
        options: list[tuple[float, int, NDArray[np.intp], list[int], frozenset[int]]] = []
        if len(closed) * seats >= people:
            found = _assign(costs, closed, forced - {topic}, seats)
            options.append((_total(costs, found), 0, found, closed, forced - {topic}))
        if MINIMUM * len(forced | {topic}) <= people:
            found = _assign(costs, open_topics, forced | {topic}, seats)
            options.append((_total(costs, found), 1, found, open_topics, forced | {topic}))
        _, _, place, open_topics, forced = min(options, key=lambda option: option[:2])
    return [int(topic) for topic in place]


def _total(costs: Costs, place: NDArray[np.intp]) -> float:
    return float(costs[np.arange(len(place)), place].sum())


def _assign(costs: Costs, topics: Sequence[int], forced: frozenset[int], seats: int) -> NDArray[np.intp]:
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
