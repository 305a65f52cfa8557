# SPDX-License-Identifier: Apache-2.0
"""Every event version ever released stays readable, and no version changes its shape.

When one of these fails: give the event a new VERSION with an upcast, then `python -m tests.contract.golden write`.
"""

from typing import Any

import msgspec
import pytest

from services.chassis.contract import ContractEvent
from services.chassis.decider import Event
from tests.contract.golden import corpus
from tests.contract.golden.corpus import Golden
from tests.contract.golden.example import example
from tests.contract.golden.shape import shape


@pytest.mark.parametrize("golden", corpus.present(), ids=str)
def test_an_event_has_a_file_with_its_shape(golden: Golden) -> None:
    assert golden.path.exists(), "write it: python -m tests.contract.golden write"
    assert corpus.read(golden).shape == shape(corpus.present()[golden]), (
        f"{golden} changed its fields: raise VERSION, add the upcast, and write the new file"
    )


@pytest.mark.parametrize("golden", corpus.kept(), ids=str)
def test_what_was_written_once_can_still_be_read(golden: Golden) -> None:
    event = corpus.decode(golden, bytes(corpus.read(golden).example))
    assert isinstance(event, Event | ContractEvent)


@pytest.mark.parametrize("golden", corpus.present(), ids=str)
def test_an_event_is_written_as_its_file_says(golden: Golden) -> None:
    stored = bytes(corpus.read(golden).example)
    event = corpus.decode(golden, stored)
    assert msgspec.json.decode(msgspec.json.encode(event)) == msgspec.json.decode(stored)


def test_no_version_between_the_first_and_the_present_one_is_missing() -> None:
    for golden in corpus.present():
        for version in range(1, golden.version + 1):
            assert Golden(golden.kind, golden.name, version).path.exists()


def test_a_topic_begins_with_the_name_of_its_service() -> None:
    for event in corpus.domain_events():
        assert event.TOPIC.split(".")[0] == event.__module__.split(".")[1], event


class Inner(msgspec.Struct, frozen=True):
    """Words."""

    a: int
    b: str | None = None


class Fact(Event, frozen=True, kw_only=True):
    """Words."""

    TOPIC = "test.fact"

    title: str
    inner: Inner
    several: tuple[Inner, ...] = ()


def renamed(fields: Any) -> type[msgspec.Struct]:
    return msgspec.defstruct("Renamed", fields, bases=(Event,), namespace={"TOPIC": "t"}, frozen=True, kw_only=True)


def test_names_of_classes_and_words_do_not_belong_to_the_shape() -> None:
    other = msgspec.defstruct("Other", [("a", int), ("b", str | None, None)], frozen=True)
    same = renamed([("title", str), ("inner", other), ("several", tuple[other, ...], ())])
    assert shape(same) == shape(Fact)


@pytest.mark.parametrize(
    "fields",
    [
        [("title", str), ("inner", Inner)],
        [("title", int), ("inner", Inner), ("several", tuple[Inner, ...], ())],
        [("title", str), ("inner", Inner | None), ("several", tuple[Inner, ...], ())],
        [("title", str, ""), ("inner", Inner), ("several", tuple[Inner, ...], ())],
        [("title", str), ("inner", Inner), ("several", tuple[Inner, ...], ()), ("more", int, 0)],
        [("description", str), ("inner", Inner), ("several", tuple[Inner, ...], ())],
    ],
)
def test_names_types_and_defaults_of_fields_belong_to_the_shape(fields: Any) -> None:
    assert shape(renamed(fields)) != shape(Fact)


def test_an_example_fills_every_field() -> None:
    assert example(Fact) == {
        "title": "title",
        "inner": {"a": 7, "b": "b"},
        "several": [{"a": 7, "b": "b"}],
    }
