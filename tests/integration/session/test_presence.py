# SPDX-License-Identifier: Apache-2.0
"""Who is here: arrivals at once, departures after the grace time, restarts and silent gateways."""

import asyncio
from uuid import uuid4

from services.contracts import registration, rooms
from services.contracts import session as asked
from services.session.adapters.presence import BOOK
from tests.integration.chassis.waiting import until
from tests.integration.session.evening import Evening, evening, seated

GRACE = 4.0
"""Real seconds; those who are reported are so often enough that a busy machine does not make them leave."""


async def keep_reporting(night: Evening, people: list[str]) -> None:
    while True:
        await night.report(people)
        await asyncio.sleep(GRACE / 20)


async def present(night: Evening, people: list[str]) -> None:
    """Waits until exactly these people are present."""

    async def holds() -> bool:
        return sorted((await night.presence()).present) == sorted(people)

    await until(holds)


async def test_who_comes_is_present_at_once(service_database, nats_url, prefix, tmp_path):
    async with evening(service_database, nats_url, prefix, tmp_path) as night:
        await night.announce()
        await night.seat(3)
        await night.report([*night.residents[:2], "f" * 32])
        assert sorted((await night.presence()).present) == sorted(night.residents[:2])


async def test_a_changed_presence_is_told_live(service_database, nats_url, prefix, tmp_path):
    async with evening(service_database, nats_url, prefix, tmp_path) as night:
        await night.announce()
        await night.seat(1)
        heard: list[bytes] = []

        async def hear(message) -> None:
            heard.append(message.data)

        await night.bus.subscribe(f"{prefix}.live.session.*.{night.conference}.PresenceChanged", hear)
        await night.report(night.residents)
        await until(lambda: bool(heard))


async def test_who_is_not_seen_for_the_grace_time_has_left_and_their_group_is_repaired(
    service_database, nats_url, prefix, tmp_path
):
    async with evening(service_database, nats_url, prefix, tmp_path, grace=GRACE) as night:
        await night.announce()
        await night.seat(9)
        await night.report(night.residents)
        await night.ask(asked.StartSession(conference_id=night.conference))
        await night.next(1)
        reporting = asyncio.create_task(keep_reporting(night, night.residents[2:]))
        try:
            await present(night, night.residents[2:])
            view = await night.groups()
        finally:
            reporting.cancel()
        assert seated(view) == sorted(night.residents[2:])
        assert sorted(len(group.members) for group in view.groups) == [3, 4]


async def test_who_becomes_a_mentor_while_being_here_gets_a_group(service_database, nats_url, prefix, tmp_path):
    async with evening(service_database, nats_url, prefix, tmp_path, grace=GRACE) as night:
        await night.announce()
        await night.seat(4)
        guest = uuid4().hex
        assigned = {"at": night.now, "conference_id": night.conference, "staff_id": guest}
        await night.tell(registration.StaffAssigned(**assigned, role="guest"))
        reporting = asyncio.create_task(keep_reporting(night, [*night.residents, guest]))
        try:
            await present(night, [*night.residents, guest])
            await night.ask(asked.StartSession(conference_id=night.conference))
            await night.next(1)
            assert [group.mentor_id for group in (await night.groups()).groups] == [None]
            await night.tell(registration.StaffAssigned(**assigned, role="mentor"))

            async def accompanies() -> bool:
                return [group.mentor_id for group in (await night.groups()).groups] == [guest]

            await until(accompanies)
        finally:
            reporting.cancel()


async def test_a_restarted_service_gives_everybody_the_grace_time(service_database, nats_url, prefix, tmp_path):
    async with evening(service_database, nats_url, prefix, tmp_path, grace=60.0) as night:
        await night.announce()
        await night.seat(4)
        await night.report(night.residents)
        await night.replicas.pop().close()
        BOOK.__init__()
        await night.start_another()
        await night.report(night.residents[:1])
        await asyncio.sleep(1.5)
        await night.report(night.residents[:3])
        assert sorted((await night.presence()).present) == sorted(night.residents)


async def test_a_conference_of_which_nobody_reports_any_more_empties_late(service_database, nats_url, prefix, tmp_path):
    async with evening(service_database, nats_url, prefix, tmp_path, grace=2.0) as night:
        await night.announce()
        await night.seat(2)
        await night.report(night.residents)
        await asyncio.sleep(3 * 2.0)  # three grace times; it is empty after eight
        assert sorted((await night.presence()).present) == sorted(night.residents)
        await present(night, [])


async def test_who_is_in_a_video_room_is_present_without_a_gateway(service_database, nats_url, prefix, tmp_path):
    async with evening(service_database, nats_url, prefix, tmp_path, grace=GRACE) as night:
        await night.announce()
        await night.seat(2)
        anna, ben = night.residents
        fact = {"at": night.now, "conference_id": night.conference, "participant_id": anna}
        await night.tell(rooms.ParticipantJoined(**fact, room="c1.x.p"))
        reporting = asyncio.create_task(keep_reporting(night, [ben]))
        try:
            await present(night, [anna, ben])
            await asyncio.sleep(2 * GRACE)
            assert sorted((await night.presence()).present) == sorted([anna, ben])
            await night.tell(
                rooms.ParticipantJoined(**fact, room="c1.x.r1.g2"), rooms.ParticipantLeft(**fact, room="c1.x.p")
            )
            await asyncio.sleep(2 * GRACE)
            assert anna in (await night.presence()).present
            await night.tell(rooms.ParticipantLeft(**fact, room="c1.x.r1.g2"))
            await present(night, [ben])
        finally:
            reporting.cancel()
