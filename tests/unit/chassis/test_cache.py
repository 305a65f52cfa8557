# SPDX-License-Identifier: Apache-2.0
"""Kept states: bounded, never older than what is known, and worthless in a log of another epoch."""

from uuid import UUID

from services.chassis.cache import StateCache
from services.chassis.decisions import Loaded

ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))


def cache(*streams: UUID, size: int = 2) -> StateCache:
    states = StateCache(size)
    states.get(ONE, "epoch")
    for stream in streams:
        states.put(Loaded(stream, "state", 0), "epoch")
    return states


def test_the_least_recently_used_state_is_forgotten() -> None:
    states = cache(ONE, TWO)
    states.get(ONE, "epoch")
    states.put(Loaded(THREE, "state", 0), "epoch")
    assert [states.get(stream, "epoch") is not None for stream in (ONE, TWO, THREE)] == [True, False, True]


def test_an_older_state_never_replaces_a_later_one() -> None:
    states = cache()
    states.put(Loaded(ONE, "later", 5), "epoch")
    states.put(Loaded(ONE, "earlier", 4), "epoch")
    known = states.get(ONE, "epoch")
    assert known is not None
    assert known.state == "later"


def test_another_epoch_empties_the_cache() -> None:
    states = cache(ONE, TWO)
    assert states.get(ONE, "other") is None
    assert len(states) == 0


def test_what_was_loaded_under_an_older_epoch_is_not_kept() -> None:
    states = cache()
    states.put(Loaded(ONE, "state", 0), "older")
    assert states.get(ONE, "epoch") is None


def test_a_discarded_state_is_gone() -> None:
    states = cache(ONE)
    states.discard(ONE)
    states.discard(TWO)
    assert states.get(ONE, "epoch") is None
