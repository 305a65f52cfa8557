# SPDX-License-Identifier: Apache-2.0
"""What the gateway knows of where conferences belong, and when it asks registration again."""

from typing import Any

import msgspec

from gateway.places import MISSED_SECONDS, PAGE, SAFETY_SECONDS, Places
from services.chassis.refusals import Unavailable
from services.chassis.requests import Reply
from services.contracts import registration
from tests.gateway.city import START

EPOCH = "e" * 32


def conference(number: int) -> registration.Conference:
    return registration.Conference(
        conference_id=f"{number:032x}", series_id="5e" * 16, district_id="d1" * 16, district_name="Stühlinger",
        title="", status="OPEN", starts_at=START, zone="Europe/Berlin", language="de", capacity=50, seats_taken=0,
        waiting=0,
    )  # fmt: skip


class Town:
    """Registration, and a clock."""

    def __init__(self, conferences: int) -> None:
        self.conferences = [conference(number) for number in range(conferences)]
        self.position = 1
        self.away = False
        self.asked: list[str | None] = []
        self.now = 1000.0
        self.places = Places(self.ask, now=lambda: self.now)

    async def ask(self, query: registration.ListConferences, after: str | None) -> Reply[Any]:
        self.asked.append(after)
        if self.away:
            return Reply(None, Unavailable(service="registration"))
        start = int(query.cut.after or 0)
        items = tuple(self.conferences[start : start + PAGE])
        keys = tuple(str(start + number + 1) for number in range(len(items)))
        more = start + PAGE < len(self.conferences)
        stale = after is not None and int(after.partition(":")[2]) > self.position
        found = registration.Conferences(items=items, keys=keys, more=more)
        return Reply(found, None, f"{EPOCH}:{self.position}", stale)


HERE = ("series:" + "5e" * 16, "district:" + "d1" * 16)


async def test_all_conferences_are_asked_for_once_page_by_page() -> None:
    town = Town(2 * PAGE + 1)
    assert town.places.scopes(f"{0:032x}") == ()
    assert await town.places.settled()
    assert len(town.asked) == 3
    assert {town.places.scopes(f"{number:032x}") for number in range(2 * PAGE + 1)} == {HERE}
    assert await town.places.settled()
    assert len(town.asked) == 3


async def test_what_was_announced_up_to_a_position_is_known() -> None:
    town = Town(1)
    await town.places.settled()
    town.conferences.append(conference(1))
    town.position = 7
    assert await town.places.settled(f"{EPOCH}:7")
    assert town.places.scopes(f"{1:032x}") == HERE
    assert await town.places.settled(f"{EPOCH}:6")
    assert await town.places.settled("another:9")
    assert town.asked == [None, f"{EPOCH}:7"]


async def test_an_announcement_is_heard_without_asking() -> None:
    town = Town(0)
    await town.places.settled()
    event = registration.ConferenceAnnounced(
        at=START, conference_id="a" * 32, series_id="5e" * 16, district_id="d1" * 16, title="", starts_at=START,
        zone="Europe/Berlin", capacity=50, language="de", script="full-evening",
    )  # fmt: skip
    await town.places._on_message(msgspec.defstruct("Told", [("data", bytes)])(msgspec.json.encode(event)))
    assert town.places.scopes("a" * 32) == HERE
    assert len(town.asked) == 1


async def test_what_may_have_been_missed_is_asked_for_again() -> None:
    town = Town(1)
    await town.places.settled()
    town.places.scopes("f" * 32)  # nobody knows it
    await town.places.settled()
    assert len(town.asked) == 1
    town.now += MISSED_SECONDS + 0.1
    await town.places.settled()
    assert len(town.asked) == 2
    town.places.doubt()  # the connection was lost
    await town.places.settled()
    assert len(town.asked) == 3
    town.now += SAFETY_SECONDS + 1
    await town.places.settled()
    assert len(town.asked) == 4


async def test_while_registration_is_away_what_was_known_holds_and_it_is_not_asked_without_end() -> None:
    town = Town(1)
    town.away = True
    assert not await town.places.settled()
    assert not await town.places.settled()
    assert len(town.asked) == 1
    town.now += 2
    town.away = False
    assert await town.places.settled()
    town.away = True
    town.now += SAFETY_SECONDS + 1
    assert await town.places.settled()
    assert town.places.scopes(f"{0:032x}") == HERE


async def test_a_position_that_nobody_has_reached_does_not_keep_registration_busy() -> None:
    town = Town(1)
    await town.places.settled()
    for _ in range(5):
        assert await town.places.settled(f"{EPOCH}:999")
    assert town.asked == [None, f"{EPOCH}:999"]
    town.now += 2
    assert await town.places.settled(f"{EPOCH}:999")
    assert len(town.asked) == 3
