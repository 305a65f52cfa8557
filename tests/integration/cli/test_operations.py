# SPDX-License-Identifier: Apache-2.0
"""What an operator does to a log, to read models and to waiting events."""

import sys
from collections.abc import Callable
from types import SimpleNamespace
from uuid import uuid4

import psycopg
import pytest

from services.chassis.bus import Bus
from services.chassis.clock import Clock
from services.chassis.contract import Done
from services.chassis.database import Database
from services.chassis.decisions import Envelope, Step
from services.chassis.mapper import Mapper
from services.chassis.repository import Repository
from services.chassis.store import EventStore
from services.cli import operations
from services.cli.embedded.process import EmbeddedError
from tests.integration.chassis.tally import TALLY, Count, alpha
from tests.integration.cli.conftest import ROOT
from tests.integration.cli.test_doctor import quartier

CONFERENCE = uuid4().hex


@pytest.fixture
def ideas(database_url: str, nats_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The chassis' own small service stands in for ideas; its database."""
    main = SimpleNamespace(build=lambda settings: alpha(settings, name="ideas"))
    monkeypatch.setitem(sys.modules, "services.ideas.main", main)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("NATS_URL", nats_url)
    monkeypatch.setenv("QUARTIER_PREFIX", prefix)
    return database_url


async def count(url: str, numbers: int) -> None:
    """Writes some events."""
    db = await Database.connect(url, size=2)
    store = await EventStore.open(db)
    repository = Repository("ideas", store, Mapper(TALLY.events), Clock())
    for number in range(numbers):
        step = Step(
            TALLY, CONFERENCE, Count(now=Clock().now(), conference_id=CONFERENCE, n=number), conference=CONFERENCE
        )
        await repository.execute([step], Envelope(command_id=uuid4(), request_hash=b"", actor="x", trace=""), Done())
    await store.close()
    await db.close()


async def test_refill_brings_a_lost_stream_back(ideas: str, nats_url: str, prefix: str) -> None:
    await count(ideas, 20)
    heard: list[tuple[int, int]] = []
    first = await operations.refill("ideas", lambda *progress: heard.append(progress))
    bus = await Bus.connect(nats_url, "tool", prefix)
    await bus.js.delete_stream(bus.stream("ideas"))
    again = await operations.refill("ideas", lambda *_: None)
    assert (await bus.js.stream_info(bus.stream("ideas"))).state.messages == 20
    await bus.close()
    assert first.sent == again.sent == 20
    assert heard[-1][0] == heard[-1][1]


async def test_rebuild_makes_a_read_model_anew(ideas: str) -> None:
    await count(ideas, 5)
    await operations.rebuild("ideas", "totals")
    with psycopg.connect(ideas) as connection:
        connection.execute("UPDATE documents SET body = '{\"total\": 99}'")
        connection.commit()
        await operations.rebuild("ideas", "totals")
        assert connection.execute("SELECT body->>'total' FROM documents").fetchall() == [("10",)]


async def test_an_unknown_read_model_is_refused_with_those_there_are(ideas: str) -> None:
    with pytest.raises(EmbeddedError, match="ideas has no read model 'total'; it has totals"):
        await operations.rebuild("ideas", "total")


def test_dead_letters_are_listed_replayed_and_skipped(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for position in (7, 9):
            connection.execute(
                "INSERT INTO dead_letters (consumer, source, conference, position, subject, data, error)"
                " VALUES ('rooms', 'session', %s, %s, 'quartier.evt.session.p01.x.PhaseStarted', '', 'KeyError')",
                (CONFERENCE, position),
            )

        def letters(*arguments: str) -> str:
            done = quartier(ROOT, "dead-letters", *arguments, DATABASE_URL=database_url)
            return done.stdout + done.stderr

        listed = letters("list", "rooms").splitlines()
        assert [line.split()[:4] for line in listed] == [
            ["session", CONFERENCE, "7", "parked"],
            ["session", CONFERENCE, "9", "parked"],
        ]
        assert listed[0].endswith("PhaseStarted: KeyError")
        assert letters("skip", "rooms", "session", CONFERENCE, "7") == "rooms will skip position 7 of session\n"
        assert "no event of session" in letters("skip", "rooms", "session", CONFERENCE, "8")
        assert letters("replay", "rooms", "session", CONFERENCE) == "rooms will apply 1 events of session\n"
        states = connection.execute("SELECT position, state FROM dead_letters ORDER BY position").fetchall()
        assert states == [(7, "skip"), (9, "replay")]
        assert letters("list", "session") == "nothing waits in session\n"


def test_tools_without_a_running_city_say_what_to_do(folder: Callable[[], None]) -> None:
    done = quartier(ROOT, "dead-letters", "list", "rooms", "--data", str(folder))
    assert done.returncode == 1
    assert (
        done.stderr
        == f"quartier: no city runs on {folder}: start one with `quartier up`, or set DATABASE_URL and NATS_URL\n"
    )
