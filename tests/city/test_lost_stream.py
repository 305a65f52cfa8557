# SPDX-License-Identifier: Apache-2.0
"""JetStream is lost as a whole and filled again from the logs: nothing changes anywhere, and nobody gets a mail."""

import os
import shutil
import signal

import psycopg
import pytest

from services.chassis.bus import Bus
from services.chassis.subjects import SERVICES
from services.cli.rehearse.world import local
from tests.city.evening import Guest, announce, evening, organiser_of
from tests.city.town import Town, eventually
from tests.city.truth import everything_is_told_once, publishable, put_together, settle

pytestmark = pytest.mark.soak

OF_THE_MOMENT = ("cursors", "relay", "leases", "replicas", "presence_reports")
"""Tables about streams and processes, not about what happened."""


async def test_a_lost_jetstream_is_refilled_and_nothing_happens_twice(town: Town) -> None:
    async with evening(town.world(), [Guest.number(n) for n in range(4)]) as one:
        await _play(town, one)
    await _everything_is_sent(town)
    for service in SERVICES:  # as if months later: what is kept against repeated commands is long gone
        with psycopg.connect(town.databases()[service], autocommit=True) as connection:
            connection.execute("DELETE FROM commands")
    before, mails = {service: _contents(town, service) for service in SERVICES}, _mails(town)

    nats = town.up.pids()["nats"]
    os.kill(nats, signal.SIGSTOP)  # or it would be back before its files are gone
    shutil.rmtree(town.streams)
    os.kill(nats, signal.SIGKILL)
    await town.replaced("nats", nats)
    await town.all_ready()
    for service in SERVICES:
        done = await town.tool("refill", service)
        assert done.returncode == 0, done.stderr
        assert f"the stream of {service} holds" in done.stdout
    await _everything_is_read_again(town)
    await everything_is_told_once(town)
    await _everything_is_sent(town)
    for service in SERVICES:
        assert _contents(town, service) == before[service], service
    assert _mails(town) == mails

    organiser = await organiser_of(town.world())
    conference = await announce(town.world(), organiser, 10)
    await organiser.close()
    await settle(town)
    known = town.rows("ideas", "SELECT conference_id FROM conference_districts")
    assert local(conference) in {row[0].hex for row in known}


async def _play(town: Town, one) -> None:
    """An evening with cards and a poll, to its end."""
    await settle(town)
    await one.start()
    await one.next()
    await settle(town)
    poll = await one.open_poll()
    for person in one.residents:
        await person.must("CastBallot", poll_id=poll, option=1)
        await person.must("AddCard", kind="OFFER", text="Zeit")
    await one.close_poll(poll)
    await one.moderator.must("EndSession")
    await settle(town)


async def _everything_is_sent(town: Town) -> None:
    async def nothing_due() -> bool:
        return town.rows("registration", "SELECT * FROM outbox WHERE sent_at IS NULL") == []

    await eventually("all mails are sent", nothing_due)


async def _everything_is_read_again(town: Town) -> None:
    """Waits until every consumer has read the new stream of each of its sources to the end."""
    bus = await Bus.connect(town.bus("tool"), "tool", "quartier")
    try:
        for source in SERVICES:
            told = await publishable(town, source, bus)

            async def read(source: str = source, told=told) -> bool:
                created = str((await bus.js.stream_info(bus.stream(source))).created)
                for service in SERVICES:
                    policies = put_together(town, service).policies
                    if policies is None or source not in policies.sources:
                        continue
                    names = policies.names(source)
                    last = max((seq for seq, one in enumerate(told, 1) if one.name in names), default=0)
                    cursor = town.rows(
                        service, "SELECT stream_created, seq FROM cursors WHERE consumer = %s AND source = %s",
                        service, source,
                    )  # fmt: skip
                    if last and (not cursor or cursor[0][0] != created or cursor[0][1] < last):
                        return False
                return True

            await eventually(f"everybody has read {source} again", read)
    finally:
        await bus.close()


def _contents(town: Town, service: str) -> list[str]:
    """All rows of all tables that say what happened."""
    leaving = [f"--exclude-table={name}" for name in OF_THE_MOMENT]
    lines = town.dump(service, "--data-only", *leaving).splitlines()
    return sorted(line for line in lines if not line.startswith(("\\restrict", "\\unrestrict")))


def _mails(town: Town) -> list[str]:
    return sorted(path.name for path in (town.data / "mail" / "new").iterdir())
