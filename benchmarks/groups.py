# SPDX-License-Identifier: Apache-2.0
"""Small groups: how often people meet twice, how different they are, and what a plan costs.

Three rounds for each conference, people with four attributes. The cost of a plan is that of `methods/mixing.py`: what
undercuts its lower bound cannot exist, so a plan at the bound is proven best. Beside it: chance, and OR-tools' CP-SAT
with one real second for each round on two processors, of which few conferences are enough. Groups by topic are held
against the optimum of an integer program.
"""

import asyncio
import json
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from statistics import mean, quantiles
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from benchmarks.harness import Result, less_is_better, more_is_better
from services.session.adapters.planner import Planner
from services.session.domain.seating import sizes
from services.session.methods.mixing import lower_bound, pair_costs
from services.session.methods.plans import Plan, Question, plan
from services.session.methods.topics import BEST, FIFTH, MAXIMUM, MINIMUM, groups_each, total, wish_costs

CONFERENCES, FEW, ROUNDS = 100, 5, 3
ATTRIBUTES = {"age": 5, "gender": 3, "street": 6, "newcomer": 2}
"""How many values each has."""

PEOPLE = tuple(f"person-{number:02}" for number in range(50))
CP_SAT = "ortools==9.15.6755"

People: TypeAlias = tuple[dict[str, str], ...]
Met: TypeAlias = NDArray[np.float64]
Groups: TypeAlias = list[list[int]]
Plans: TypeAlias = Callable[[Met, People, int], Groups | None]


class Rounds(NamedTuple):
    """What some conferences came to.

    Args:
        repeats: for each conference, the meetings of two people who had met before.
        gaps: for each round, by how much its cost exceeds the bound, as a share of it.
        cpu_ms: processor time of each plan.
        without: rounds for which no plan was found.
    """

    repeats: list[int]
    gaps: list[float]
    cpu_ms: list[float]
    without: int


def attributes(people: int, seed: int) -> People:
    """Residents of a neighbourhood, as different as chance has them."""
    rng = np.random.default_rng(seed)
    return tuple({name: str(rng.integers(values)) for name, values in ATTRIBUTES.items()} for _ in range(people))


def ours(met: Met, known: People, seed: int) -> Groups:
    """The groups of the session service."""
    people = PEOPLE[: len(known)]
    pairs = tuple((i, j, int(met[i, j])) for i, j in combinations(range(len(people)), 2) if met[i, j])
    found = plan(Question(mode="mix", people=people, met=pairs, attributes=known, seed=seed))
    return [[people.index(person) for person in group] for group, _ in found.groups]


def by_chance(_: Met, known: People, seed: int) -> Groups:
    """Groups of the same sizes by lot."""
    order = np.random.default_rng(seed).permutation(len(known))
    ends = np.cumsum(sizes(len(known)))
    return [part.tolist() for part in np.split(order, ends[:-1])]


@contextmanager
def cp_sat() -> Iterator[Plans]:
    """OR-tools, fetched the first time into an environment of its own."""
    uv, script = Path(".tools/bin/uv"), Path(__file__).parent / "peers" / "cp_sat.py"
    command = [str(uv), "run", "--quiet", "--no-project", "--with", CP_SAT, "python", str(script)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked, answered = process.stdin, process.stdout

        def groups(met: Met, known: People, _: int) -> Groups | None:
            each = sizes(len(known))
            question = {"costs": pair_costs(met, known, {}).tolist(), "sizes": each, "seconds": 1.0}
            print(json.dumps(question), file=asked, flush=True)
            places: list[int] | None = json.loads(answered.readline())
            if places is None:
                return None
            return [[person for person, place in enumerate(places) if place == group] for group in range(len(each))]

        yield groups
        asked.close()


def rounds(plans: Plans, people: int, conferences: int) -> Rounds:
    """Plans every round of some conferences; who has no plan is not moved."""
    found = Rounds([], [], [], 0)
    for conference in range(conferences):
        known, met, repeats = attributes(people, conference), np.zeros((people, people)), 0
        for number in range(ROUNDS):
            began = time.process_time()
            groups = plans(met, known, 1000 * conference + number)
            found.cpu_ms.append(1000 * (time.process_time() - began))
            if groups is None:
                found = found._replace(without=found.without + 1)
                continue
            costs, bound = pair_costs(met, known, {}), lower_bound(sizes(people), known, {})
            pairs = [pair for group in groups for pair in combinations(group, 2)]
            found.gaps.append(float(sum(costs[pair] for pair in pairs)) / bound - 1)
            repeats += sum(bool(met[pair]) for pair in pairs)
            for one, other in pairs:
                met[one, other] += 1
                met[other, one] += 1
        found.repeats.append(repeats)
    return found


def mixed() -> list[Result]:
    """New and different partners, three rounds."""
    shown = []
    for people in (50, 46, 42):
        here, lot = rounds(ours, people, CONFERENCES), rounds(by_chance, people, CONFERENCES)
        exact = 100 * mean(gap <= 1e-9 for gap in here.gaps)
        name = f"{people} people, {ROUNDS} rounds"
        shown += [
            less_is_better(f"{name}: repeats", mean(here.repeats), "meetings", target=0.0),
            Result(name=f"{name}: repeats by lot", value=mean(lot.repeats), unit="meetings"),
            more_is_better(f"{name}: rounds at the bound", exact, "%", target=90.0),
            less_is_better(f"{name}: mean gap", 100 * mean(here.gaps), "%", target=0.5),
            less_is_better(f"{name}: widest gap", 100 * max(here.gaps), "%", target=7.0),
            Result(name=f"{name}: mean gap by lot", value=100 * mean(lot.gaps), unit="%"),
            less_is_better(f"{name}: CPU of a plan, p99", quantiles(here.cpu_ms, n=100)[98], "ms", target=60.0),
        ]
    with cp_sat() as solver:
        peer, same = rounds(solver, 50, FEW), rounds(ours, 50, FEW)
    name, rival = f"{FEW} conferences of 50", "CP-SAT 1 s"
    gap = 100 * mean(peer.gaps) if peer.gaps else float("nan")
    return [
        *shown,
        less_is_better(f"{name}: repeats", mean(same.repeats), "meetings", peer=rival, peer_value=mean(peer.repeats)),
        less_is_better(f"{name}: mean gap", 100 * mean(same.gaps), "%", peer=rival, peer_value=gap),
        Result(name=f"{name}: rounds without a plan of {rival}", value=float(peer.without), unit="rounds"),
    ]


async def at_once(conferences: int) -> float:
    """Real seconds until so many conferences have their third round, in two workers that are warm."""
    planner = Planner(workers=2)
    questions = []
    for number in range(conferences):
        people = 40 + number % 11
        known, met = attributes(people, number), np.zeros((people, people))
        for earlier in range(ROUNDS - 1):
            for group in by_chance(met, known, 1000 * number + earlier):
                for one, other in combinations(group, 2):
                    met[one, other] = met[other, one] = 1
        pairs = tuple((i, j, 1) for i, j in combinations(range(people), 2) if met[i, j])
        questions.append(Question(mode="mix", people=PEOPLE[:people], met=pairs, attributes=known, seed=number))
    try:
        await asyncio.gather(*(planner.plan(question) for question in questions[:8]))
        began = time.perf_counter()
        await asyncio.gather(*(planner.plan(question) for question in questions))
        return time.perf_counter() - began
    finally:
        planner.close()


class Wishes(NamedTuple):
    """What became of the wishes of fifty people.

    Args:
        excess: by how much the cost of all exceeds that of all optima, as a share of it.
        first: the share of people who got their first wish.
        cpu_ms: processor time of a plan, the 99th percentile.
    """

    excess: float
    first: float
    cpu_ms: float


def wishing(topics: int, seed: int) -> Question:
    """Fifty people who wish for five topics each; some topics are wished by many, as they are in life."""
    rng = np.random.default_rng(seed)
    names = tuple(f"topic-{number}" for number in range(topics))
    dear = 1 / np.arange(1, topics + 1)
    chance = dear / dear.sum()
    wishes = tuple(tuple(str(one) for one in rng.choice(names, 5, replace=False, p=chance)) for _ in PEOPLE)
    return Question(mode="topic", people=PEOPLE, topics=names, wishes=wishes, seed=seed)


def places(found: Plan, question: Question) -> list[int]:
    """The number of each person's topic."""
    place = {person: question.topics.index(str(topic)) for group, topic in found.groups for person in group}
    return [place[person] for person in question.people]


def by_topic(topics: int, seeds: Sequence[int]) -> Wishes:
    """Groups by topic of some conferences."""
    spent, least, first, cpu = 0.0, 0.0, 0, []
    for seed in seeds:
        question = wishing(topics, seed)
        began = time.process_time()
        found = plan(question)
        cpu.append(1000 * (time.process_time() - began))
        costs = wish_costs(question.wishes, question.topics)
        place = places(found, question)
        spent += total(costs, place)
        least += optimum(costs)
        first += int((costs[np.arange(len(PEOPLE)), place] == 0).sum())
    return Wishes(spent / least - 1, first / (len(PEOPLE) * len(seeds)), quantiles(cpu, n=100)[98])


def optimum(costs: NDArray[np.float64]) -> float:
    """The least cost that any assignment has, by an integer program; its rules are those of `methods/topics.py`.

    Variables: who takes which topic, then of each topic whether it is open, and its fifth seats that are taken.
    """
    people, topics = costs.shape
    each = groups_each(people, topics)
    members = np.kron(np.ones(people), np.eye(topics))  # the row of a topic counts its people
    one, none = np.eye(topics), np.zeros((topics, topics))
    person = np.hstack([np.kron(np.eye(people), np.ones(topics)), np.zeros((people, 2 * topics))])
    limits = [
        LinearConstraint(person, 1, 1),
        LinearConstraint(np.hstack([members, -MINIMUM * one, none]), 0, np.inf),
        LinearConstraint(np.hstack([members, -MAXIMUM * each * one, none]), -np.inf, 0),
        LinearConstraint(np.hstack([members, none, -one]), -np.inf, BEST * each),
    ]
    price = np.concatenate([costs.ravel(), np.zeros(topics), np.full(topics, FIFTH)])
    upper = np.concatenate([np.ones(people * topics + topics), np.full(topics, people)])
    solved = milp(price, constraints=limits, integrality=np.ones(len(price)), bounds=Bounds(0, upper))
    assert solved.success, solved.message
    return float(solved.fun)


def run() -> list[Result]:
    """Repeats, differences, wishes, and what plans cost."""
    shown = mixed()
    shown.append(less_is_better("200 conferences at once, 2 workers", asyncio.run(at_once(200)), "s", target=3.0))
    for topics in (8, 12, 13):
        found = by_topic(topics, range(30))
        name = f"50 people, {topics} topics"
        shown += [
            less_is_better(f"{name}: over the optimum", 100 * found.excess, "%", target=2.0),
            Result(name=f"{name}: first wishes", value=100 * found.first, unit="%"),
            less_is_better(f"{name}: CPU of a plan, p99", found.cpu_ms, "ms", target=60.0),
        ]
    return shown
