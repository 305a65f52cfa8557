# SPDX-License-Identifier: Apache-2.0
"""Between events and the log: stable topics, old versions lifted, unknown ones refused by name."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.decider import Event, Sealed
from services.chassis.mapper import Mapper, UnknownEvent, topic_of


class Point(msgspec.Struct, frozen=True):
    x: int
    label: str | None = None


class Noted(Event, frozen=True, kw_only=True):
    TOPIC = "test.noted"

    at: datetime
    text: Sealed
    points: tuple[Point, ...] = ()
    counts: dict[str, int] = {}


class Renamed(Event, frozen=True, kw_only=True):
    TOPIC = "test.renamed"
    VERSION = 3

    title: str
    minutes: int
    extra: str = "none"

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> dict[str, Any]:
        return {"title": state["name"]}

    @staticmethod
    def upcast_v2_v3(state: dict[str, Any]) -> dict[str, Any]:
        return state | {"minutes": 5}


MAPPER = Mapper([Noted, Renamed])


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.binary(),
    st.lists(st.builds(Point, st.integers(-(2**60), 2**60), st.none() | st.text()), max_size=4),
    st.dictionaries(st.text(), st.integers(-(2**60), 2**60), max_size=4),
)
def test_what_is_read_is_what_was_written(
    at: datetime, box: bytes, points: list[Point], counts: dict[str, int]
) -> None:
    event = Noted(at=at, text=Sealed("f" * 32, box), points=tuple(points), counts=counts)
    assert MAPPER.decode(*MAPPER.encode(event)) == event


def test_the_topic_names_the_version_from_the_second_on() -> None:
    assert MAPPER.topic(Noted) == "test.noted"
    assert MAPPER.topic(Renamed) == "test.renamed/3"
    assert topic_of(Renamed, 1) == "test.renamed"
    assert MAPPER.topics([Noted, Renamed]) == [
        "test.noted",
        "test.renamed",
        "test.renamed/2",
        "test.renamed/3",
    ]


@pytest.mark.parametrize(
    ("topic", "state"),
    [
        ("test.renamed", b'{"name":"Lobby"}'),
        ("test.renamed/2", b'{"title":"Lobby"}'),
        ("test.renamed/3", b'{"title":"Lobby","minutes":5}'),
    ],
)
def test_every_older_version_is_lifted_to_the_present_one(topic: str, state: bytes) -> None:
    assert MAPPER.decode(topic, state) == Renamed(title="Lobby", minutes=5)


def test_a_field_that_a_later_release_added_is_passed_over() -> None:
    assert MAPPER.decode("test.renamed/3", b'{"title":"L","minutes":1,"later":[1]}') == Renamed(title="L", minutes=1)


@pytest.mark.parametrize("topic", ["test.renamed/4", "test.unheard_of", "test.noted/2"])
def test_an_event_of_a_newer_release_is_refused_by_its_topic(topic: str) -> None:
    with pytest.raises(UnknownEvent, match=topic) as caught:
        MAPPER.decode(topic, b"{}")
    assert caught.value.topic == topic


def test_a_state_with_other_fields_than_its_version_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        MAPPER.decode("test.renamed/3", b'{"title":1,"minutes":1}')


def test_two_events_cannot_share_a_topic() -> None:
    class Twin(Event, frozen=True, kw_only=True):
        TOPIC = "test.noted"

    with pytest.raises(ValueError, match=r"test\.noted"):
        Mapper([Noted, Twin])


def test_a_version_without_its_upcast_is_a_mistake() -> None:
    class Hasty(Event, frozen=True, kw_only=True):
        TOPIC = "test.hasty"
        VERSION = 2

    with pytest.raises(ValueError, match="upcast_v1_v2"):
        Mapper([Hasty])


def test_naming_an_event_twice_is_no_mistake() -> None:
    assert Mapper([Noted, Noted]).events == (Noted,)
