# SPDX-License-Identifier: Apache-2.0
from itertools import combinations, permutations

import numpy as np
import pytest

from services.session.domain.seating import sizes
from services.session.methods.mixing import lower_bound, mix, pair_costs
from services.session.methods.plans import Question, plan


def repeats(people: int, rounds: int, seed: int, each: tuple[int, ...] | None = None) -> int:
    """How many meetings too many there are when round after round is planned."""
    met = np.zeros((people, people))
    for number in range(rounds):
        for group in mix(met, [{}] * people, each or sizes(people), seed + number):
            for one, other in combinations(group, 2):
                met[one, other] += 1
                met[other, one] += 1
    return int(np.maximum(np.triu(met, 1) - 1, 0).sum())


@pytest.mark.parametrize("people", range(13, 51))
def test_from_thirteen_people_on_nobody_meets_twice_in_three_rounds(people):
    assert repeats(people, 3, seed=people) == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_sixteen_people_meet_everybody_once_in_five_rounds(seed):
    assert repeats(16, 5, seed=100 * seed) == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nine_people_meet_everybody_once_in_four_rounds(seed):
    assert repeats(9, 4, seed=100 * seed) == 0


def test_twelve_people_in_groups_of_three_meet_nobody_twice_in_three_rounds():
    assert repeats(12, 3, seed=5, each=(3, 3, 3, 3)) == 0


def attributes(people: int, seed: int) -> list[dict[str, str]]:
    rng = np.random.default_rng(seed)
    kinds = {"age": 5, "gender": 3, "street": 6, "newcomer": 2}
    return [{name: str(rng.integers(values)) for name, values in kinds.items()} for _ in range(people)]


def cost_of(groups: list[list[int]], costs: np.ndarray) -> float:
    return float(sum(costs[one, other] for group in groups for one, other in combinations(group, 2)))


def test_fifty_people_are_as_different_as_can_be_proven_in_nine_of_ten_plans():
    exact, worst = 0, 0.0
    for seed in range(20):
        people = attributes(50, seed)
        met = np.zeros((50, 50))
        costs = pair_costs(met, people, {})
        bound = lower_bound(sizes(50), people, {})
        cost = cost_of(mix(met, people, sizes(50), seed), costs)
        exact += cost <= bound + 1e-9
        worst = max(worst, cost / bound - 1)
    assert exact >= 18
    assert worst <= 0.07


def test_small_plans_are_optimal():
    people = attributes(7, 3)
    costs = pair_costs(np.zeros((7, 7)), people, {})
    best = min(cost_of([list(order[:4]), list(order[4:])], costs) for order in permutations(range(7)))
    assert cost_of(mix(np.zeros((7, 7)), people, (4, 3), seed=1), costs) == best


def test_an_attribute_that_weighs_more_is_spread_first():
    people = [{"a": "x", "b": str(number)} for number in range(3)] + [{"a": str(number)} for number in range(5)]
    groups = mix(np.zeros((8, 8)), people, (4, 4), seed=1, weights={"a": 10.0})
    assert {sum(one < 3 for one in group) for group in groups} == {1, 2}


def test_what_is_not_known_of_people_is_like_nothing():
    assert pair_costs(np.zeros((2, 2)), [{}, {}], {}).sum() == 0.0


def test_the_same_seed_gives_the_same_plan():
    people = attributes(47, 1)
    assert mix(np.zeros((47, 47)), people, sizes(47), 9) == mix(np.zeros((47, 47)), people, sizes(47), 9)
    assert mix(np.zeros((47, 47)), people, sizes(47), 9) != mix(np.zeros((47, 47)), people, sizes(47), 10)


def test_three_people_are_one_group():
    assert mix(np.zeros((3, 3)), [{}] * 3, (3,), 1) == [[0, 1, 2]]


def test_who_needs_something_sits_with_who_offers_it():
    people = tuple(f"p{number:02}" for number in range(24))
    needs = tuple((f"tag{number}",) if number < 12 else () for number in range(24))
    offers = tuple((f"tag{number - 12}",) if number >= 12 else () for number in range(24))
    found = plan(Question(mode="need_offer", people=people, needs=needs, offers=offers, seed=1))
    met = sum(f"p{int(one[1:]) + 12:02}" in group for group, _ in found.groups for one in group if int(one[1:]) < 12)
    assert met == 12


def test_without_tags_support_groups_bring_new_partners():
    people = tuple(f"p{number:02}" for number in range(24))
    met = tuple((one, one + 1, 1) for one in range(0, 24, 2))
    found = plan(Question(mode="need_offer", people=people, met=met, needs=((),) * 24, offers=((),) * 24, seed=1))
    assert not any({people[one], people[other]} <= set(group) for group, _ in found.groups for one, other, _ in met)
