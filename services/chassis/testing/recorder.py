# SPDX-License-Identifier: Apache-2.0
"""The store under the method names of the eventsourcing library, so that its test suites hold us to its contract.

Asynchronous, otherwise as `eventsourcing.persistence.ProcessRecorder` says. Services use the store itself.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid5

from eventsourcing.persistence import IntegrityError, Notification, StoredEvent
from eventsourcing.persistence import Tracking as LibraryTracking

from services.chassis.contract import CITY
from services.chassis.store import Append, Appended, EventStore, NewEvent, Recorded, Tracking

CONSUMER: Final = "recorder"
"""Under this name the library's tracking, which knows applications only, stands in the table `consumed`."""


class Recorder:
    """A process recorder in the library's sense.

    Args:
        store: the log of one service.
    """

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def insert_events(
        self, stored_events: Sequence[StoredEvent], tracking: LibraryTracking | None = None
    ) -> list[int]:
        """Stores events and tracking, all or nothing; the positions of the events.

        Raises:
            IntegrityError: a version is taken or leaves a gap, or the tracking was passed before.
        """
        if not stored_events and tracking is None:
            return []
        at = datetime.now(UTC)
        events = [_new(event, at) for event in stored_events]
        try:
            result = await self._store.append(Append(events, tracking=_own(tracking)))
        except ValueError as error:
            raise IntegrityError(str(error)) from error
        if not isinstance(result, Appended):
            raise IntegrityError(type(result).__name__)
        # Under the lock of the log nobody else draws numbers: those of one item are consecutive.
        return list(range(result.position - len(events) + 1, result.position + 1))

    async def select_events(
        self,
        originator_id: UUID,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[StoredEvent]:
        """The events of a stream with versions in `(gt, lte]`."""
        events = await self._store.select_events(originator_id, after_version=gt)
        chosen = [_stored(event) for event in events if lte is None or event.originator_version <= lte]
        return (chosen[::-1] if desc else chosen)[:limit]

    async def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> list[Notification]:
        """The events from position `start` to `stop`, only these topics if given."""
        after = 0 if start is None else start - 1 if inclusive_of_start else start
        events = await self._store.select_notifications(after, limit, topics or None)
        return [_notification(event) for event in events if stop is None or event.notification_id <= stop]

    async def max_notification_id(self) -> int | None:
        """The last position; None in an empty log."""
        return await self._store.max_notification_id() or None

    async def insert_tracking(self, tracking: LibraryTracking) -> None:
        """Notes how far another application's log has been processed.

        Raises:
            IntegrityError: it had been processed that far before.
        """
        await self.insert_events([], tracking)

    async def max_tracking_id(self, application_name: str) -> int | None:
        """How far another application's log has been processed; None when nothing has."""
        position: int | None = await self._store.db.pool.fetchval(
            "SELECT max(position) FROM consumed WHERE consumer = $1 AND source = $2", CONSUMER, application_name
        )
        return position

    async def has_tracking_id(self, application_name: str, notification_id: int | None) -> bool:
        """Whether another application's log has been processed that far; None asks for nothing."""
        if notification_id is None:
            return True
        return (await self.max_tracking_id(application_name) or 0) >= notification_id


def _new(event: StoredEvent, at: datetime) -> NewEvent:
    if not isinstance(event.originator_id, UUID):
        raise TypeError("streams of this log are named by UUIDs")
    event_id = uuid5(event.originator_id, str(event.originator_version))
    return NewEvent(
        event.originator_id, event.originator_version, event.topic, event.state, None, event_id, b"", at
    )  # fmt: skip


def _own(tracking: LibraryTracking | None) -> Tracking | None:
    if tracking is None:
        return None
    return Tracking(CONSUMER, tracking.application_name, CITY, tracking.notification_id)


def _stored(event: Recorded) -> StoredEvent:
    return StoredEvent(UUID(int=event.originator_id.int), event.originator_version, event.topic, event.state)


def _notification(event: Recorded) -> Notification:
    return Notification(
        UUID(int=event.originator_id.int), event.originator_version, event.topic, event.state, event.notification_id
    )
