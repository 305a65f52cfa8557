# SPDX-License-Identifier: Apache-2.0
"""Gets the keys of sealed texts from registration, which keeps them."""

from collections.abc import Mapping, Sequence

from services.chassis.identity import Actor
from services.chassis.keys import Keys
from services.chassis.service import Runtime
from services.contracts.registration import GetKeys

SESSION = Actor.service("session")


def keys_of(runtime: Runtime) -> Keys:
    """The keys of this process, asked of registration over the bus.

    Sealing and opening raise `Refused` while registration is away.
    """

    async def fetch(ids: Sequence[str]) -> Mapping[str, bytes]:
        return (await runtime.requests.ask(GetKeys(ids=tuple(ids)), actor=SESSION)).unwrap().keys

    return Keys(fetch)
