# SPDX-License-Identifier: Apache-2.0
"""Closes the door at once for who was erased, excluded or released from a role, and for apps that lost a key.

It is opened again for who may return.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from gateway.backends import Backends
from gateway.identity import Identity
from services.chassis.bus import Bus, Subscribed
from services.chassis.contract import ContractEvent
from services.chassis.identity import Grant, scope_of
from services.contracts import registration, session


class _Person(msgspec.Struct):
    """Whom a message is about: somebody of one conference, somebody of the staff in a role and where it holds, or an
    app."""

    conference_id: str | None = ""
    series_id: str | None = None
    district_id: str | None = None
    participant_id: str = ""
    staff_id: str = ""
    app_id: str = ""
    role: str = ""


_PERSON = msgspec.json.Decoder(_Person)


class Access:
    """Listens in all conferences, watched or not.

    Args:
        bus: the connection to NATS.
        identity: refuses the tokens of those who are out.
        backends: forgets their names.
        close_person: closes the connections of a person, with a reason for developers.
    """

    def __init__(
        self, bus: Bus, identity: Identity, backends: Backends, close_person: Callable[[str, str], None]
    ) -> None:
        self._bus = bus
        self._identity = identity
        self._backends = backends
        self._close_person = close_person
        self._subscriptions: list[Subscribed] = []

    async def open(self) -> None:
        """Starts listening."""
        await self._listen(registration.ParticipantErased, self._on_erased)
        await self._listen(registration.StaffErased, self._on_staff_erased)
        await self._listen(registration.AppAccessChanged, self._on_app_changed)
        await self._listen(registration.StaffReleased, self._on_released)
        await self._listen(registration.StaffAssigned, self._on_assigned)
        await self._listen(session.ParticipantExcluded, self._on_excluded)
        await self._listen(session.ParticipantReadmitted, self._on_readmitted)

    async def close(self) -> None:
        """Stops listening."""
        for subscription in self._subscriptions:
            await subscription.stop()

    async def _listen(self, event: type[ContractEvent], act: Callable[[_Person], None]) -> None:
        async def on_message(message: Any) -> None:
            act(_PERSON.decode(message.data))

        subject = f"{self._bus.prefix}.evt.{event.SERVICE}.*.*.{event.__name__}"
        self._subscriptions.append(await self._bus.subscribe(subject, on_message))

    def _on_erased(self, person: _Person) -> None:
        self._backends.names.forget(person.conference_id or "", person.participant_id)
        self._identity.revoke_erased(person.participant_id)
        self._close_person(person.participant_id, "Erased")

    def _on_staff_erased(self, person: _Person) -> None:
        self._backends.names.forget_everywhere(person.staff_id)
        self._identity.revoke(person.staff_id)
        self._close_person(person.staff_id, "Erased")

    def _on_app_changed(self, person: _Person) -> None:
        self._identity.forget_app(person.app_id)
        self._close_person(person.app_id, "The access of this app has changed")

    def _on_released(self, person: _Person) -> None:
        # What they watch was cut to the role; they may come back and see what is left to them.
        self._identity.release(person.staff_id, _grant(person))
        self._close_person(person.staff_id, "Released")

    def _on_assigned(self, person: _Person) -> None:
        self._identity.assign(person.staff_id, _grant(person))

    def _on_excluded(self, person: _Person) -> None:
        self._identity.revoke(person.participant_id)
        self._close_person(person.participant_id, "Excluded")

    def _on_readmitted(self, person: _Person) -> None:
        self._identity.readmit(person.participant_id)


def _grant(person: _Person) -> Grant:
    return Grant(person.role, scope_of(person.conference_id or None, person.series_id, person.district_id))
