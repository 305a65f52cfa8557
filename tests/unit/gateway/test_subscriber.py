# SPDX-License-Identifier: Apache-2.0
"""How a subscriber is told: in rounds, never more than its client reads, and again where a name was missing."""

import asyncio
import dataclasses
from typing import Any, cast

import msgspec

from gateway.live.hub import Hub
from gateway.live.subscriber import FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS
from gateway.live.topics import CONFERENCE
from gateway.live.views import Key
from gateway.live.visibility import Viewer
from services.contracts import session
from tests.unit.gateway.watching import SCOPE, Client, Show, hub, tell_now

EVENING = Key("session")
MIA = Viewer("a" * 32, staff=True)


def say(watched: Any, words: str) -> None:
    watched.views[EVENING] = words
    watched.history.note(EVENING, words)
    watched._tell_soon("session")


async def test_what_lacks_a_name_is_told_ever_more_rarely_until_it_is_complete(monkeypatch):
    delays: list[float] = []
    due: list[Any] = []

    def later(delay: float, call: Any) -> Any:
        delays.append(delay)
        due.append(call)

    watched = hub()
    say(watched, "clock")
    mia = Client(watched, MIA)
    monkeypatch.setattr(asyncio.get_running_loop(), "call_later", later, raising=False)
    watched.show.incomplete = True
    await mia.connect()
    for _ in range(6):
        due.pop()()
        assert mia.heard[-1].now == "clock"
    assert delays == [min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2**number) for number in range(7)]
    watched.show.incomplete = False
    due.pop()()
    told = len(mia.heard)
    assert not due
    watched.show.incomplete = True
    say(watched, "later")
    tell_now(watched)
    assert len(mia.heard) == told + 1
    assert delays[-1] == FIRST_RETRY_SECONDS


async def test_who_does_not_read_is_kept_nothing_for_and_hears_the_newest_when_they_read_again():
    watched = hub()
    say(watched, "0")
    mia, ben = Client(watched, MIA), Client(watched, MIA._replace(id="b" * 32))
    await mia.connect()
    await ben.connect()
    mia.stall(0)
    for number in range(1, 1000):
        say(watched, str(number))
        tell_now(watched)
    assert [change.now for change in ben.heard[1:]] == [str(number) for number in range(1, 1000)]
    assert len(mia.heard) == 1
    mia.read()
    assert [change.now for change in mia.heard[1:]] == ["999"]


async def test_all_who_are_told_the_same_are_told_by_one_message():
    watched = hub()
    say(watched, "0")
    clients = [Client(watched, MIA._replace(id=f"{number:032x}")) for number in range(50)]
    for client in clients:
        await client.connect()
    made = len(watched.show.told)
    say(watched, "1")
    tell_now(watched)
    assert len(watched.show.told) == made + 1
    assert {id(client.heard[-1]) for client in clients} == {id(clients[0].heard[-1])}


async def test_who_stand_alike_are_looked_at_once_and_written_to_one_after_the_other(monkeypatch):
    seen, order = CONFERENCE.parts, []
    watched = hub(dataclasses.replace(CONFERENCE, parts=lambda *asked: order.append("look") or seen(*asked)))
    say(watched, "0")
    residents = [Viewer(f"{number:032x}", staff=False) for number in range(3)]
    seated = tuple(viewer.id for viewer in residents)
    watched.views[Key("presence")] = session.PresenceView(conference_id=SCOPE, seated=seated, present=(), staff={})
    for viewer in (*residents, MIA, MIA._replace(id="b" * 32)):
        client = Client(watched, viewer)
        await client.connect()
        write = client.write
        monkeypatch.setattr(
            client, "write", lambda payload, viewer=viewer, write=write: order.append(viewer.staff) or write(payload)
        )
    order.clear()
    say(watched, "1")
    tell_now(watched)
    assert sorted(order, key=str) == [False] * 3 + [True] * 2 + ["look"] * 2
    assert order[0] == "look"
    assert order[1] != "look"


async def test_a_view_whose_answer_cannot_be_read_keeps_nobody_waiting():
    class Unreadable:
        async def ask(self, query: Any, actor: Any, *, after: str | None = None) -> Any:
            raise msgspec.ValidationError("of another version")

    watched = Hub(CONFERENCE, SCOPE, (), cast("Any", Show()), cast("Any", None), cast("Any", Unreadable()))
    mia = Client(watched, MIA)
    async with asyncio.timeout(60):
        await mia.connect()
    assert mia.heard == [{}]
    await watched.close()


async def test_one_subscription_with_a_defect_leaves_the_others_untouched(monkeypatch):
    watched = hub()
    say(watched, "0")
    mia, ben = Client(watched, MIA), Client(watched, MIA._replace(id="b" * 32))
    await mia.connect()
    await ben.connect()
    monkeypatch.setattr(mia, "write", lambda _: 1 / 0)
    say(watched, "1")
    tell_now(watched)
    assert isinstance(mia.failed, ZeroDivisionError)
    assert ben.heard[-1].now == "1"
