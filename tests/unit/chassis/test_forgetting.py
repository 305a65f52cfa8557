# SPDX-License-Identifier: Apache-2.0
"""A process that hears of a destroyed key forgets it; one that may have missed something forgets all."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from services.chassis.forgetting import Forgetting
from services.chassis.keys import Keys, new_key
from services.contracts.registration import ParticipantErased

ANNA, BEN = "a" * 32, "b" * 32
KEYS = {ANNA: new_key(), BEN: new_key()}


class Bus:
    """Takes down who listens where."""

    def __init__(self) -> None:
        self.prefix = "quartier"
        self.on_reconnect: list[Callable[[], None]] = []
        self.heard: dict[str, Callable[[Any], Awaitable[None]]] = {}

    async def subscribe(self, subject: str, callback: Callable[[Any], Awaitable[None]]) -> None:
        self.heard[subject] = callback

    async def tell(self, data: bytes) -> None:
        await self.heard["quartier.evt.registration.*.*.ParticipantErased"](SimpleNamespace(data=data))


@pytest.fixture
async def bus() -> Bus:
    return Bus()


@pytest.fixture
async def keys(bus: Bus) -> Keys:
    async def fetch(ids: Sequence[str]) -> Mapping[str, bytes]:
        return {key_id: KEYS[key_id] for key_id in ids}

    kept = Keys(fetch)
    for key_id in KEYS:
        await kept.seal(key_id, "text")
    await Forgetting(bus, kept, {ParticipantErased: "participant_id"}).open()
    return kept


async def test_the_key_of_an_erased_person_is_forgotten_and_no_other(bus: Bus, keys: Keys) -> None:
    erased = ParticipantErased(at=datetime.now(UTC), conference_id="c" * 32, participant_id=ANNA)
    await bus.tell(msgspec.json.encode(erased))
    assert len(keys) == 1


async def test_when_it_is_not_understood_whose_key_it_was_none_is_kept(bus: Bus, keys: Keys) -> None:
    await bus.tell(b'{"person":"of a later version"}')
    assert len(keys) == 0


async def test_after_a_lost_connection_no_key_is_kept(bus: Bus, keys: Keys) -> None:
    for back in bus.on_reconnect:
        back()
    assert len(keys) == 0
