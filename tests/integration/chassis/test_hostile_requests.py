# SPDX-License-Identifier: Apache-2.0
"""What a client of the gateway may write into a request without becoming somebody else or harming the service."""

import pytest

from services.chassis.identity import ANONYMOUS, Actor, Grant
from services.chassis.refusals import InvalidInput, NotAllowed
from tests.integration.chassis.tally import CountUp, Explode, GetTotal, ModeratorOnly, Total, alpha
from tests.integration.chassis.waiting import until


async def ready(*services) -> None:
    await until(lambda: sum(len(one.server.partitions) for one in services) >= 16)


@pytest.mark.parametrize("lines", ["\r\n", "\n", "\r", "\r\n\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
async def test_nobody_becomes_a_moderator_by_a_position_of_several_lines(
    running, settings, database_url, requests, conference, lines
):
    await ready(await running(alpha(settings(database_url))))
    moderator = Actor(id="a", kind="staff", grants=(Grant("moderator", conference),))
    after = f"{'0' * 32}:1{lines}Quartier-Actor: {moderator.header()}"
    reply = await requests.ask(ModeratorOnly(conference_id=conference), actor=ANONYMOUS, after=after, timeout=30)
    assert reply.refusal == NotAllowed(needs="moderator or deputy")


async def test_a_position_that_is_none_makes_no_fault(running, settings, database_url, requests, conference):
    await ready(await running(alpha(settings(database_url))))
    for after in ("ä:1", "\u2028", ":", f"{'0' * 32}:{'9' * 5000}", "x" * 5000, "\0:1", "a:-1", "=?utf-8?q?x?="):
        reply = await requests.ask(GetTotal(conference_id=conference), after=after)
        assert reply.unwrap() == Total(total=0), after


async def test_an_id_ends_where_it_ends(running, settings, database_url, requests, conference):
    await ready(await running(alpha(settings(database_url))))
    with pytest.raises(ValueError, match="not a conference id"):
        await requests.ask(CountUp(conference_id=f"{conference}\n"))


async def test_requests_that_are_too_long_shut_the_service_for_nobody_else(
    running, settings, database_url, requests, conference
):
    await ready(await running(alpha(settings(database_url))))
    for _ in range(6):
        reply = await requests.ask(Explode(conference_id=conference, secret="x" * (1 << 20)))
        assert reply.refusal == InvalidInput(field="", problem="too long")
    assert (await requests.ask(CountUp(conference_id=conference, n=1))).unwrap() == Total(total=1)


async def test_the_character_that_databases_refuse_is_refused_at_the_door(
    running, settings, database_url, requests, conference
):
    await ready(await running(alpha(settings(database_url))))
    for text in ("a\0b", "\0", "\\\0"):
        reply = await requests.ask(Explode(conference_id=conference, secret=text))
        assert reply.refusal == InvalidInput(field="", problem="the character U+0000 is not accepted"), text
    for text in ("\\u0000", "a\\u0000b", "\\\\u0000"):
        assert type((await requests.ask(Explode(conference_id=conference, secret=text))).refusal).__name__ == "Fault"
