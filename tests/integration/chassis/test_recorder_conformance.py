# SPDX-License-Identifier: Apache-2.0
"""The eventsourcing library's own suites hold our recorder to its contract, and its own recorder reads our log."""

import asyncio
import time
import unittest
from collections.abc import Callable, Coroutine, Iterator
from threading import Event, Thread
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import (
    ApplicationRecorder,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Subscription,
    Tracking,
)
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.tests import persistence as suites

from services.chassis.database import Database
from services.chassis.store import EventStore
from services.chassis.testing.recorder import Recorder

T = TypeVar("T")


class Background:
    """One event loop in a thread, for synchronous callers."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = Thread(target=self.loop.run_forever)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class Polling(Subscription["Facade"]):
    """Looks again every few milliseconds; what matters here is that it skips and repeats nothing."""

    def __init__(self, recorder: "Facade", gt: int | None = None, topics: Any = ()) -> None:
        super().__init__(recorder, gt, topics)
        self._stopped = Event()

    def stop(self) -> None:
        super().stop()
        self._stopped.set()

    def __next__(self) -> Notification:
        while not self._stopped.is_set():
            found = self._recorder.select_notifications(
                self._last_notification_id or 0, 1, topics=self._topics, inclusive_of_start=False
            )
            if found:
                self._last_notification_id = found[0].id
                return found[0]
            self._stopped.wait(0.005)
        raise StopIteration


class Facade(ProcessRecorder):
    """Our recorder as a synchronous one."""

    def __init__(self, recorder: Recorder, background: Background) -> None:
        self._recorder = recorder
        self._run = background.run

    def insert_events(self, stored_events: Any, tracking: Tracking | None = None, **_: Any) -> Any:
        return self._run(self._recorder.insert_events(stored_events, tracking))

    def select_events(self, originator_id: Any, **kwargs: Any) -> Any:
        return self._run(self._recorder.select_events(originator_id, **kwargs))

    def select_notifications(self, *args: Any, **kwargs: Any) -> Any:
        return self._run(self._recorder.select_notifications(*args, **kwargs))

    def max_notification_id(self) -> int | None:
        return self._run(self._recorder.max_notification_id())

    def insert_tracking(self, tracking: Tracking) -> None:
        self._run(self._recorder.insert_tracking(tracking))

    def max_tracking_id(self, application_name: str) -> int | None:
        return self._run(self._recorder.max_tracking_id(application_name))

    def subscribe(self, gt: int | None = None, topics: Any = ()) -> Subscription[ApplicationRecorder]:
        return Polling(self, gt, topics)


class AggregateFacade(Facade):
    """The library's recorders of a single aggregate's events give no positions."""

    def insert_events(self, stored_events: Any, tracking: Tracking | None = None, **_: Any) -> None:
        super().insert_events(stored_events, tracking)


@pytest.fixture
def background() -> Iterator[Background]:
    background = Background()
    yield background
    background.stop()


@pytest.fixture
def make(database_url: str, background: Background) -> Iterator[Callable[[type[Facade]], Facade]]:
    db = background.run(Database.connect(database_url, size=4))
    store = background.run(EventStore.open(db))
    yield lambda kind: kind(Recorder(store), background)
    background.run(store.close())
    background.run(db.close())


class OfSuite:
    """Gives a suite its recorder; `made` is set for each test."""

    facade: type[Facade] = Facade
    made: Callable[[type[Facade]], Facade]

    def create_recorder(self) -> Any:
        return self.made(self.facade)


class AggregateSuite(OfSuite, suites.AggregateRecorderTestCase):
    facade = AggregateFacade


class ApplicationSuite(OfSuite, suites.ApplicationRecorderTestCase[Any]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class NonInterleavingSuite(OfSuite, suites.NonInterleavingNotificationIDsBaseCase):
    pass


class TrackingSuite(OfSuite, suites.TrackingRecorderTestCase):
    pass


class ProcessSuite(OfSuite, suites.ProcessRecorderTestCase):
    pass


SUITES = (AggregateSuite, ApplicationSuite, NonInterleavingSuite, TrackingSuite, ProcessSuite)
for _suite in SUITES:
    _suite.__test__ = False  # run below, each with a database of its own


@pytest.mark.parametrize(
    ("suite", "name"),
    [(suite, name) for suite in SUITES for name in unittest.defaultTestLoader.getTestCaseNames(suite)],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_the_librarys_suite_accepts_the_recorder(suite: Any, name: str, make: Callable[[type[Facade]], Facade]) -> None:
    case = suite(name)
    case.made = make
    outcome = unittest.TestResult()
    case.run(outcome)
    assert outcome.testsRun == 1
    assert outcome.wasSuccessful(), "\n".join(text for _, text in outcome.errors + outcome.failures)


def test_the_librarys_postgres_recorder_reads_the_same_events(
    database_url: str, make: Callable[[type[Facade]], Facade]
) -> None:
    ours = make(Facade)
    streams = [uuid4() for _ in range(3)]
    for version in range(5):
        ours.insert_events([StoredEvent(stream, version, f"topic{version}", b"{}" * version) for stream in streams])
    address = urlsplit(database_url)
    with PostgresDatastore(
        dbname=address.path[1:],
        host=address.hostname or "",
        port=address.port or 5432,
        user=address.username or "",
        password=address.password or "",
    ) as datastore:
        theirs = PostgresApplicationRecorder(datastore, events_table_name="stored_events")
        assert theirs.max_notification_id() == ours.max_notification_id()
        assert list(theirs.select_notifications(None, 100)) == ours.select_notifications(None, 100)
        for stream in streams:
            read = [
                StoredEvent(event.originator_id, event.originator_version, event.topic, event.state)
                for event in theirs.select_events(stream)
            ]
            assert read == ours.select_events(stream)
            assert isinstance(read[0].originator_id, UUID)


def test_waiting_for_tracking_ends_when_it_arrives(make: Callable[[type[Facade]], Facade]) -> None:
    recorder = make(Facade)
    waiter = Thread(target=lambda: recorder.wait("upstream", 5, timeout=60))
    waiter.start()
    began = time.monotonic()
    recorder.insert_tracking(Tracking("upstream", 5))
    waiter.join()
    assert time.monotonic() - began < 30  # it did not wait for the timeout
