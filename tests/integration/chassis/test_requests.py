# SPDX-License-Identifier: Apache-2.0
"""Commands and queries over NATS: answers, refusals, limits, deadlines, and reading one's own writes."""

import asyncio
import time
from collections.abc import Callable
from uuid import uuid4

from services.chassis import circuit
from services.chassis.api import Api, Context, Decide
from services.chassis.contract import CommandRequest, Id
from services.chassis.decisions import Loaded, Step, request_hash
from services.chassis.identity import Actor, Grant
from services.chassis.many import MANY, QUESTIONS, asked, read_answers
from services.chassis.refusals import (
    Busy,
    Fault,
    IdempotencyKeyReused,
    InvalidInput,
    NotAllowed,
    NotFound,
    StateHasChanged,
    Unavailable,
)
from services.chassis.requests import Requests
from tests.integration.chassis.tally import (
    TALLY,
    Count,
    CountUp,
    Explode,
    FindTotal,
    GetTotal,
    ModeratorOnly,
    Tally,
    TooMuch,
    Total,
    alpha,
    api,
)
from tests.integration.chassis.waiting import until


async def ready(*services) -> None:
    await until(lambda: sum(len(one.server.partitions) for one in services) >= 16)


async def test_a_command_is_answered_with_its_position(running, settings, database_url, requests, conference):
    one = await running(alpha(settings(database_url)))
    await ready(one)
    reply = await requests.ask(CountUp(conference_id=conference, n=7))
    assert reply.unwrap() == Total(total=7)
    assert reply.position == f"{one.runtime.store.epoch}:1"


async def test_the_same_key_and_content_gets_the_stored_answer(running, settings, database_url, requests, conference):
    await ready(await running(alpha(settings(database_url))))
    key = uuid4()
    first = await requests.ask(CountUp(conference_id=conference, n=7), command_id=key)
    await requests.ask(CountUp(conference_id=conference, n=1))
    assert await requests.ask(CountUp(conference_id=conference, n=7), command_id=key) == first


async def test_who_has_the_database_cannot_confirm_what_was_asked(
    running, settings, database_url, requests, conference
):
    one = await running(alpha(settings(database_url, key_encryption_key="ab" * 32)))
    await ready(one)
    request = CountUp(conference_id=conference, n=7)
    await requests.ask(request, command_id=uuid4())
    kept = await one.runtime.db.pool.fetchval("SELECT request_hash FROM commands")
    assert kept == request_hash(request, one.runtime.settings.request_key)
    assert kept != request_hash(request, settings(database_url).request_key)


async def test_the_same_key_with_other_content_is_refused(running, settings, database_url, requests, conference):
    await ready(await running(alpha(settings(database_url))))
    key = uuid4()
    await requests.ask(CountUp(conference_id=conference, n=7), command_id=key)
    reply = await requests.ask(CountUp(conference_id=conference, n=8), command_id=key)
    assert reply.refusal == IdempotencyKeyReused()


async def test_a_refusal_of_a_rule_arrives_with_its_facts(running, settings, database_url, requests, conference):
    await ready(await running(alpha(settings(database_url))))
    reply = await requests.ask(CountUp(conference_id=conference, n=2_000_000))
    assert reply.refusal == TooMuch(limit=1_000_000)


async def test_a_field_of_another_form_is_named(running, settings, database_url, requests, conference):
    await ready(await running(alpha(settings(database_url))))
    reply = await requests.ask(CountUp(conference_id=conference, n=-1))
    assert isinstance(reply.refusal, InvalidInput)
    assert reply.refusal.field == "n"


async def test_without_the_role_a_command_is_not_allowed(running, settings, database_url, requests, conference):
    await ready(await running(alpha(settings(database_url))))
    request = ModeratorOnly(conference_id=conference)
    elsewhere = Actor(id="a", kind="staff", grants=(Grant("moderator", uuid4().hex),))
    assert (await requests.ask(request, actor=elsewhere)).refusal == NotAllowed(needs="moderator or deputy")
    here = Actor(id="a", kind="staff", grants=(Grant("deputy", conference),))
    assert (await requests.ask(request, actor=here)).refusal is None


async def test_the_text_of_an_exception_never_leaves_the_service(
    running, settings, database_url, bus, requests, conference
):
    await ready(await running(alpha(settings(database_url))))
    request = Explode(conference_id=conference, secret="hush")
    reply = await requests.ask(request, trace="0af7651916cd43dd8448eb211c80319c")
    assert reply.refusal == Fault(trace="0af7651916cd43dd8448eb211c80319c")
    raw = await bus.request(
        bus.subject_command("alpha", conference, "Explode"),
        b'{"conference_id":"%s","secret":"hush"}' % conference.encode(), {}, timeout=60,
    )  # fmt: skip
    assert b"hush" not in raw.data
    assert b"RuntimeError" not in raw.data


async def test_where_nobody_listens_the_answer_is_immediate(requests, conference):
    started = time.perf_counter()
    reply = await requests.ask(CountUp(conference_id=conference), timeout=60)
    assert reply.refusal == Unavailable(service="alpha")
    assert time.perf_counter() - started < 30  # it did not wait for the timeout


def slow(gate: asyncio.Event, entered: list[str]) -> Callable[..., object]:
    table = api()
    del table.queries["GetTotal"]

    @table.query(GetTotal)
    async def get_total(request, ctx):
        entered.append(request.conference_id)
        await gate.wait()
        return Total(total=0)

    return table


async def test_more_than_the_service_can_hold_is_busy_before_any_work(
    running, settings, database_url, requests, conference
):
    gate, entered = asyncio.Event(), []
    one = await running(alpha(settings(database_url), api=slow(gate, entered)))
    one.server._turns = asyncio.Semaphore(2)
    one.server._room = 5
    asked = [asyncio.ensure_future(requests.ask(GetTotal(conference_id=conference))) for _ in range(8)]
    await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    await until(lambda: sum(task.done() for task in asked) == 3)
    assert len(entered) == 2
    gate.set()
    replies = await asyncio.gather(*asked)
    assert sum(isinstance(reply.refusal, Busy) for reply in replies) == 3
    assert sum(reply.refusal is None for reply in replies) == 5


async def test_what_is_past_its_deadline_is_not_begun_and_not_answered(
    running, settings, database_url, bus, requests, conference
):
    gate, entered = asyncio.Event(), []
    one = await running(alpha(settings(database_url), api=slow(gate, entered)))
    one.server._turns = asyncio.Semaphore(1)
    first = asyncio.ensure_future(requests.ask(GetTotal(conference_id=conference)))
    await until(lambda: len(entered) == 1)
    answers = []

    async def note(message):
        answers.append(message)

    inbox = bus.client.new_inbox()
    await bus.subscribe(inbox, note)
    body = b'{"conference_id":"%s"}' % conference.encode()
    await bus.client.publish(
        bus.subject_query("alpha", "GetTotal"), body, reply=inbox, headers={"Quartier-Deadline": "50"}
    )
    await until(lambda: len(one.server._tasks) == 2)
    await asyncio.sleep(0.1)
    gate.set()
    await first
    await until(lambda: not one.server._tasks)
    assert len(entered) == 1
    assert answers == []


async def test_a_silent_service_is_asked_no_more_after_one_question_in_vain(
    running, settings, database_url, requests, conference
):
    gate, entered = asyncio.Event(), []
    await running(alpha(settings(database_url), api=slow(gate, entered)))
    await requests.ask(GetTotal(conference_id=conference), timeout=0.02)
    reply = await asyncio.wait_for(requests.ask(GetTotal(conference_id=conference), timeout=3600), 60)
    assert reply.refusal == Unavailable(service="alpha")  # without waiting for the timeout
    gate.set()


async def test_while_a_service_keeps_silent_one_at_a_time_tries_it_and_nobody_else_waits(
    running, settings, database_url, requests, conference, monkeypatch
):
    gate, entered = asyncio.Event(), []
    await running(alpha(settings(database_url), api=slow(gate, entered)))
    monkeypatch.setattr(circuit, "BREAK_SECONDS", 3600.0)
    await requests.ask(GetTotal(conference_id=conference), timeout=0.02)
    requests._circuits["alpha"].open_until = 0.0  # the pause is over
    asking = [asyncio.ensure_future(requests.ask(GetTotal(conference_id=conference), timeout=60)) for _ in range(20)]
    await until(lambda: sum(each.done() for each in asking) == 19)
    assert {type(each.result().refusal) for each in asking if each.done()} == {Unavailable}
    gate.set()  # it speaks again
    assert sum(reply.refusal is None for reply in await asyncio.gather(*asking)) == 1
    replies = await asyncio.gather(*(requests.ask(GetTotal(conference_id=conference)) for _ in range(3)))
    assert [reply.refusal for reply in replies] == [None, None, None]


async def test_a_thousand_times_one_reads_ones_own_write_from_two_replicas(
    running, settings, database_url, requests: Requests, conference
):
    one = await running(alpha(settings(database_url)))
    two = await running(alpha(settings(database_url)))
    await until(lambda: len(one.server.partitions) == 8 and len(two.server.partitions) == 8)
    conferences = [uuid4().hex for _ in range(20)]

    async def write_and_read(own: str) -> None:
        for expected in range(1, 51):
            written = await requests.ask(CountUp(conference_id=own))
            assert written.unwrap().total == expected
            while (read := await requests.ask(GetTotal(conference_id=own), after=written.position)).stale:
                pass  # a busy machine may take longer than 250 ms, and the answer says so
            assert read.unwrap().total == expected

    await asyncio.gather(*(write_and_read(own) for own in conferences))


async def test_a_position_of_another_log_is_answered_as_stale(running, settings, database_url, requests, conference):
    await running(alpha(settings(database_url)))
    reply = await requests.ask(GetTotal(conference_id=conference), after=f"{uuid4().hex}:1")
    assert reply.stale


async def test_what_a_read_model_that_is_behind_does_not_hold_is_not_found_for_now(
    running, settings, database_url, requests
):
    await running(alpha(settings(database_url)))
    reply = await requests.ask(FindTotal(conference_id=uuid4().hex), after=f"{uuid4().hex}:1")
    assert isinstance(reply.refusal, NotFound)
    assert reply.stale


async def test_several_questions_in_one_message_are_answered_each_by_its_own_handler(
    running, settings, database_url, requests, conference
):
    await ready(await running(alpha(settings(database_url))))
    written = await requests.ask(CountUp(conference_id=conference, n=7))
    wanted = [GetTotal(conference_id=conference), GetTotal(conference_id="no id"), GetTotal(conference_id=uuid4().hex)]
    while (replies := await requests.ask_all(wanted, after=written.position))[0].stale:
        pass  # a busy machine may take longer than 250 ms, and the answer says so
    assert replies[0].unwrap() == Total(total=7)
    assert replies[0].position == written.position
    assert isinstance(replies[1].refusal, InvalidInput)
    assert replies[2].unwrap() == Total(total=0)


async def test_each_question_of_a_message_takes_a_turn_of_its_own(
    running, settings, database_url, requests, conference
):
    gate, entered = asyncio.Event(), []
    one = await running(alpha(settings(database_url), api=slow(gate, entered)))
    one.server._turns = asyncio.Semaphore(2)
    wanted = [GetTotal(conference_id=uuid4().hex) for _ in range(10)]
    together = [asyncio.ensure_future(requests.ask_all(wanted, timeout=60)) for _ in range(3)]
    alone = asyncio.ensure_future(requests.ask(GetTotal(conference_id=conference), timeout=60))
    await until(lambda: len(one.server._tasks) == 4 and len(entered) == 2)
    assert one.server._turns.locked()
    gate.set()
    for replies in await asyncio.gather(*together):
        assert [reply.unwrap() for reply in replies] == [Total(total=0)] * 10
    assert (await alone).unwrap() == Total(total=0)


async def test_a_question_that_is_late_is_unavailable_and_the_others_of_its_message_are_answered(
    running, settings, database_url, bus, conference
):
    gate, entered = asyncio.Event(), []
    one = await running(alpha(settings(database_url), api=slow(gate, entered)))
    question = b'{"conference_id":"%s"}' % conference.encode()
    body = asked([("Nothing", question, ()), ("GetTotal", question, ()), ("Nothing", question, ())])
    headers = {"Quartier-Deadline": "1000"}
    found = await bus.request(bus.subject_query("alpha", MANY), body, headers, timeout=60)
    first, late, last = read_answers(found.data)
    assert b"NotFound" in bytes(first)
    assert b"Unavailable" in bytes(late)
    assert b"NotFound" in bytes(last)
    await until(lambda: not one.server._parts)
    gate.set()


async def test_what_does_not_fit_into_one_message_of_answers_is_asked_again(
    running, settings, database_url, requests, conference, monkeypatch
):
    await ready(await running(alpha(settings(database_url))))
    monkeypatch.setattr("services.chassis.many.ROOM", 150)
    wanted = [GetTotal(conference_id=uuid4().hex) for _ in range(7)]
    assert [reply.unwrap() for reply in await requests.ask_all(wanted)] == [Total(total=0)] * 7


async def test_too_many_questions_in_one_message_are_refused(running, settings, database_url, requests, conference):
    one = await running(alpha(settings(database_url)))
    await ready(one)
    body = asked(("GetTotal", b"{}", ()) for _ in range(QUESTIONS + 1))
    message = await one.runtime.bus.request(one.runtime.bus.subject_query("alpha", MANY), body, {}, timeout=60)
    assert b"InvalidInput" in message.data


async def test_all_questions_to_a_service_that_is_away_are_refused_at_once(requests, conference):
    replies = await requests.ask_all([GetTotal(conference_id=conference)] * 3)
    assert [reply.refusal for reply in replies] == [Unavailable(service="alpha")] * 3


async def test_of_many_who_decide_by_the_same_state_one_succeeds_and_the_others_look_again(
    running, settings, database_url, requests, conference
):
    one, two = await running(alpha(settings(database_url))), await running(alpha(settings(database_url)))
    await ready(one, two)
    seen = (await requests.ask(CountUp(conference_id=conference, n=1))).position
    for _ in range(10):
        replies = await asyncio.gather(
            *(requests.ask(CountUp(conference_id=conference, n=1), command_id=uuid4(), expected=seen) for _ in range(8))
        )
        done = [reply for reply in replies if reply.refusal is None]
        assert [type(reply.refusal) for reply in replies if reply.refusal] == [StateHasChanged] * 7
        (seen,) = [reply.position for reply in done]
    while (read := await requests.ask(GetTotal(conference_id=conference), after=seen)).stale:
        pass  # a busy machine may take longer than 250 ms, and the answer says so
    assert read.unwrap() == Total(total=11)


async def test_a_command_on_what_was_seen_is_repeated_with_its_first_answer(
    running, settings, database_url, requests, conference
):
    await ready(await running(alpha(settings(database_url))))
    seen = (await requests.ask(CountUp(conference_id=conference, n=1))).position
    key = uuid4()
    first = await requests.ask(CountUp(conference_id=conference, n=2), command_id=key, expected=seen)
    assert first.unwrap() == Total(total=3)
    assert await requests.ask(CountUp(conference_id=conference, n=2), command_id=key, expected=seen) == first


async def test_what_changed_elsewhere_does_not_matter_to_who_decides_here(
    running, settings, database_url, requests, conference
):
    await ready(await running(alpha(settings(database_url))))
    seen = (await requests.ask(CountUp(conference_id=conference, n=1))).position
    await requests.ask(CountUp(conference_id=uuid4().hex, n=5))
    assert (await requests.ask(CountUp(conference_id=conference, n=2), expected=seen)).unwrap() == Total(total=3)


async def test_who_saw_another_log_has_seen_nothing_of_this_one(running, settings, database_url, requests, conference):
    await ready(await running(alpha(settings(database_url))))
    position = (await requests.ask(CountUp(conference_id=conference, n=1))).position
    reply = await requests.ask(CountUp(conference_id=conference, n=2), expected=f"{uuid4().hex}:99")
    assert reply.refusal == StateHasChanged(position=position)
    nonsense = await requests.ask(CountUp(conference_id=conference, n=2), expected="yesterday")
    assert nonsense.refusal == InvalidInput(field="expected_position", problem="not a position")


class CountBoth(CommandRequest[Total], frozen=True, kw_only=True):
    """Counts here, and there as a consequence; `seen`: it is about both."""

    SERVICE = "alpha"
    ANSWER = Total
    conference_id: Id
    there: Id
    seen: bool


def both() -> Api:
    table = api()

    @table.command(CountBoth)
    async def count_both(request: CountBoth, ctx: Context) -> Decide:
        there = await ctx.load(TALLY, request.there)

        def step(key: str, *guards: Loaded[Tally]) -> Step:
            return Step(TALLY, key, Count(now=ctx.now, conference_id=key, n=1), ctx.conference, guards=guards)

        steps = (
            (step(request.conference_id, there),)
            if request.seen
            else (step(request.conference_id), step(request.there))
        )
        about = (there,) if request.seen else ()
        return Decide(*steps, answer=lambda decided: Total(total=decided[0].state.total), about=about)

    return table


async def test_what_changes_along_with_what_a_command_is_about_need_not_have_been_seen(
    running, settings, database_url, requests, conference
):
    await ready(await running(alpha(settings(database_url), api=both())))
    there = uuid4().hex
    seen = (await requests.ask(CountUp(conference_id=conference))).position
    await requests.ask(CountUp(conference_id=there))
    done = await requests.ask(CountBoth(conference_id=conference, there=there, seen=False), expected=seen)
    assert done.unwrap() == Total(total=2)
    again = await requests.ask(CountBoth(conference_id=conference, there=there, seen=False), expected=seen)
    assert again.refusal == StateHasChanged(position=done.position)


async def test_what_else_a_command_is_about_must_have_been_seen(running, settings, database_url, requests, conference):
    await ready(await running(alpha(settings(database_url), api=both())))
    there, key = uuid4().hex, uuid4()
    old = (await requests.ask(CountUp(conference_id=conference))).position
    new = (await requests.ask(CountUp(conference_id=there))).position
    command = CountBoth(conference_id=conference, there=there, seen=True)
    assert (await requests.ask(command, expected=old)).refusal == StateHasChanged(position=new)
    first = await requests.ask(command, command_id=key, expected=new)
    assert first.unwrap() == Total(total=2)
    await requests.ask(CountUp(conference_id=there))
    assert await requests.ask(command, command_id=key, expected=new) == first  # repeated, it is not done again


async def test_of_many_who_change_what_others_have_seen_nobody_decides_on_the_unseen(
    running, settings, database_url, requests, conference
):
    """Everybody changes `there` and decides by it at once: whoever succeeds had seen the newest of it."""
    await ready(await running(alpha(settings(database_url), api=both())))
    there = uuid4().hex
    for _ in range(10):
        seen = (await requests.ask(CountUp(conference_id=there))).position
        command = CountBoth(conference_id=uuid4().hex, there=there, seen=True)
        other, decided = await asyncio.gather(
            requests.ask(CountUp(conference_id=there)), requests.ask(command, command_id=uuid4(), expected=seen)
        )
        if decided.refusal is None:  # it was first
            assert int(decided.position.split(":")[1]) < int(other.position.split(":")[1])
        else:
            assert decided.refusal == StateHasChanged(position=other.position)
