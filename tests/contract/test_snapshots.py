# SPDX-License-Identifier: Apache-2.0
"""What is kept of a long stream: states that read back as they were, under a version that rises with every change.

When one of the first tests fails: raise `version` of the decider's `Snapshotted`, then
`python -m tests.contract.golden write`.
"""

import typing
from random import Random
from types import UnionType
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from services.chassis.decider import Decider, Snapshotted
from services.chassis.snapshots import pack, unpack
from services.ideas.domain.voting import DOTS
from services.session.domain.ballot import BALLOT
from tests.contract.golden import kept
from tests.contract.golden.histories import history
from tests.contract.golden.kept import plain, shape

LONGER = {
    "registration.app", "registration.conference", "registration.four_eyes", "registration.staff_member",
    "session.roster", "session.groups", "session.chat", "session.help", "session.reports", "rooms.venue",
    "session.timetable", "ideas.evening", "ideas.sheet", "ideas.jury_round",
}  # fmt: skip
"""The streams that can exceed 200 events."""

every_kept = pytest.mark.parametrize("decider", kept.rules().values(), ids=lambda one: one.name)


@every_kept
def test_a_kept_state_has_a_file_with_its_fields_and_events(decider: Decider[Any, Any, Any]) -> None:
    assert kept.path(decider).exists(), "write it: python -m tests.contract.golden write"
    content = kept.read(decider)
    assert content.states == kept.states(decider), f"{decider.name}: the state's fields changed, raise the version"
    assert content.topics == kept.topics(decider), f"{decider.name}: its events changed, raise the version"


@every_kept
def test_the_same_state_follows_as_when_the_version_was_new(decider: Decider[Any, Any, Any]) -> None:
    content = kept.read(decider)
    assert kept.folded(decider, content) == content.follows, f"{decider.name}: evolve changed, raise the version"
    assert len({topic for topic, _ in content.history}) >= 0.8 * len(content.topics), "the example shows little"


@every_kept
@settings(max_examples=25)
@given(chance=st.randoms(use_true_random=False), length=st.integers(1, 60), cut=st.floats(0, 1))
def test_a_snapshot_and_the_tail_give_what_the_whole_stream_gives(
    decider: Decider[Any, Any, Any], chance: Random, length: int, cut: float
) -> None:
    assert decider.snapshot is not None
    events = history(decider, chance, length)
    place = round(cut * len(events))
    before = decider.fold(decider.initial, events[:place])
    read = unpack(decider.snapshot, *pack(decider.snapshot, before))
    assert (type(read), read) == (type(before), before)
    assert plain(read) == plain(before)
    assert plain(decider.fold(read, events[place:])) == plain(decider.fold(decider.initial, events))


@every_kept
def test_every_state_that_can_follow_is_one_that_can_be_kept(decider: Decider[Any, Any, Any]) -> None:
    assert decider.snapshot is not None
    returned = typing.get_type_hints(decider.evolve)["return"]
    states = typing.get_args(returned) if isinstance(returned, UnionType) else (returned,)
    assert set(decider.snapshot.states) == set(states)


def test_exactly_the_streams_that_can_grow_long_have_snapshots() -> None:
    assert set(kept.rules()) == LONGER


def test_ballots_have_no_snapshots() -> None:
    assert (BALLOT.snapshot, DOTS.snapshot) == (None, None)


class Inner(msgspec.Struct, frozen=True):
    one: tuple[str, ...]


class Outer(msgspec.Struct, frozen=True):
    inner: Inner | None
    many: dict[tuple[str, str], frozenset[int]] = {}


@pytest.mark.parametrize(
    "fields",
    [
        [("inner", Inner | None)],
        [("inner", Inner), ("many", dict[tuple[str, str], frozenset[int]])],
        [("inner", Inner | None), ("many", dict[tuple[str, str], frozenset[str]])],
        [("inner", Inner | None), ("many", dict[tuple[str, ...], frozenset[int]])],
        [("inner", Inner | None), ("more", dict[tuple[str, str], frozenset[int]])],
        [("inner", Inner | None), ("many", dict[tuple[str, str], frozenset[int]]), ("more", int, 0)],
    ],
)
def test_every_change_of_a_states_fields_is_noticed(fields: Any) -> None:
    other = msgspec.defstruct("Outer", fields, frozen=True)
    assert shape(inspect.type_info(other)) != shape(inspect.type_info(Outer))


def test_a_state_that_the_rule_does_not_name_is_not_kept() -> None:
    with pytest.raises(ValueError, match="Inner"):
        pack(Snapshotted((Outer,)), Inner(()))
