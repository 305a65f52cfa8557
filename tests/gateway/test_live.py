# SPDX-License-Identifier: Apache-2.0
"""Subscriptions: whatever happens on the way, snapshot plus changes is a fresh snapshot."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client import REGISTRY
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from gateway.client import Client, Closed, fold
from gateway.client.messages import document
from gateway.client.results import ConferenceSnapshot
from gateway.live.hub import TELL_SECONDS
from gateway.schema.relay import global_id
from services.chassis.decider import Sealed
from services.cli.embedded.nats import Nats, User
from services.contracts import ideas, registration, rooms, session
from services.contracts.shared import Reason
from tests.gateway.city import (
    ANNA,
    BEN,
    CEM,
    CONFERENCE,
    DORA,
    GROUP_1,
    GROUP_2,
    MODERATOR,
    START,
    City,
    evening,
    message,
    text,
)
from tests.gateway.conftest import Address, running

PROTOCOL = Subprotocol("graphql-transport-ws")
GID = global_id("Conference", CONFERENCE)
AT: dict[str, Any] = {"at": START, "conference_id": CONFERENCE}
LIVE: dict[str, Any] = {"conference_id": CONFERENCE, "position": 0}


class Picture:
    """What one client makes of a subscription."""

    def __init__(self, changes: AsyncIterator[Any]) -> None:
        self.now: ConferenceSnapshot | None = None
        self.kinds: list[str] = []
        self._changes = changes
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        self.now = await anext(self._changes)
        self._task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        async for news in self._changes:
            assert self.now is not None
            async with self._changed:
                self.kinds.append(type(news).__name__)
                self.now = fold(self.now, news)
                self._changed.notify_all()

    async def becomes(self, wanted: Any, seconds: float = 60.0) -> None:
        """Waits until the picture is `wanted`, or meets it."""
        meets = wanted if callable(wanted) else lambda now: plain(now) == plain(wanted)
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: meets(self.now))
        except TimeoutError:
            assert callable(wanted) or plain(self.now) == plain(wanted)
            raise

    async def end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._changes.aclose()  # type: ignore[attr-defined]


def plain(snapshot: ConferenceSnapshot | None) -> dict[str, Any]:
    """A snapshot without what differs between two of the same state, lists by id in one order."""
    found = msgspec.to_builtins(snapshot)
    del found["cursor"], found["serverTime"]
    for name in ("polls", "sheets", "help"):
        if found[name] is not None:
            found[name] = sorted(found[name], key=lambda item: item["id"])
    if found["board"] is not None:
        found["board"]["cards"] = sorted(found["board"]["cards"], key=lambda item: item["id"])
    found["chats"] = sorted(
        ({**chat, "messages": sorted(chat["messages"], key=lambda item: item["id"])} for chat in found["chats"]),
        key=lambda chat: chat["channel"],
    )
    return found


@asynccontextmanager
async def watching(gateway: Address, token: str) -> AsyncIterator[Picture]:
    async with Client(gateway.url, token) as client:
        picture = Picture(client.subscribe("ConferenceChanges", {"conferenceId": GID}))
        try:
            await picture.begin()
            yield picture
        finally:
            await picture.end()


def named(now: ConferenceSnapshot) -> bool:
    """Whether all names are in a picture: one that takes long is told when it is there."""
    return "'displayName': None" not in str(plain(now))


async def fresh(gateway: Address, token: str) -> ConferenceSnapshot:
    """A snapshot with all names."""
    async with watching(gateway, token) as picture:
        await picture.becomes(named)
        assert picture.now is not None
        return picture.now


def view(kind: type[Any], **changes: Any) -> Any:
    """The evening's view of this kind, changed."""
    return msgspec.structs.replace(next(one for one in evening() if type(one) is kind), **changes)


CARD = ideas.CardView(card_id="72" * 16, kind="OFFER", text="ein Auto", tags=(), author_id=ANNA, at=START)
SECOND_POLL = session.PollView(
    poll_id="91" * 16, kind="word_cloud", question=text("Ein Wort?"), options=(), open=True, ballots=0, tally=None
)
CALL = session.HelpCallView(
    call_id="ca" * 16, group_id=GROUP_1, asked_by=ANNA, reason="Ton", asked_at=START, claimed_by=None, resolved=False
)
REGROUPED = (
    session.GroupPlaced(group_id=GROUP_1, number=1, members=(BEN, CEM)),
    session.GroupPlaced(group_id=GROUP_2, number=2, members=(ANNA, DORA), mentor_id=MODERATOR),
)
MOVED = tuple(
    rooms.PlacementEntry(
        participant_id=one, room=f"r2.g{group.number}", confirmed=False, kind="group", group_id=group.group_id
    )
    for group in REGROUPED
    for one in group.members
)
SHEETS = view(ideas.Sheets).sheets
WRITTEN = msgspec.structs.replace(
    SHEETS[0],
    passages=(
        *SHEETS[0].passages,
        ideas.PassageView(passage_id="67" * 16, field="approach", text="bauen", author_id=ANNA, version=1),
    ),
)

CASES = {
    "phase": (view(session.SessionView, status="PAUSED", deadline=None), session.SessionPaused(**AT, run=1)),
    "announcement": (
        view(session.SessionView, announcement="Gleich geht es weiter"),
        session.BroadcastSent(**AT, message_id="b" * 32, text=Sealed("k", b"")),
    ),
    "groups": (
        view(session.GroupsView, generation=2, groups=REGROUPED),
        session.GroupsPlaced(**AT, generation=2, run=1, mode="mix", groups=()),
    ),
    "recall": (
        view(session.GroupsView, generation=2, groups=(), mode=None),
        session.GroupsRecalled(**AT, generation=2),
    ),
    "placement": (
        view(rooms.VenueView, generation=2, placements=MOVED),
        rooms.RoomOpened(**AT, generation=2, room="r2", kind="group"),
    ),
    "polls": (
        view(session.PollsView, polls=(*view(session.PollsView).polls, SECOND_POLL)),
        session.PollOpened(**AT, poll_id=SECOND_POLL.poll_id),
    ),
    "results": (
        view(session.PollsView, polls=(msgspec.structs.replace(view(session.PollsView).polls[0], ballots=3),)),
        session.PollResultsChanged(**LIVE),
    ),
    "cards": (
        view(ideas.BoardView, cards=(view(ideas.BoardView).cards[1], CARD)),
        ideas.CardsChanged(**LIVE),
    ),
    "kinds": (view(ideas.BoardView, open_kinds=()), ideas.CardsChanged(**LIVE)),
    "problems": (view(ideas.ProblemsView, open=True, voters=2), ideas.TopicsChosen(**AT, topics=())),
    "sheets": (view(ideas.Sheets, sheets=(WRITTEN, SHEETS[1])), ideas.SheetsChanged(**LIVE)),
    "chat": (
        session.ChatView(
            conference_id=CONFERENCE, channel="plenary", messages=(message("3", None, hidden=True), message("8", "Neu"))
        ),
        session.MessagePosted(**AT, message_id="8" * 32, channel="plenary"),
    ),
    "help": (view(session.HelpView, calls=(CALL,)), session.HelpRequested(**AT, call_id="ca" * 16, group_id=GROUP_1)),
    "presence": (view(session.PresenceView, present=(ANNA,)), session.PresenceChanged(**LIVE)),
}


@pytest.mark.parametrize("who", ["resident", "staff"])
@pytest.mark.parametrize("case", CASES)
async def test_snapshot_plus_changes_is_a_fresh_snapshot(case: str, who: str, city: City, gateway: Address) -> None:
    token = city.issuer.resident() if who == "resident" else city.issuer.staff()
    answer, news = CASES[case]
    async with watching(gateway, token) as picture:
        city.know([answer])
        await city.tell(news)
        async with running_beside(gateway) as other:
            await picture.becomes(await fresh(other, token))
        assert who == "resident" or picture.kinds


@asynccontextmanager
async def running_beside(gateway: Address) -> AsyncIterator[Address]:
    """A second gateway that knows nothing yet: what it says is fresh."""
    async with running(gateway.nats_url, gateway.prefix) as address:
        yield address


async def test_a_resident_is_told_of_their_own_group_alone(city: City, gateway: Address) -> None:
    async with watching(gateway, city.issuer.resident()) as picture:
        await picture.becomes(named)
        now = picture.now
        assert now is not None
        assert (now.groups, now.help, now.presence, now.venue) == (None, None, None, None)
        assert now.my_group is not None
        assert [person.display_name for person in now.my_group.members] == ["Anna", "Ben"]
        assert sorted(chat.channel for chat in now.chats) == sorted([global_id("Group", GROUP_1), "plenary"])
        assert [sheet.group_id for sheet in now.sheets or ()] == [global_id("Group", GROUP_1)]
        assert "Cem" not in msgspec.json.encode(now).decode()


async def test_a_change_that_a_resident_may_not_see_is_not_told(city: City, gateway: Address) -> None:
    async with watching(gateway, city.issuer.resident()) as picture:
        await picture.becomes(named)
        picture.kinds.clear()
        city.know([view(session.HelpView, calls=(CALL,))])
        await city.tell(session.HelpRequested(**AT, call_id="ca" * 16, group_id=GROUP_2))
        city.know([view(session.SessionView, status="PAUSED")])
        await city.tell(session.SessionPaused(**AT, run=1))
        await picture.becomes(lambda now: now.session.status == "PAUSED")
        assert picture.kinds == ["SessionChanged"]


async def test_who_moves_to_another_group_reads_its_chat_and_leaves_the_old_one(city: City, gateway: Address) -> None:
    async with watching(gateway, city.issuer.resident()) as picture:
        city.know([view(session.GroupsView, generation=2, groups=REGROUPED)])
        await city.tell(session.ParticipantMoved(**AT, generation=2, participant_id=ANNA, group_id=GROUP_2))
        await picture.becomes(
            lambda now: {chat.channel for chat in now.chats} == {"plenary", global_id("Group", GROUP_2)}
        )


async def test_a_stale_answer_is_asked_for_again(city: City, nats_url: str, prefix: str) -> None:
    async with (
        running(nats_url, prefix, safety_seconds=600) as gateway,
        watching(gateway, city.issuer.resident()) as picture,
    ):
        part = city.parts["session"]
        await city.tell(session.SessionPaused(**AT, run=1))
        part.position -= 1  # the read model is behind its log
        await asyncio.sleep(0.1)
        city.know([view(session.SessionView, status="PAUSED")])
        part.position += 1
        await picture.becomes(lambda now: now.session.status == "PAUSED")


async def test_a_lost_message_is_healed(city: City, nats_url: str, prefix: str) -> None:
    async with (
        running(nats_url, prefix, safety_seconds=0.3) as gateway,
        watching(gateway, city.issuer.resident()) as picture,
    ):
        city.know([view(session.SessionView, status="PAUSED")])
        await city.tell(session.SessionPaused(**AT, run=1), lost=True)
        await picture.becomes(lambda now: now.session.status == "PAUSED")


async def test_a_part_whose_service_was_away_follows_when_it_is_back(city: City, gateway: Address) -> None:
    await city.parts["ideas"].down()
    async with watching(gateway, city.issuer.resident()) as picture:
        assert picture.now is not None
        assert picture.now.board is None
        assert picture.now.session is not None
        await city.parts["ideas"].up()
        await picture.becomes(lambda now: now.board is not None and now.sheets and now.problems)


async def test_a_service_that_goes_away_leaves_the_last_picture(city: City, gateway: Address) -> None:
    async with watching(gateway, city.issuer.resident()) as picture:
        await city.parts["ideas"].down()
        await city.tell(ideas.CardsChanged(**LIVE))
        city.know([view(session.SessionView, status="PAUSED")])
        await city.tell(session.SessionPaused(**AT, run=1))
        await picture.becomes(lambda now: now.session.status == "PAUSED")
        assert picture.now is not None
        assert picture.now.board is not None


async def test_viewers_of_one_conference_share_its_questions(city: City, gateway: Address) -> None:
    async with (
        watching(gateway, city.issuer.resident()),
        watching(gateway, city.issuer.resident(BEN)),
        watching(gateway, city.issuer.resident(CEM)),
    ):
        assert sum(isinstance(query, session.GetSession) for query in city.queries) == 1
        assert len(gateway.gateway.hubs) == 1
    await until(lambda: len(gateway.gateway.hubs) == 0)


async def test_what_several_viewers_are_told_alike_is_executed_once(city: City, gateway: Address) -> None:
    async with (
        watching(gateway, city.issuer.resident(ANNA)) as anna,
        watching(gateway, city.issuer.resident(BEN)) as ben,
        watching(gateway, city.issuer.resident(CEM)) as cem,
    ):
        for picture in (anna, ben, cem):
            await picture.becomes(named)
        executed, told = sample("executions"), sample("messages")
        city.know([view(session.SessionView, status="PAUSED")])
        await city.tell(session.SessionPaused(**AT, run=1))
        for picture in (anna, ben, cem):
            await picture.becomes(lambda now: now.session.status == "PAUSED")
        assert (sample("executions") - executed, sample("messages") - told) == (1, 3)


async def test_many_changes_in_a_moment_are_told_together(city: City, gateway: Address) -> None:
    async with watching(gateway, city.issuer.resident()) as picture:
        await picture.becomes(named)
        poll, began = view(session.PollsView).polls[0], time.monotonic()
        picture.kinds.clear()
        for ballots in range(3, 103):
            city.know([view(session.PollsView, polls=(msgspec.structs.replace(poll, ballots=ballots),))])
            await city.tell(session.PollResultsChanged(**LIVE))
        await picture.becomes(lambda now: now.polls[0].ballots == 102)
        rounds = 2 + (time.monotonic() - began) / TELL_SECONDS
        assert picture.kinds.count("PollsChanged") <= rounds


async def test_a_name_that_could_not_be_asked_for_follows(city: City, gateway: Address) -> None:
    async with watching(gateway, city.issuer.resident(CEM)):  # now the gateway knows the keys of tokens
        await city.parts["registration"].down()
        gateway.gateway.backends.names.forget(CONFERENCE, ANNA)
        async with watching(gateway, city.issuer.resident(ANNA)) as picture:
            assert picture.now is not None
            assert picture.now.my_group is not None
            assert picture.now.my_group.members[0].display_name is None
            await city.parts["registration"].up()
            await picture.becomes(lambda now: now.my_group.members[0].display_name == "Anna")


def sample(name: str) -> float:
    """What the gateway counted until now."""
    found = REGISTRY.get_sample_value(f"quartier_gateway_live_{name}_total")
    assert found is not None
    return found


async def test_a_client_that_does_not_read_is_closed_and_harms_nobody(city: City, nats_url: str, prefix: str) -> None:
    async with (
        running(nats_url, prefix, lag_seconds=3.0) as gateway,
        watching(gateway, city.issuer.resident(BEN)) as healthy,
        connect(gateway.ws, sock=narrow(gateway), subprotocols=[PROTOCOL], max_queue=1, close_timeout=0.1) as stalled,
    ):
        init = {"type": "connection_init", "payload": {"authorization": f"Bearer {city.issuer.resident()}"}}
        body = {"query": document("ConferenceChanges"), "variables": {"conferenceId": GID}}
        for sent in (init, {"type": "subscribe", "id": "1", "payload": body}):
            await stalled.send(json.dumps(sent))
        await until(lambda: len(gateway.gateway.admission) == 2)
        for round_ in range(200):
            words = f"{round_} " + "x" * 1900
            messages = tuple(message(f"{n:02x}"[::-1], words) for n in range(40))
            city.know([session.ChatView(conference_id=CONFERENCE, channel="plenary", messages=messages)])
            await city.tell(session.MessagePosted(**AT, message_id="8" * 32, channel="plenary"))
            await healthy.becomes(lambda now, words=words: words in str(now.chats))
            if len(gateway.gateway.admission) == 1:
                break
        await until(lambda: len(gateway.gateway.admission) == 1)


async def test_a_client_that_reads_again_hears_the_newest_and_nobody_else_has_noticed(
    city: City, gateway: Address
) -> None:
    async with (
        watching(gateway, city.issuer.resident(BEN)) as healthy,
        connect(gateway.ws, sock=narrow(gateway), subprotocols=[PROTOCOL], max_queue=1, max_size=None) as stalled,
    ):
        init = {"type": "connection_init", "payload": {"authorization": f"Bearer {city.issuer.resident()}"}}
        body = {"query": document("ConferenceChanges"), "variables": {"conferenceId": GID}}
        for sent in (init, {"type": "subscribe", "id": "1", "payload": body}):
            await stalled.send(json.dumps(sent))
        await until(lambda: len(gateway.gateway.admission._people) == 2)
        (connection,) = gateway.gateway.admission._people[ANNA]
        words, told, most = "", 0, 0
        while not connection.wire.paused:  # type: ignore[attr-defined]
            told += 1
            words = f"{told} " + "x" * 1900
            messages = tuple(message(f"{n:02x}"[::-1], words) for n in range(90))
            city.know([session.ChatView(conference_id=CONFERENCE, channel="plenary", messages=messages)])
            await city.tell(session.MessagePosted(**AT, message_id="8" * 32, channel="plenary"))
            await healthy.becomes(lambda now, words=words: words in str(now.chats))
        for _ in range(10):
            told += 1
            words = f"{told} " + "x" * 1900
            messages = tuple(message(f"{n:02x}"[::-1], words) for n in range(90))
            city.know([session.ChatView(conference_id=CONFERENCE, channel="plenary", messages=messages)])
            await city.tell(session.MessagePosted(**AT, message_id="8" * 32, channel="plenary"))
            await healthy.becomes(lambda now, words=words: words in str(now.chats))
            most = max(most, connection.wire.transport.get_write_buffer_size())  # type: ignore[attr-defined]
        heard = 0
        async with asyncio.timeout(60):
            while words not in await stalled.recv():
                heard += 1
        assert heard < told  # what came between was skipped
        assert most < 2 * 90 * 2000 + 2 * 32 * 1024  # a message or two, however much was said


async def test_a_restart_of_nats_costs_nothing_but_time(tmp_path: Path) -> None:
    nats = Nats(tmp_path / "nats", [User("tests", "secret")])
    server = nats.start()
    try:
        async with (
            City.running(nats.url("tests"), "t") as city,
            running(nats.url("tests"), "t", safety_seconds=60) as gateway,
            watching(gateway, city.issuer.resident()) as picture,
        ):
            server.stop()
            city.know([view(session.SessionView, status="PAUSED")])
            city.parts["session"].position += 1
            server = nats.start()
            await picture.becomes(lambda now: now.session.status == "PAUSED")
    finally:
        server.stop()


OUT = {
    "excluded": (
        False,
        session.ParticipantExcluded(**AT, participant_id=ANNA, reason=Reason(code="insult", by=MODERATOR)),
    ),
    "erased": (False, registration.ParticipantErased(**AT, participant_id=ANNA)),
    "erased from the staff": (True, registration.StaffErased(at=START, staff_id=MODERATOR)),
}


@pytest.mark.parametrize("how", OUT)
async def test_who_is_excluded_or_erased_is_out_at_once(how: str, city: City, gateway: Address) -> None:
    staff, event = OUT[how]
    token = city.issuer.staff() if staff else city.issuer.resident()
    async with Client(gateway.url, token) as client:
        changes = client.subscribe("ConferenceChanges", {"conferenceId": GID})
        await anext(changes)
        await city.tell(event)
        with pytest.raises(Closed) as closed:
            await last(changes)
        assert closed.value.code == 4403
    answer = await gateway.ask("{ viewer { kind } }", token)
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_socket_ends_with_its_token(city: City, gateway: Address) -> None:
    async with Client(gateway.url, city.issuer.resident(lifetime=5)) as client:
        changes = client.subscribe("ConferenceChanges", {"conferenceId": GID})
        with pytest.raises(Closed) as closed:
            await last(changes)
        assert (closed.value.code, closed.value.reason) == (4403, "The token has expired")


async def test_who_is_connected_is_reported_at_once_and_so_is_who_leaves(city: City, gateway: Address) -> None:
    def reported() -> list[tuple[str, ...]]:
        return [request.participants for request, _ in city.commands if isinstance(request, session.ReportPresence)]

    async with watching(gateway, city.issuer.resident()):
        await until(lambda: reported()[-1:] == [(ANNA,)])
        async with watching(gateway, city.issuer.staff()):
            await until(lambda: reported()[-1:] == [tuple(sorted((ANNA, MODERATOR)))])
        await until(lambda: reported()[-1:] == [(ANNA,)])
    await until(lambda: reported()[-1:] == [()])


def narrow(gateway: Address) -> socket.socket:
    """A connection that holds little of what its reader does not read."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect(("127.0.0.1", int(gateway.url.rpartition(":")[2])))
    return made


async def last(changes: AsyncIterator[Any]) -> None:
    async for _ in changes:
        pass


async def until(holds: Any, seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 -- the gateway tells nobody
            await asyncio.sleep(0.01)
