# SPDX-License-Identifier: Apache-2.0
"""Many people do the same thing in the same moment, through the public API of a city with two of everything."""

import asyncio
from collections import Counter
from datetime import datetime

import pytest

from gateway.client import Refused, new_id
from tests.city.evening import OPTIONS, Guest, address_of, announce, evening, organiser_of, resident, staff
from tests.city.town import Town, eventually
from tests.city.truth import everything_is_told_once, logs_are_whole, read_logs, settle

pytestmark = pytest.mark.soak
REPLICAS = 2


async def test_fifty_vote_while_the_poll_is_closed(town: Town) -> None:
    """Whoever was told that the vote is taken is counted; whoever came too late was told so."""
    async with evening(town.world(), [Guest.number(n) for n in range(50)]) as one:
        await settle(town)
        await one.start()
        for closing in (0.0, 0.1, 0.4):
            poll = await one.open_poll()

            async def vote(number: int, poll: str = poll) -> str | None:
                person = one.residents[number]
                outcome = await person.command(
                    "CastBallot", conference_id=one.gid, poll_id=poll, option=number % len(OPTIONS)
                )
                if not isinstance(outcome, Refused):
                    return OPTIONS[number % len(OPTIONS)]
                assert outcome.kind == "PollIsClosed", outcome
                return None

            async def close(after: float = closing, poll: str = poll) -> dict[str, int]:
                await asyncio.sleep(after)  # the race: somewhere among the votes
                return dict(await one.close_poll(poll))

            counted, *voted = await asyncio.gather(close(), *(vote(number) for number in range(50)))
            accepted = Counter(option for option in voted if option is not None)
            print(f"\nclosed after {closing} s: {accepted.total()} of 50 were accepted")
            assert counted == (dict(accepted) if accepted.total() >= 3 else {})
        await everything_is_told_once(town)


async def test_two_moderators_and_the_clock_lead_on_at_once(town: Town) -> None:
    """One phase begins, not two or three."""
    async with evening(town.world(), [Guest.number(n) for n in range(4)]) as one:
        other = await staff(one.world, one.organiser, one.gid, "moderator", "Zweite")
        await settle(town)
        await one.start()
        for run in (1, 2, 3):
            # The shortest a phase can be made is five seconds from now: then the clock presses, too.
            minutes = -60
            await one.moderator.must("ExtendPhase", run=run, minutes=minutes)

            async def due(run: int = run) -> datetime | None:
                session = (await one.moderator.ask("EveningForStaff", id=one.gid)).conference.session
                return session.deadline if session and session.run == run else None

            deadline = await due()
            left = (deadline - one.world.clock.now()).total_seconds() if deadline else 0.0
            await asyncio.sleep(max(0.0, left - 0.02))  # the race: in the moment of the deadline
            outcomes = await asyncio.gather(
                *(who.command("NextPhase", conference_id=one.gid, run=run) for who in (one.moderator, other))
            )
            assert all(not isinstance(out, Refused) or out.kind == "PhaseHasChanged" for out in outcomes), outcomes
            await one.entered(run + 1)
        await other.close()
        logs = await read_logs(town)
        started = [fact.fields["run"] for fact in logs["session"].of(one.conference_id, "session.phase_started")]
        assert started == [1, 2, 3, 4]
        placed = [fact.fields["run"] for fact in logs["session"].of(one.conference_id, "session.groups_placed")]
        assert len(placed) == len(set(placed))
        logs_are_whole(logs)


async def test_two_write_in_one_sheet_and_no_word_is_lost(town: Town) -> None:
    """Both change the same passage all the time; whoever was faster is in the history, the other one is told."""
    async with evening(town.world(), [Guest.number(n) for n in range(4)]) as one:
        await settle(town)
        await one.start()
        for _ in range(6):
            await one.next()
        await settle(town)

        async def shared() -> str | None:
            answer = await one.residents[0].ask("Evening", id=one.gid)
            return answer.conference.my_sheet.id if answer.conference.my_sheet else None

        sheet, passage = str(await eventually("there is a sheet", shared)), new_id("Passage")
        accepted: list[int] = []

        async def write(who) -> int:
            seen, refused = 0, 0
            for number in range(15):
                outcome = await who.command(
                    "WritePassage", conference_id=one.gid, sheet_id=sheet, passage_id=passage, field="APPROACH",
                    text=f"{who.name} {number}", seen=seen,
                )  # fmt: skip
                if isinstance(outcome, Refused):
                    assert outcome.kind == "PassageChanged", outcome
                    refused += 1
                    seen = await _version_of(one, who, sheet, passage, above=seen)
                else:
                    seen += 1
                    accepted.append(seen)
            return refused

        told = await asyncio.gather(write(one.residents[0]), write(one.residents[1]))
        print(f"\n{len(accepted)} changes were accepted, {sum(told)} refused")
        logs = await read_logs(town)
        versions = [
            fact.fields["version"]
            for fact in logs["ideas"].of(one.conference_id, "ideas.passage_written")
            if fact.fields["passage_id"] == one.moderator.local(passage)
        ]
        assert versions == sorted(accepted) == list(range(1, len(accepted) + 1))


async def _version_of(one, who, sheet: str, passage: str, *, above: int) -> int:
    async def newer() -> int | None:
        answer = await who.ask("Evening", id=one.gid)
        found = [
            p.version for s in answer.conference.sheets or () if s.id == sheet for p in s.passages if p.id == passage
        ]
        return found[0] if found and found[0] > above else None

    return int(await eventually("the newer version can be read", newer))


async def test_forty_register_at_once_for_ten_seats(town: Town) -> None:
    """Ten sit, thirty wait in order, nobody is lost. (Two hundred do so over NATS in the tests of registration.)"""
    world = town.world()
    organiser = await organiser_of(world)
    gid = await announce(world, organiser, 10)
    people = await asyncio.gather(*(resident(world, gid, Guest.number(n)) for n in range(40)))

    async def complete():
        answer = await organiser.ask("Roster", id=gid)
        entries = answer.conference.roster.entries
        return entries if len(entries) == 40 else None

    entries = await eventually("all forty are on the list", complete)
    assert Counter(entry.status for entry in entries) == {"SEATED": 10, "WAITLISTED": 30}
    assert sorted(entry.waiting_position for entry in entries if entry.waiting_position) == list(range(1, 31))
    assert {entry.person.id for entry in entries} == {person.gid_of_me for person in people}
    for number in range(40):
        subjects = world.mailbox.subjects(address_of(Guest.number(number), gid))
        assert len(subjects) == len(set(subjects)) == 2
    for person in (organiser, *people):
        await person.close()
