# SPDX-License-Identifier: Apache-2.0
"""Read models can be dropped: replaying the log gives what people saw live."""

from services.contracts import session as asked
from services.session.main import build
from tests.integration.session.evening import evening


async def documents(night) -> list[tuple[str, str, str]]:
    rows = await night.one.runtime.db.pool.fetch("SELECT projection, key, body::text FROM documents ORDER BY 1, 2")
    return [tuple(row) for row in rows]


async def timers(night) -> list[tuple[object, ...]]:
    """What is to come; what was due already is done again, and changes nothing."""
    rows = await night.one.runtime.db.pool.fetch(
        "SELECT kind, due_at, payload FROM timers WHERE due_at > $1 ORDER BY 1, 2", night.now
    )
    return [tuple(row) for row in rows]


async def test_a_rebuilt_read_model_is_the_one_that_was_live(service_database, nats_url, prefix, tmp_path):
    async with evening(service_database, nats_url, prefix, tmp_path) as night:
        await night.running(9)
        mentor = await night.mentor()
        await night.next(1)
        await night.report([mentor])
        await night.ask(
            asked.ExcludeParticipant(conference_id=night.conference, participant_id=night.residents[0], code="noise")
        )
        await night.ask(asked.PauseSession(conference_id=night.conference))
        await night.view()
        before, due = await documents(night), await timers(night)
        for projection in build(night.one.runtime.settings).projections:
            await night.one.runtime.projector.rebuild(projection.name)
        assert await documents(night) == before
        assert await timers(night) == due
        assert {name for name, _, _ in before} >= {"sessions", "groups", "presence", "desk"}
