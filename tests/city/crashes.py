# SPDX-License-Identifier: Apache-2.0
"""The one story of all crash tests: people use an evening, something is killed, twice; nothing is lost or doubled."""

import signal
from collections.abc import Awaitable, Callable, Collection

from tests.city.evening import Evening, Guest, evening, views_are_fresh
from tests.city.load import KINDS, Load
from tests.city.town import Town
from tests.city.truth import (
    count,
    effects_are_there_once,
    everything_is_told_once,
    logs_are_whole,
    read_logs,
    settle,
    what_was_accepted_is_there_once,
)

RESIDENTS = 8
MORE = 15
"""So many of each kind have to be accepted after a kill before it counts as survived."""

Victim = Callable[[Evening], Awaitable[str]]
"""Says which process is to die now."""


async def survives(
    town: Town,
    victim: Victim,
    *,
    kills: int = 2,
    how: signal.Signals = signal.SIGKILL,
    kinds: Collection[str] = KINDS,
) -> None:
    """Plays an evening in which the victim is killed under load, then holds everything against the truth.

    Args:
        victim: says which process is next.
        kills: how often.
        how: SIGTERM lets it end in order.
        kinds: what people do meanwhile; cards and seats are limited, so they do not last for many kills.
    """
    async with evening(town.world(), [Guest.number(n) for n in range(RESIDENTS)]) as one:
        await settle(town)
        await one.start()
        assert await one.next() == 2  # small groups, with a board for needs and offers
        await settle(town)
        poll = await one.open_poll()
        async with Load(one, poll, kinds) as load:
            await load.goes_on(5)
            for _ in range(kills):
                name = await victim(one)
                pid = town.kill(name, how)
                await load.goes_on(MORE)
                await town.replaced(name, pid)
        await town.all_ready()
        assert await one.close_poll(poll) == count(one.accepted.ballots[poll])
        await goes_on(one)
        told = await everything_is_told_once(town)
        logs = await read_logs(town)
        logs_are_whole(logs)
        what_was_accepted_is_there_once(one, logs)
        effects_are_there_once(town, one, logs)
        await views_are_fresh(one)
        again = sum((person.again for person in (one.moderator, *one.residents)), start=one.organiser.again)
        print(
            f"\naccepted {one.accepted.counts()}, asked again {again.total()} times"
            f" ({again.most_common(3)}), told {dict(told)}"
        )


async def goes_on(one: Evening) -> None:
    """The next phase can be entered, and a new vote is taken and counted."""
    await one.next()
    poll = await one.open_poll()
    voters = one.accepted.ballots.setdefault(poll, {})
    for number, person in enumerate(one.residents):
        await person.must("CastBallot", poll_id=poll, option=number % 2)
        voters[person.me] = [number % 2]
    assert await one.close_poll(poll) == count(voters)
