# SPDX-License-Identifier: Apache-2.0
"""Gets the keys of sealed texts from registration, which keeps them."""

from services.chassis.key_service import KeyService
from services.chassis.keys import Keys
from services.chassis.service import Runtime
from services.contracts.registration import EnsureKeys, GetKeys

KEY_SERVICE = KeyService("session", find=GetKeys, make=EnsureKeys)

seal_as_author = KEY_SERVICE.seal_as_author


def keys_of(runtime: Runtime) -> Keys:
    """The keys of this process, asked of registration over the bus."""
    return KEY_SERVICE.keys(runtime.requests)
