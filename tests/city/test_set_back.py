# SPDX-License-Identifier: Apache-2.0
"""A service's database is restored from an older dump while people use it: it says so, and the tool cures it."""

import asyncio

import pytest

from gateway.client import Refused
from tests.city.evening import Guest, evening
from tests.city.load import Load
from tests.city.town import Town, eventually
from tests.city.truth import everything_is_told_once, logs_are_whole, read_logs, settle

pytestmark = pytest.mark.soak


async def test_a_database_set_back_under_load_is_noticed_and_cured(town: Town) -> None:
    async with evening(town.world(), [Guest.number(n) for n in range(4)]) as one:
        await settle(town)
        await one.start()
        await one.next()
        await settle(town)
        poll = await one.open_poll()
        async with Load(one, poll, kinds=("ballots", "messages")) as load:
            await load.goes_on(10)
            at_dump = len(one.accepted.messages)  # what is said while it is made may be missing in it
            dump = await asyncio.to_thread(town.dump, "session", "--clean", "--if-exists")
            await load.goes_on(20)
            await asyncio.to_thread(town.restore, "session", dump)

            async def names_the_cure() -> bool:
                reasons = (await town.readiness("session")).get("reasons", [])
                return any("quartier refill session" in reason for reason in reasons)

            await eventually("/readyz names the cure", names_the_cure)
            # Nothing is taken meanwhile: whoever sends something is told to come back.
            told = len(one.accepted.messages)
            outcome = await one.moderator.client.command(
                "PostMessage", conference_id=one.gid, channel="plenary", text="Ist da jemand?"
            )
            assert isinstance(outcome, Refused)
            assert outcome.kind == "Unavailable"
            assert len(one.accepted.messages) == told
            done = await town.tool("refill", "session")
            assert done.returncode == 0, done.stderr
            assert "the log had been set back" in done.stdout
            cured = len(one.accepted.messages)
            await town.all_ready()
            await load.goes_on(10)
        run = await one.next()
        await settle(town)
        await everything_is_told_once(town)
        logs = await read_logs(town)
        logs_are_whole(logs)
        stored = [fact.fields["message_id"] for fact in logs["session"].of(one.conference_id, "session.message_posted")]
        assert len(stored) == len(set(stored))
        # What was said before the dump and after the cure is there; what was said between them is lost with it.
        assert {*one.accepted.messages[:at_dump], *one.accepted.messages[cured:]} <= set(stored)
        assert not set(one.accepted.messages[at_dump:cured]) <= set(stored)
        noted = [fact.fields["run"] for fact in logs["ideas"].of(one.conference_id, "ideas.phase_noted")]
        assert noted == list(range(1, run + 1))
