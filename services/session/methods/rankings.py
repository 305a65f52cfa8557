# SPDX-License-Identifier: Apache-2.0
"""What many rankings say together: points that everybody can add up, and places that decide.

A ranking names options by number, the best first. Options that it leaves out are all worse than those it names and
equal among themselves.
"""

from collections.abc import Sequence


def borda(options: int, rankings: Sequence[Sequence[int]]) -> list[int]:
    """The points of each option: one for every other option above which a ballot puts it.

    The count of Jean-Charles de Borda (Mémoire sur les élections au scrutin, 1781): of n options the first of a full
    ranking gets n - 1 points, the last none. In a ranking that leaves options out, these get none.

    Args:
        options: how many there are, numbered from 0.
        rankings: one for each ballot.
    """
    points = [0] * options
    for ranking in rankings:
        for rank, option in enumerate(ranking):
            points[option] += options - 1 - rank
    return points


def schulze(options: int, rankings: Sequence[Sequence[int]]) -> list[int]:
    """The place of each option, from 1; options of which none beats the other share a place.

    The method of Markus Schulze (A new monotonic, clone-independent, reversal symmetric, and Condorcet-consistent
    single-winner election method, Social Choice and Welfare 36, 2011), with the number of ballots that prefer an option
    as the strength of a link: option a beats b when its strongest path to b is stronger than the one back. An option
    that wins every comparison with another one is always first. Takes time with the third power of the options.

    Args:
        options: how many there are, numbered from 0.
        rankings: one for each ballot.
    """
    numbers = range(options)
    preferred = [[0] * options for _ in numbers]
    for ranking in rankings:
        rest = set(numbers)
        for better in ranking:
            rest.discard(better)
            for worse in rest:
                preferred[better][worse] += 1
    path = [[preferred[a][b] if preferred[a][b] > preferred[b][a] else 0 for b in numbers] for a in numbers]
    for via in numbers:
        for a in numbers:
            for b in numbers:
                path[a][b] = max(path[a][b], min(path[a][via], path[via][b]))
    return [1 + sum(path[other][one] > path[one][other] for other in numbers) for one in numbers]
