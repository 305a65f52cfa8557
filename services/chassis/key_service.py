# SPDX-License-Identifier: Apache-2.0
"""The keys of another service, as those ask for them who keep none: found, and made for authors who have none yet.

Residents get their key when they register. Staff may come with nothing but a token of the city's OIDC provider: their
key is made when they write for the first time.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from services.chassis.api import Context
from services.chassis.contract import CommandRequest, QueryRequest
from services.chassis.decider import Sealed
from services.chassis.identity import Actor
from services.chassis.keys import KeyDestroyed, Keys
from services.chassis.requests import Requests


class _Make(Protocol):
    def __call__(self, *, conference_id: str | None, ids: tuple[str, ...], joint: bool) -> CommandRequest[Any]: ...


class KeyService:
    """Asks for keys.

    Args:
        service: the name of the service that asks.
        find: the query for keys by id; its answer has them as `keys`, without those that do not exist.
        make: the command that makes those that never existed.
    """

    def __init__(self, service: str, *, find: Callable[..., QueryRequest[Any]], make: _Make) -> None:
        self._actor = Actor.service(service)
        self._find = find
        self._make = make

    def keys(self, requests: Requests) -> Keys:
        """Keys that are asked for when they are needed. Sealing and opening raise `Refused` while nobody answers."""

        async def fetch(ids: Sequence[str]) -> Mapping[str, bytes]:
            answer = (await requests.ask(self._find(ids=tuple(ids)), actor=self._actor)).unwrap()
            found: Mapping[str, bytes] = answer.keys
            return found

        return Keys(fetch)

    async def ensure(self, requests: Requests, conference_id: str | None, ids: Sequence[str], *, joint: bool) -> None:
        """Has keys made that do not exist; a destroyed one stays destroyed.

        Args:
            requests: asks the service that keeps them.
            conference_id: to which they belong; None: the city.
            ids: of persons of the staff, or of texts that several people write.
            joint: the latter.

        Raises:
            Refused: the service cannot be asked now.
        """
        if ids:
            make = self._make(conference_id=conference_id, ids=tuple(ids), joint=joint)
            reply = await requests.ask(make, actor=self._actor)
            reply.unwrap()

    async def seal_as_author(self, ctx: Context, conference_id: str | None, text: str) -> Sealed:
        """Seals a text under the key of who wrote it.

        Raises:
            KeyDestroyed: the person was erased.
            Refused: the service cannot be asked now.
        """
        if ctx.actor.kind == "resident":
            return await ctx.keys.seal(ctx.actor.id, text)
        return await self.seal(ctx, conference_id, ctx.actor.id, text, joint=False)

    async def seal(self, ctx: Context, conference_id: str | None, key_id: str, text: str, *, joint: bool) -> Sealed:
        """Seals a text under a key that is made if it never existed; `joint` when it is not a person's.

        Raises:
            KeyDestroyed: the key was destroyed.
            Refused: the service cannot be asked now.
        """
        try:
            return await ctx.keys.seal(key_id, text)
        except KeyDestroyed:
            await self.ensure(ctx.requests, conference_id, [key_id], joint=joint)
            ctx.keys.forget(key_id)  # that it did not exist is remembered for seconds
        return await ctx.keys.seal(key_id, text)
