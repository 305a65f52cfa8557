# SPDX-License-Identifier: Apache-2.0
"""Groups as a general solver finds them: OR-tools' CP-SAT, in a Python of its own.

Reads one question a line, `{"costs": [[...]], "sizes": [...], "seconds": 1.0}`, and answers each with the group of each
person, or null when it found none in time.
"""

import json
import sys
from itertools import combinations
from typing import Any

from ortools.sat.python import cp_model


def solve(costs: list[list[float]], sizes: list[int], seconds: float) -> list[int] | None:
    """The group of each person."""
    model: Any = cp_model.CpModel()
    people, groups = range(len(costs)), range(len(sizes))
    sits = [[model.new_bool_var(f"{person} in {group}") for group in groups] for person in people]
    for person in people:
        model.add_exactly_one(sits[person])
    for group in groups:
        model.add(sum(sits[person][group] for person in people) == sizes[group])
    weighed = []
    for one, other in combinations(people, 2):
        if costs[one][other]:
            together = model.new_bool_var(f"{one} with {other}")
            for group in groups:
                model.add(sits[one][group] + sits[other][group] - together <= 1)
            weighed.append(int(costs[one][other]) * together)
    model.minimize(sum(weighed))
    solver: Any = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 2
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return [next(group for group in groups if solver.value(sits[person][group])) for person in people]


for line in sys.stdin:
    print(json.dumps(solve(**json.loads(line))), flush=True)
