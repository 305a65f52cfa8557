# SPDX-License-Identifier: Apache-2.0
"""Registration as the other services know it when they need a key."""

import os

from services.chassis.api import Api, Context
from services.contracts import registration


def key_service(keys: dict[str, bytes], destroyed: set[str]) -> Api:
    """Registration's part as the keeper of keys."""
    api = Api("registration")

    @api.query(registration.GetKeys)
    async def get_keys(request: registration.GetKeys, _: Context) -> registration.KeysFound:
        return registration.KeysFound(keys={key: keys[key] for key in request.ids if key in keys})

    @api.command(registration.EnsureKeys)
    async def ensure_keys(request: registration.EnsureKeys, _: Context) -> registration.KeysFound:
        for key in request.ids:
            if key not in destroyed:
                keys.setdefault(key, os.urandom(32))
        return registration.KeysFound(keys={key: keys[key] for key in request.ids if key in keys})

    return api
