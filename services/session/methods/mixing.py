# SPDX-License-Identifier: Apache-2.0
"""Groups of new and different partners: a swap tabu search over one matrix of pair costs.

The cost of two people in one group is 20 for every phase in which they met, and the weight of every attribute they
share. Each step makes the best swap of two people of different groups; the swap of two who both left the groups they
would return to is barred for 10 to 14 steps, unless it beats everything so far. The search ends at a lower bound that
proves the optimum, or after a fixed number of steps: the same input and seed give the same plan on every machine,
whatever its speed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

ALGORITHM = "swap-tabu-1"
STEPS = 500
"""Enough for nine of ten hard third rounds of 42 to 50 people; easy ones stop at the bound after a few dozen."""
MEETING = 20.0
RULE = 10_000.0
SMALL = 24
"""Up to this many people early rounds can make it impossible to meet only new people later: more is tried."""
TRIES = 24
SHORT = 200
"""Steps of each of these tries."""

Matrix: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.intp]


def pair_costs(met: NDArray[Any], attributes: Sequence[Mapping[str, str]], weights: Mapping[str, float]) -> Matrix:
    """The cost of every two people in one group.

    Args:
        met: how often each two have met, symmetric, n by n.
        attributes: of each person, by name; a name that is missing is like nothing.
        weights: of each attribute; 1 when it is not named.
    """
    costs = MEETING * np.asarray(met, dtype=np.float64)
    for name in sorted({name for person in attributes for name in person}):
        values = sorted({person[name] for person in attributes if name in person})
        codes = np.array([values.index(person[name]) if name in person else -1 for person in attributes])
        costs += weights.get(name, 1.0) * ((codes[:, None] == codes) & (codes >= 0))
    np.fill_diagonal(costs, 0.0)
    return costs


def rule_costs(people: int, apart: Iterable[tuple[int, int]], together: Iterable[tuple[int, int]]) -> Matrix:
    """What rules add to the costs: more than anything else can weigh.

    Args:
        people: how many there are.
        apart, together: pairs of them.
    """
    costs = np.zeros((people, people))
    for pairs, weight in ((apart, RULE), (together, -RULE)):
        for one, other in pairs:
            costs[one, other] = costs[other, one] = weight
    return costs


def lower_bound(sizes: Sequence[int], attributes: Sequence[Mapping[str, str]], weights: Mapping[str, float]) -> float:
    """A cost that no groups can undercut: nobody meets again, each category is spread as evenly as possible."""
    bound = 0.0
    for name in {name for person in attributes for name in person}:
        for value in {person[name] for person in attributes if name in person}:
            count = sum(person.get(name) == value for person in attributes)
            each, more = divmod(count, len(sizes))
            pairs = more * (each + 1) * each // 2 + (len(sizes) - more) * each * (each - 1) // 2
            bound += weights.get(name, 1.0) * pairs
    return bound


def search(
    costs: Matrix, sizes: Sequence[int], rng: np.random.Generator, bound: float = 0.0, steps: int = STEPS
) -> tuple[Places, float]:
    """The best groups found from one random start.

    Args:
        costs: of each two people in one group, symmetric with a zero diagonal.
        sizes: of the groups; their sum is the number of people.
        rng: where chance comes from.
        bound: stops at this cost.
        steps: how many swaps are made at most.

    Returns:
        The group of each person, and the cost.
    """
    people = len(costs)
    place = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    if len(sizes) == 1:
        return place, float(costs.sum() / 2)
    everyone = np.arange(people)
    groups: NDArray[np.float64] = np.zeros((people, len(sizes)))
    groups[everyone, place] = 1.0
    to_group = costs @ groups
    cost = float(to_group[everyone, place].sum() / 2)
    best, best_cost = place.copy(), cost
    barred = np.zeros((people, len(sizes)), dtype=np.int64)
    for step in range(1, steps + 1):
        if best_cost <= bound + 1e-9:
            break
        own = to_group[everyone, place]
        gain = to_group[:, place]
        change = gain + gain.T - own[:, None] - own - 2.0 * costs
        change[place[:, None] == place] = np.inf
        free = barred[:, place] <= step
        allowed = np.where((free | free.T) | (cost + change < best_cost - 1e-9), change, np.inf)
        lowest = allowed.min()
        if not np.isfinite(lowest):
            continue
        choices = np.flatnonzero(allowed.ravel() <= lowest + 1e-9)
        one, other = divmod(int(choices[rng.integers(len(choices))]), people)
        here, there = place[one], place[other]
        barred[one, here] = step + rng.integers(10, 15)
        barred[other, there] = step + rng.integers(10, 15)
        moved = costs[:, one] - costs[:, other]
        to_group[:, here] -= moved
        to_group[:, there] += moved
        place[one], place[other] = there, here
        cost += float(lowest)
        if cost < best_cost - 1e-9:
            best, best_cost = place.copy(), cost
    return best, best_cost


def mix(
    met: NDArray[Any],
    attributes: Sequence[Mapping[str, str]],
    sizes: Sequence[int],
    seed: int,
    weights: Mapping[str, float] | None = None,
    *,
    look_ahead: bool = True,
    rules: Matrix | None = None,
) -> list[list[int]]:
    """Groups in which people meet new and different partners.

    Args:
        met: how often each two people have met, symmetric, n by n.
        attributes: of each person, by name.
        sizes: of the groups; their sum is n.
        seed: makes the plan reproducible.
        weights: of attributes; 1 each by default.
        look_ahead: whether a further round matters; see `best_of`.
        rules: what is added to the costs of people who are kept apart or together; see `rule_costs`.

    Returns:
        The people of each group, by their numbers.
    """
    costs = pair_costs(met, attributes, weights or {})
    bound = lower_bound(sizes, attributes, weights or {})
    if rules is not None:
        costs, bound = costs + rules, bound + float(np.minimum(rules, 0.0).sum()) / 2
    if look_ahead:
        place = best_of(costs, np.asarray(met), sizes, seed, bound)
    else:
        place, _ = search(costs, sizes, np.random.default_rng(seed), bound)
    return [np.flatnonzero(place == group).tolist() for group in range(len(sizes))]


def best_of(costs: Matrix, met: NDArray[Any], sizes: Sequence[int], seed: int, bound: float = 0.0) -> Places:
    """The best groups of several starts; of equal ones, those after which a further round needs fewest repeats.

    One start suffices for many people. For few, the first rounds decide what the later ones can be: 16 people can
    meet in five rounds without a repeat, but some choices for the third round end that after three.
    """
    rng = np.random.default_rng(seed)
    if len(costs) > SMALL:
        return search(costs, sizes, rng, bound)[0]
    first, cost = search(costs, sizes, rng, bound, SHORT)
    best, best_cost, best_rest = first, cost, _next_round(first, met, sizes, rng)
    for _ in range(TRIES - 1):
        if best_cost <= bound + 1e-9 and best_rest == 0.0:
            break
        place, cost = search(costs, sizes, rng, bound, SHORT)
        if cost > best_cost + 1e-9:
            continue
        rest = _next_round(place, met, sizes, rng)
        if cost < best_cost - 1e-9 or rest < best_rest:
            best, best_cost, best_rest = place, cost, rest
    return best


def _next_round(place: Places, met: NDArray[Any], sizes: Sequence[int], rng: np.random.Generator) -> float:
    """How many pairs have to meet again in the round after this one."""
    after = ((met + (place[:, None] == place)) > 0).astype(np.float64)
    np.fill_diagonal(after, 0.0)
    return min(search(after, sizes, rng, 0.0, SHORT)[1] for _ in range(2))
