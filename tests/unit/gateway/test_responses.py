# SPDX-License-Identifier: Apache-2.0
"""Whole answers that are kept: within bounds, whatever variables clients think of."""

from typing import Any, cast

from gateway.execution.params import Params
from gateway.execution.responses import PublicReads

LIMIT = 100_000


class Asked:
    """An operation as far as its answers are kept by it."""

    key = b"k" * 32
    name = "Conference"


def ask(reads: PublicReads, **variables: Any) -> Any:
    return reads.begin(cast("Any", Asked()), Params("", variables), "application/json")


def test_the_variables_of_clients_are_counted_with_their_answers() -> None:
    reads = PublicReads(lambda: 0, limit=LIMIT, now=lambda: 0.0)
    for number in range(1000):
        reads.keep(ask(reads, id=number, beside="x" * 10_000), b"{}", 60)
    assert sum(len(key[2]) for key in reads._kept) <= LIMIT
    assert ask(reads, id=999, beside="x" * 10_000).known is not None


def test_many_small_answers_are_bounded_too() -> None:
    reads = PublicReads(lambda: 0, limit=LIMIT, now=lambda: 0.0)
    for number in range(1000):
        reads.keep(ask(reads, id=number), b"{}", 60)
    assert len(reads._kept) < 300


def test_an_answer_that_is_kept_again_is_counted_once() -> None:
    reads = PublicReads(lambda: 0, limit=LIMIT, now=lambda: 0.0)
    for length in (10_000, 20, 5_000):
        reads.keep(ask(reads, id=1), b"x" * length, 60)
    alone = reads._size
    reads.keep(ask(reads, id=2), b"x" * 5_000, 60)
    assert reads._size == 2 * alone


def test_an_answer_longer_than_all_there_is_room_for_is_not_kept() -> None:
    reads = PublicReads(lambda: 0, limit=LIMIT, now=lambda: 0.0)
    reads.keep(ask(reads, id=1), b"x" * (LIMIT + 1), 60)
    assert (len(reads._kept), reads._size) == (0, 0)
