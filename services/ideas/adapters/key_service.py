# SPDX-License-Identifier: Apache-2.0
"""The key service in registration: keys of people, and of sheets written together."""

from services.chassis.api import Context
from services.chassis.decider import Sealed
from services.chassis.key_service import KeyService
from services.chassis.keys import KeyDestroyed, Keys
from services.chassis.requests import Refused
from services.chassis.service import Runtime
from services.contracts.registration import EnsureKeys, GetKeys
from services.ideas.domain.evening import PenIsTaken

KEY_SERVICE = KeyService("ideas", find=GetKeys, make=EnsureKeys)

ensure_keys = KEY_SERVICE.ensure


def keys_of_registration(runtime: Runtime) -> Keys:
    """Keys that are asked for when they are needed."""
    return KEY_SERVICE.keys(runtime.requests)


async def seal_as_author(ctx: Context, conference_id: str, text: str) -> Sealed:
    """Seals a text under the key of who wrote it. A resident's key came with the registration, staff get one now.

    Raises:
        Refused: the person was erased, or registration cannot be asked now.
    """
    try:
        return await KEY_SERVICE.seal_as_author(ctx, conference_id, text)
    except KeyDestroyed:
        raise Refused(PenIsTaken()) from None


async def seal_jointly(ctx: Context, conference_id: str, key_id: str, text: str) -> Sealed:
    """Seals a text that several people write under its own key, which is made if it does not exist.

    Raises:
        Refused: the key was destroyed, or registration cannot be asked now.
    """
    try:
        return await KEY_SERVICE.seal(ctx, conference_id, key_id, text, joint=True)
    except KeyDestroyed:
        raise Refused(PenIsTaken()) from None
