# SPDX-License-Identifier: Apache-2.0
"""The stage on which the fan-out is measured speaks with today's gateway."""

from contextlib import ExitStack

from benchmarks.peers.stage import Stage


async def test_all_who_watch_on_the_stage_of_the_benchmarks_hear_a_change():
    with ExitStack() as stack:
        stage = Stage(stack, 2, 5, 1)
        crowd = stage.crowd(2)
        await crowd.connect(10)
        heard = crowd.expect(5)
        await stage.command("change 1 0")
        await heard()
        assert sorted(listener.count for listener in crowd.listeners) == [1] * 5 + [2] * 5
        crowd.leave()
