# SPDX-License-Identifier: Apache-2.0
"""Closes the door at once for who was erased, excluded or released from a role, and for apps that lost a key.

It is opened again for who may return.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from gateway.backends import GATEWAY, Backends
from gateway.identity import Identity
from services.chassis.bus import Bus, Subscribed
from services.chassis.contract import ContractEvent
from services.chassis.identity import Grant, scope_of
from services.chassis.refusals import NotFound
from services.chassis.tasks import end
from services.contracts import registration, session

RETRY_SECONDS = 1.0


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
        self._excluded: set[str] = set()
        self._returned: set[str | tuple[str, Grant]] = set()
        self._catching_up: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Starts listening, and learns what was told before."""
        await self._listen(registration.ParticipantErased, self._on_erased)
        await self._listen(registration.StaffErased, self._on_staff_erased)
        await self._listen(registration.AppAccessChanged, self._on_app_changed)
        await self._listen(registration.StaffReleased, self._on_released)
        await self._listen(registration.StaffAssigned, self._on_assigned)
        await self._listen(session.ParticipantExcluded, self._on_excluded)
        await self._listen(session.ParticipantReadmitted, self._on_readmitted)
        self._bus.on_reconnect.append(self._catch_up)
        if not await self._learn():
            self._catch_up()

    async def close(self) -> None:
        """Stops listening."""
        if self._catching_up is not None:
            await end(self._catching_up)
        for subscription in self._subscriptions:
            await subscription.stop()

    async def _listen(self, event: type[ContractEvent], act: Callable[[_Person], None]) -> None:
        async def on_message(message: Any) -> None:
            act(_PERSON.decode(message.data))

        subject = f"{self._bus.prefix}.evt.{event.SERVICE}.*.*.{event.__name__}"
        self._subscriptions.append(await self._bus.subscribe(subject, on_message))

    def _catch_up(self) -> None:
        """Asks whose access has ended: nobody told it while this gateway was not connected."""
        if self._catching_up is not None:
            self._catching_up.cancel()
        self._catching_up = asyncio.get_running_loop().create_task(self._learn_in_the_end())

    async def _learn_in_the_end(self) -> None:
        while True:
            if await self._learn():
                return
            await asyncio.sleep(RETRY_SECONDS)  # paces the questions

    async def _learn(self) -> bool:
        """Applies what registration says; False when it does not answer now."""
        self._returned.clear()
        reply = await self._backends.ask(registration.GetRevocations(), GATEWAY)
        if reply.answer is None:
            return isinstance(reply.refusal, NotFound)  # a release that cannot tell
        for person in reply.answer.people:
            self._on_staff_erased(_Person(staff_id=person))
        # Who was let in again since the question was asked is not shut out by its answer.
        excluded = {person for person in reply.answer.excluded if person not in self._returned}
        for person in self._excluded - excluded:
            self._identity.readmit(person)
        for person in excluded - self._excluded:
            self._on_excluded(_Person(participant_id=person))
        self._excluded = excluded
        ended = {
            (each.staff_id, grant)
            for each in reply.answer.roles
            if (each.staff_id, grant := Grant(each.role, each.scope)) not in self._returned
        }
        for person in self._identity.keep_released(ended):
            self._close_person(person, "Released")
        return True

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
        self._returned.add((person.staff_id, _grant(person)))
        self._identity.assign(person.staff_id, _grant(person))

    def _on_excluded(self, person: _Person) -> None:
        self._excluded.add(person.participant_id)
        self._identity.revoke(person.participant_id)
        self._close_person(person.participant_id, "Excluded")

    def _on_readmitted(self, person: _Person) -> None:
        self._returned.add(person.participant_id)
        self._excluded.discard(person.participant_id)
        self._identity.readmit(person.participant_id)


def _grant(person: _Person) -> Grant:
    return Grant(person.role, scope_of(person.conference_id or None, person.series_id, person.district_id))
