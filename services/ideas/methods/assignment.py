# SPDX-License-Identifier: Apache-2.0
"""Who reviews what: equal numbers of reviews per idea, equal loads per juror, no conflict of interest.

An integer programme whose costs are random: among all balanced assignments one is drawn, so that the severity
of jurors can be corrected afterwards. The same seed gives the same assignment.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, vstack

Pairs = list[tuple[int, int]]
"""Numbers of juror and idea."""


def assign(allowed: NDArray[np.bool_], reviews_per_idea: int, seed: int) -> Pairs:
    """Assigns ideas to jurors.

    Every idea gets `reviews_per_idea` reviews, or as many as there are jurors without a conflict. Loads differ by at
    most one unless conflicts force more; then the difference is widened step by step.

    Args:
        allowed: jurors x ideas, False where there is a conflict.
        reviews_per_idea: wanted number of reviews.
        seed: of the random costs.

    Returns:
        The pairs, sorted.
    """
    jurors, ideas = np.nonzero(allowed)
    if len(jurors) == 0:
        return []
    count_jurors, count_ideas = allowed.shape
    wanted = np.minimum(reviews_per_idea, allowed.sum(axis=0))
    total = int(wanted.sum())
    costs = np.random.default_rng(seed).random(len(jurors))
    columns, ones = np.arange(len(jurors)), np.ones(len(jurors))
    matrix = vstack(
        [
            coo_array((ones, (ideas, columns)), shape=(count_ideas, len(jurors))),
            coo_array((ones, (jurors, columns)), shape=(count_jurors, len(jurors))),
        ],
        format="csr",
    )
    fewest, most = total // count_jurors, -(-total // count_jurors)
    wider = 0
    while True:
        low = np.full(count_jurors, max(0, fewest - wider))
        high = np.full(count_jurors, most + wider)
        solution = milp(
            costs,
            integrality=np.ones(len(jurors), dtype=int),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(matrix, np.concatenate([wanted, low]), np.concatenate([wanted, high])),
        )
        if solution.x is not None:
            chosen = np.flatnonzero(solution.x > 0.5)
            return sorted((int(jurors[nth]), int(ideas[nth])) for nth in chosen)
        if wider > total:
            raise RuntimeError(f"no assignment found: {solution.message}")
        wider = max(1, 2 * wider)
