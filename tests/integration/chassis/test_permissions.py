# SPDX-License-Identifier: Apache-2.0
"""Every NATS user against a real server: services work with what they may, and may no more."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from services.chassis.bus import Bus, NoAnswer, NoReplica, topology
from services.chassis.many import MANY
from services.chassis.subjects import GATEWAY, SERVICES, TOOL, permissions
from services.cli.embedded.nats import Nats, User
from tests.integration.chassis.waiting import until

USERS = (*SERVICES, GATEWAY, TOOL)
CONFERENCE = uuid4().hex


@pytest.fixture
async def connect(tmp_path: Path) -> AsyncIterator[Callable[[str], Awaitable[Bus]]]:
    nats = Nats(tmp_path / "nats", [User(user, "pw", permissions(user, "quartier")) for user in USERS])
    server = await asyncio.to_thread(nats.start)
    open_buses: list[Bus] = []

    async def make(user: str) -> Bus:
        bus = await Bus.connect(nats.url(user), user, "quartier")
        open_buses.append(bus)
        return bus

    yield make
    for bus in open_buses:
        await bus.close()
    server.stop()


async def echo(bus: Bus, subject: str) -> list[str]:
    """Answers requests; the list holds the subjects of what came."""
    seen: list[str] = []

    async def answer(message) -> None:
        seen.append(message.subject)
        if message.reply:
            await bus.publish(message.reply, b"{}")

    await bus.subscribe(subject, answer)
    await bus.client.flush()
    return seen


async def test_the_gateway_and_the_tool_may_command_and_nobody_else(connect):
    session = await connect("session")
    subject = session.subject_command("session", CONFERENCE, "OpenPoll")
    seen = await echo(session, "quartier.cmd.session.>")
    for user in (GATEWAY, TOOL):
        await (await connect(user)).request(subject, b"{}", {}, timeout=60)
    assert len(seen) == 2
    for user in SERVICES:
        with pytest.raises((NoAnswer, NoReplica)):
            await (await connect(user)).request(subject, b"{}", {}, timeout=0.2)
    assert len(seen) == 2


async def test_services_may_ask_for_keys_where_people_write_and_nothing_else(connect):
    seen = await echo(await connect("registration"), "quartier.qry.registration.>")
    await echo(await connect("ideas"), "quartier.qry.ideas.>")
    session, rooms = await connect("session"), await connect("rooms")
    await session.request(session.subject_query("registration", "GetKeys"), b"{}", {}, timeout=60)
    for bus, service, name in (
        (rooms, "registration", "GetKeys"),
        (session, "registration", MANY),  # in which other questions could hide
        (session, "registration", "ExportMe"),
        (session, "ideas", "GetJuryRound"),
    ):
        with pytest.raises((NoAnswer, NoReplica)):
            await bus.request(bus.subject_query(service, name), b"{}", {}, timeout=0.2)
    assert len(seen) == 1


async def test_a_service_tells_only_its_own_events(connect):
    rooms = await connect("rooms")
    tool = await connect(TOOL)
    seen = await echo(tool, "quartier.evt.>")
    await rooms.publish(rooms.subject_event("session", CONFERENCE, "PhaseStarted"), b"{}")
    await rooms.publish(rooms.subject_event("rooms", CONFERENCE, "RoomOpened"), b"{}")
    await until(lambda: bool(seen))
    assert [subject.rpartition(".")[2] for subject in seen] == ["RoomOpened"]


async def test_a_service_fills_its_own_stream_and_reads_those_of_others(connect):
    from nats.js.api import AckPolicy, ConsumerConfig

    session, rooms = await connect("session"), await connect("rooms")
    await topology(session, ["session"])
    await session.js.publish(session.subject_event("session", CONFERENCE, "LobbyOpened"), b"{}")
    stream = rooms.stream("session")
    await rooms.js.add_consumer(stream, ConsumerConfig(durable_name="rooms", ack_policy=AckPolicy.NONE))
    pull = await rooms.js.pull_subscribe_bind(consumer="rooms", stream=stream)
    assert len(await pull.fetch(1, timeout=60)) == 1
    assert (await rooms.js.get_msg(stream, seq=1)).subject.endswith("LobbyOpened")
    await rooms.js.delete_consumer(stream, "rooms")


async def test_nobody_hears_the_answers_to_others(connect):
    await echo(await connect("session"), "quartier.qry.session.>")
    rooms = await connect("rooms")
    overheard: list[str] = []

    async def note(message) -> None:
        overheard.append(message.subject)

    await rooms.subscribe("_INBOX.gateway.>", note)
    await rooms.client.flush()
    gateway = await connect(GATEWAY)
    await gateway.request(gateway.subject_query("session", "Board"), b"{}", {}, timeout=60)
    assert overheard == []
