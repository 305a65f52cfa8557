# SPDX-License-Identifier: Apache-2.0
"""The key service in registration: keys of people, and of sheets written together."""

from collections.abc import Mapping, Sequence

from services.chassis.api import Context
from services.chassis.decider import Sealed
from services.chassis.identity import Actor
from services.chassis.keys import KeyDestroyed, Keys
from services.chassis.requests import Refused, Requests
from services.chassis.service import Runtime
from services.contracts.registration import EnsureKeys, GetKeys
from services.ideas.domain.evening import PenIsTaken

SELF = Actor.service("ideas")


def keys_of_registration(runtime: Runtime) -> Keys:
    """Keys that are asked for when they are needed."""

    async def fetch(ids: Sequence[str]) -> Mapping[str, bytes]:
        reply = await runtime.requests.ask(GetKeys(ids=tuple(ids)), actor=SELF)
        return reply.unwrap().keys

    return Keys(fetch)


async def ensure_keys(requests: Requests, conference_id: str, ids: Sequence[str]) -> None:
    """Has keys made that do not exist; a destroyed one stays destroyed.

    Raises:
        Refused: registration cannot be asked now.
    """
    if ids:
        reply = await requests.ask(EnsureKeys(conference_id=conference_id, ids=tuple(ids)), actor=SELF)
        reply.unwrap()


async def seal_as_author(ctx: Context, conference_id: str, text: str) -> Sealed:
    """Seals a text under the key of who wrote it. A resident's key came with the registration, staff get one now.

    Raises:
        Refused: the person was erased, or registration cannot be asked now.
    """
    if ctx.actor.kind == "resident":
        try:
            return await ctx.keys.seal(ctx.actor.id, text)
        except KeyDestroyed:
            raise Refused(PenIsTaken()) from None
    return await seal_with_made_key(ctx, conference_id, ctx.actor.id, text)


async def seal_with_made_key(ctx: Context, conference_id: str, key_id: str, text: str) -> Sealed:
    """Seals a text under a key that is made if it does not exist.

    Raises:
        Refused: the key was destroyed, or registration cannot be asked now.
    """
    try:
        return await ctx.keys.seal(key_id, text)
    except KeyDestroyed:
        await ensure_keys(ctx.requests, conference_id, [key_id])
        ctx.keys.forget(key_id)  # that it did not exist is remembered for seconds
    try:
        return await ctx.keys.seal(key_id, text)
    except KeyDestroyed:
        raise Refused(PenIsTaken()) from None
