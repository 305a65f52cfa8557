# SPDX-License-Identifier: Apache-2.0
"""A service as a process: it says in one sentence why it cannot start, tells its state, and drains on SIGTERM."""

import asyncio
import contextlib
import os
import signal
import socket
import sys

import httpx
import pytest

from tests.integration.chassis.streams import ROOT, count, start_process
from tests.integration.chassis.tally import CountUp, GetTotal, alpha, beta
from tests.integration.chassis.waiting import until


async def get(one, path: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(f"http://127.0.0.1:{one.health.port}{path}")


async def test_a_running_service_is_alive_and_ready_and_tells_its_state(running, settings, database_url, conference):
    one = await running(alpha(settings(database_url)))
    await count(one.runtime.repository, [conference], range(3))
    await until(lambda: one.relay.position >= 3 and len(one.server.partitions) == 16)
    assert (await get(one, "/livez")).status_code == 200
    ready = await get(one, "/readyz")
    assert ready.status_code == 200
    state = ready.json()
    assert state["relay"]["leading"] is True
    assert state["relay"]["problem"] is None
    assert state["partitions"] == list(range(16))
    metrics = (await get(one, "/metrics")).text
    assert 'quartier_relay_position{service="alpha"}' in metrics
    assert conference not in metrics


async def test_a_halted_relay_makes_the_service_unready(running, settings, database_url):
    one = await running(alpha(settings(database_url)))
    one.relay.problem = "the stream ends beyond the log; run `quartier refill alpha`"
    ready = await get(one, "/readyz")
    assert ready.status_code == 503
    assert "quartier refill alpha" in ready.json()["reasons"][0]


async def test_a_log_that_was_set_back_makes_the_service_unready_and_names_the_cure(
    running, settings, database_url, conference
):
    one = await running(alpha(settings(database_url)))
    await count(one.runtime.repository, [conference], range(3))
    await one.runtime.db.pool.execute("DELETE FROM stored_events WHERE notification_id > 1")

    async def named() -> bool:
        return any("`quartier refill alpha`" in reason for reason in (await get(one, "/readyz")).json()["reasons"])

    await until(named, 30)


async def test_on_sigterm_it_finishes_and_ends_with_status_zero(settings, database_url, requests, conference):
    process = await start_process("alpha", settings(database_url))
    asked: list[bool] = []

    async def answered() -> bool:
        reply = await requests.ask(CountUp(conference_id=conference), timeout=1)
        asked.append(reply.refusal is None)
        return asked[-1]

    await until(answered)
    process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    assert (await requests.ask(GetTotal(conference_id=conference))).refusal is not None


@pytest.mark.parametrize(
    ("changes", "variable"),
    [
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "DATABASE_URL"),
        ({"NATS_URL": "http://127.0.0.1"}, "NATS_URL"),
        ({"QUARTIER_HTTP_PORT": "many"}, "QUARTIER_HTTP_PORT"),
        ({"QUARTIER_CLOCK": "1.0,60"}, "QUARTIER_CLOCK"),
    ],
)
async def test_a_bad_setting_ends_it_with_one_sentence_that_names_the_variable(
    database_url, nats_url, changes, variable
):
    environment = os.environ | {"DATABASE_URL": database_url, "NATS_URL": nats_url} | changes
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.chassis.tally_process", "alpha",
        env=environment, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    lines = errors.decode().strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(variable)


async def test_a_taken_port_is_named(settings, database_url):
    from services.chassis.settings import CannotStart

    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"QUARTIER_HTTP_PORT.*{port}"):
            await alpha(settings(database_url, http_port=port)).start()


async def test_a_loop_that_fails_starts_again(running, settings, database_url):
    started: list[int] = []

    async def shaky(runtime) -> None:
        started.append(1)
        if len(started) == 1:
            raise RuntimeError("once")
        await asyncio.Event().wait()

    await running(beta(settings(database_url), loops=(shaky,)))
    await until(lambda: len(started) == 2)
