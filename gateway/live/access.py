# SPDX-License-Identifier: Apache-2.0
"""Closes the door at once for who was erased, excluded or released from a role, and for apps that lost a key.

It is opened again for who may return.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from gateway.backends import GATEWAY, Backends
from gateway.identity import Identity
from services.chassis.bus import Bus, Subscribed
from services.chassis.contract import ContractEvent, Position
from services.chassis.identity import Grant, scope_of
from services.chassis.refusals import NotFound
from services.chassis.requests import Reply
from services.chassis.subjects import ES_EPOCH, ES_POSITION
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

_Told = dict[str | tuple[str, Grant], bool]
"""Of residents, and of roles of the staff: whether what was told last let them in (False) or out (True)."""


class Doorway(Protocol):
    """Who is connected."""

    def close_person(self, person: str, reason: str) -> None:
        """Closes the connections of a person."""

    def close_app(self, app: str, reason: str) -> None:
        """Closes the connections by an app."""


class Access:
    """Listens in all conferences, watched or not.

    Args:
        bus: the connection to NATS.
        identity: refuses the tokens of those who are out.
        backends: forgets their names.
        doorway: closes connections of a person or an app, with a reason for developers.
    """

    def __init__(self, bus: Bus, identity: Identity, backends: Backends, doorway: Doorway) -> None:
        self._bus = bus
        self._identity = identity
        self._backends = backends
        self._close_person = doorway.close_person
        self._close_app = doorway.close_app
        self._subscriptions: list[Subscribed] = []
        self._excluded: set[str] = set()
        self._heard: Position | None = None
        self._meanwhile: list[_Told] = []
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
            if event.SERVICE == registration.SERVICE:
                self._note(message.headers or {})
            act(_PERSON.decode(message.data))

        subject = f"{self._bus.prefix}.evt.{event.SERVICE}.*.*.{event.__name__}"
        self._subscriptions.append(await self._bus.subscribe(subject, on_message))

    def _note(self, headers: Mapping[str, str]) -> None:
        """Remembers how far registration's log was heard."""
        epoch, value = headers.get(ES_EPOCH), headers.get(ES_POSITION, "")
        if epoch and value.isdigit():
            known = self._heard
            if known is None or known.epoch != epoch or known.value < int(value):
                self._heard = Position(epoch, int(value))

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
        """Applies what registration says; False when it does not answer now, or with less than was heard before."""
        told: _Told = {}
        self._meanwhile.append(told)
        try:
            heard = self._heard
            replies = await self._ask(str(heard) if heard is not None else None)
        finally:
            self._meanwhile.remove(told)
        pages = [reply.answer for reply in replies if reply.answer is not None]
        for person in (person for page in pages for person in page.people):
            self._excluded.discard(person)  # nobody excludes them any more, and nobody lets them in
            self._on_staff_erased(_Person(staff_id=person))
        if len(pages) < len(replies):
            return isinstance(replies[0].refusal, NotFound)  # a release that cannot tell
        if heard is not None and any(reply.stale and reply.position.startswith(f"{heard.epoch}:") for reply in replies):
            return False  # it would give a role back that was taken a moment ago
        # What was told since the question was asked is newer than its answer.
        excluded = {person for page in pages for person in page.excluded if told.get(person, True)}
        excluded |= {person for person in self._excluded if told.get(person, False)}
        for person in self._excluded - excluded:
            self._identity.readmit(person)
        for person in excluded - self._excluded:
            self._on_excluded(_Person(participant_id=person))
        self._excluded = excluded
        roles = ((each.staff_id, Grant(each.role, each.scope)) for page in pages for each in page.roles)
        ended = {role for role in roles if told.get(role, True)}
        ended |= {role for role, out in told.items() if out and not isinstance(role, str)}
        for person in self._identity.keep_released(ended):
            self._close_person(person, "Released")
        return True

    async def _ask(self, after: str | None) -> list[Reply[registration.Revocations]]:
        """All pages of the answer, up to the first that was refused."""
        replies: list[Reply[registration.Revocations]] = []
        question: registration.GetRevocations | None = registration.GetRevocations()
        while question is not None:
            reply = await self._backends.ask(question, GATEWAY, after=after)
            replies.append(reply)
            behind = None if reply.answer is None else reply.answer.more_behind
            question = None if behind is None else registration.GetRevocations(behind=behind)
        return replies

    def _tell(self, who: str | tuple[str, Grant], *, out: bool) -> None:
        """Lets those know who wait for an answer that may be older than this."""
        for told in self._meanwhile:
            told[who] = out

    def _on_erased(self, person: _Person) -> None:
        self._backends.names.forget(person.conference_id or "", person.participant_id)
        self._excluded.discard(person.participant_id)
        self._identity.revoke_erased(person.participant_id)
        self._close_person(person.participant_id, "Erased")

    def _on_staff_erased(self, person: _Person) -> None:
        self._backends.names.forget_everywhere(person.staff_id)
        self._identity.revoke(person.staff_id)
        self._close_person(person.staff_id, "Erased")

    def _on_app_changed(self, person: _Person) -> None:
        self._identity.forget_app(person.app_id)
        self._close_app(person.app_id, "The access of this app has changed")

    def _on_released(self, person: _Person) -> None:
        # What they watch was cut to the role; they may come back and see what is left to them.
        self._tell((person.staff_id, _grant(person)), out=True)
        self._identity.release(person.staff_id, _grant(person))
        self._close_person(person.staff_id, "Released")

    def _on_assigned(self, person: _Person) -> None:
        self._tell((person.staff_id, _grant(person)), out=False)
        self._identity.assign(person.staff_id, _grant(person))

    def _on_excluded(self, person: _Person) -> None:
        self._excluded.add(person.participant_id)
        self._tell(person.participant_id, out=True)
        self._identity.exclude(person.participant_id)
        self._close_person(person.participant_id, "Excluded")

    def _on_readmitted(self, person: _Person) -> None:
        self._tell(person.participant_id, out=False)
        self._excluded.discard(person.participant_id)
        self._identity.readmit(person.participant_id)


def _grant(person: _Person) -> Grant:
    return Grant(person.role, scope_of(person.conference_id or None, person.series_id, person.district_id))
