# SPDX-License-Identifier: Apache-2.0
"""Who must be forgotten? Deletes what the vault still holds of people whose registration expired or who were erased.

Erasure itself deletes in the transaction of the command; here the same is done again from the event, so that an
expired registration, and a vault that was restored without its log's last events, keep nothing either.
"""

from uuid import UUID

from services.chassis.database import Tx
from services.chassis.projection import TableProjection
from services.chassis.records import Recorded
from services.registration.domain.registrations import ParticipantErased, RegistrationExpired


async def _forget(tx: Tx, event: ParticipantErased | RegistrationExpired, _: Recorded) -> None:
    participant = UUID(event.participant_id)
    await tx.execute("DELETE FROM participants WHERE participant_id = $1", participant)
    await tx.execute("UPDATE data_keys SET wrapped = NULL WHERE id = $1", participant)


FORGOTTEN = TableProjection(
    name="forgotten", version=1, handlers={ParticipantErased: _forget, RegistrationExpired: _forget}, tables=()
)
