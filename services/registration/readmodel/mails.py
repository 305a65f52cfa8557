# SPDX-License-Identifier: Apache-2.0
"""Which mails are due? One row per person, conference and kind, which a rebuild neither removes nor adds again.

The rows hold no text and no address: a mail is written when it is sent, and erasure deletes the rows.
"""

from collections.abc import Sequence
from uuid import UUID

from services.chassis.database import Tx
from services.chassis.decider import Event
from services.chassis.projection import TableProjection
from services.chassis.records import Recorded
from services.registration.domain.conference import ConferenceCancelled, ConferenceHeld
from services.registration.domain.registrations import (
    ParticipantCheckedIn,
    ParticipantErased,
    RegistrationCancelled,
    RegistrationExpired,
    RegistrationRepeated,
    RegistrationSubmitted,
    SeatReleased,
    SeatTaken,
    WaitingListJoined,
)

Changed = Sequence[str]
"""The conferences with new mails; wakes the senders."""

_SEAT_MAILS = {"CONFIRMED": "seat", "MOVED_UP": "moved_up"}
"""Who gets a seat as a standby is in the lobby and sees it there."""


async def _due(tx: Tx, event: Event, kind: str, recorded: Recorded) -> Changed:
    participant, conference = _ids(event)
    await tx.execute(
        "INSERT INTO outbox (participant_id, conference_id, kind, position) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        participant, conference, kind, recorded.notification_id,
    )  # fmt: skip
    return [conference.hex]


async def _stand(tx: Tx, event: Event, standing: str) -> None:
    participant, conference = _ids(event)
    await tx.execute(
        "INSERT INTO mail_standing (participant_id, conference_id, standing) VALUES ($1, $2, $3)"
        " ON CONFLICT (participant_id) DO UPDATE SET standing = $3",
        participant, conference, standing,
    )  # fmt: skip


def _ids(event: Event) -> tuple[UUID, UUID]:
    return UUID(getattr(event, "participant_id")), UUID(getattr(event, "conference_id"))  # noqa: B009


async def _submitted(tx: Tx, event: RegistrationSubmitted, recorded: Recorded) -> Changed:
    return await _due(tx, event, "confirmation", recorded)


async def _repeated(tx: Tx, event: RegistrationRepeated, recorded: Recorded) -> Changed:
    return await _due(tx, event, f"repeated-{event.number}", recorded)


async def _seated(tx: Tx, event: SeatTaken, recorded: Recorded) -> Changed:
    await _stand(tx, event, "EXPECTED")
    return await _due(tx, event, _SEAT_MAILS[event.cause], recorded) if event.cause in _SEAT_MAILS else []


async def _waits(tx: Tx, event: WaitingListJoined, recorded: Recorded) -> Changed:
    await _stand(tx, event, "EXPECTED")
    return await _due(tx, event, "waiting_list", recorded)


async def _checked_in(tx: Tx, event: ParticipantCheckedIn, _: Recorded) -> None:
    await _stand(tx, event, "CAME")


async def _lost_seat(tx: Tx, event: SeatReleased, _: Recorded) -> None:
    await _stand(tx, event, "EXPECTED")


async def _cancelled(tx: Tx, event: RegistrationCancelled, recorded: Recorded) -> Changed:
    await _stand(tx, event, "GONE")
    return await _due(tx, event, "cancelled", recorded)


async def _forgotten(tx: Tx, event: ParticipantErased | RegistrationExpired, _: Recorded) -> None:
    participant, _conference = _ids(event)
    await tx.execute("DELETE FROM outbox WHERE participant_id = $1", participant)
    await tx.execute("DELETE FROM mail_standing WHERE participant_id = $1", participant)


_TO_ALL = (
    "INSERT INTO outbox (participant_id, conference_id, kind, position)"
    " SELECT participant_id, conference_id, $2, $4 FROM mail_standing WHERE conference_id = $1"
    " AND standing = ANY($3::text[]) ON CONFLICT DO NOTHING"
)


async def _called_off(tx: Tx, event: ConferenceCancelled, recorded: Recorded) -> Changed:
    standings = ["EXPECTED", "CAME"]
    await tx.execute(_TO_ALL, UUID(event.conference_id), "called_off", standings, recorded.notification_id)
    return [event.conference_id]


async def _held(tx: Tx, event: ConferenceHeld, recorded: Recorded) -> Changed:
    await write_to_those_who_came(tx, event.conference_id, "thanks", recorded.notification_id)
    return [event.conference_id]


async def write_to_those_who_came(tx: Tx, conference_id: str, kind: str, position: int) -> None:
    """A mail is due for everybody who came; who got one of this kind gets no other."""
    await tx.execute(_TO_ALL, UUID(conference_id), kind, ["CAME"], position)


MAILS = TableProjection(
    name="mails",
    version=1,
    handlers={
        RegistrationSubmitted: _submitted,
        RegistrationRepeated: _repeated,
        SeatTaken: _seated,
        WaitingListJoined: _waits,
        ParticipantCheckedIn: _checked_in,
        SeatReleased: _lost_seat,
        RegistrationCancelled: _cancelled,
        RegistrationExpired: _forgotten,
        ParticipantErased: _forgotten,
        ConferenceCancelled: _called_off,
        ConferenceHeld: _held,
    },
    tables=(),
)
