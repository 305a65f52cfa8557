# SPDX-License-Identifier: Apache-2.0
"""Each process of a city without replicas is killed while people use it."""

import pytest

from tests.city.crashes import survives
from tests.city.evening import Evening
from tests.city.town import Town


def named(name: str):
    async def victim(_: Evening) -> str:
        return name

    return victim


async def test_session_is_killed(town: Town) -> None:
    await survives(town, named("session"))


@pytest.mark.soak
@pytest.mark.parametrize("name", ["registration", "rooms", "ideas", "gateway", "nats", "postgres"])
async def test_another_process_is_killed(town: Town, name: str) -> None:
    await survives(town, named(name))
