# SPDX-License-Identifier: Apache-2.0
"""The ranking of a jury round: the weighted mean of the scores beside one corrected for the severity of jurors.

Jurors use the scale differently. The scores of a juror with enough reviews are standardised (z-score), those of one
with few are centred only, and both are put back on the common scale. Anybody can recompute both from the scores.
"""

import hashlib
import hmac
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ENOUGH_REVIEWS = 5
"""Reviews of a juror from which their spread says something."""
LEAST_SPREAD = 0.3
"""A juror who hardly differentiates is not blown up."""


class Score(NamedTuple):
    """One complete review: numbers of juror and idea, scores in the order of the criteria."""

    juror: int
    idea: int
    scores: tuple[int, ...]


class Place(NamedTuple):
    """One idea in the ranking; an idea without a review has zeros and stands last."""

    idea: int
    rank: int
    raw: float
    corrected: float
    reviews: int


def rank(ideas: Sequence[str], weights: Sequence[int], reviews: Sequence[Score], lot: bytes) -> list[Place]:
    """Ranks ideas by corrected score; between equals the heaviest criterion decides, then a lot.

    Args:
        ideas: ids of all ideas of the round.
        weights: of the criteria; the first of the heaviest ones decides between equals.
        reviews: the complete reviews.
        lot: public key of the lot (HMAC-SHA-256 over the id of the idea), such as the id of the round.

    Returns:
        The best idea first.
    """
    count = np.zeros(len(ideas), dtype=int)
    raw, corrected, heaviest = np.zeros(len(ideas)), np.zeros(len(ideas)), np.zeros(len(ideas))
    if reviews:
        juror = np.array([review.juror for review in reviews])
        idea = np.array([review.idea for review in reviews])
        scores = np.array([review.scores for review in reviews], dtype=float)
        values = scores @ np.array(weights, dtype=float) / sum(weights)
        count = np.bincount(idea, minlength=len(ideas))
        some = np.maximum(count, 1)
        raw = np.bincount(idea, weights=values, minlength=len(ideas)) / some
        corrected = np.bincount(idea, weights=_corrected(juror, values), minlength=len(ideas)) / some
        heaviest = np.bincount(idea, weights=scores[:, int(np.argmax(weights))], minlength=len(ideas)) / some

    def order(nth: int) -> tuple[bool, float, float, bytes]:
        drawn = hmac.digest(lot, ideas[nth].encode(), hashlib.sha256)
        return (count[nth] == 0, -round(corrected[nth], 6), -round(heaviest[nth], 6), drawn)

    return [
        Place(nth, place, round(float(raw[nth]), 6), round(float(corrected[nth]), 6), int(count[nth]))
        for place, nth in enumerate(sorted(range(len(ideas)), key=order), start=1)
    ]


def _corrected(juror: NDArray[np.int_], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each review's value without the severity of its juror, on the scale of all reviews together."""
    number = np.bincount(juror)
    mean = np.bincount(juror, weights=values) / np.maximum(number, 1)
    residual = values - mean[juror]
    spread = np.sqrt(np.bincount(juror, weights=residual**2) / np.maximum(number, 1))
    common = max(float(np.sqrt(np.mean(residual**2))), LEAST_SPREAD)
    scale = np.where(number >= ENOUGH_REVIEWS, common / np.maximum(spread, LEAST_SPREAD), 1.0)
    # Of a single review nobody can tell the severity from the quality of the idea: it stays as it is.
    return np.where(number[juror] == 1, values, values.mean() + residual * scale[juror])
