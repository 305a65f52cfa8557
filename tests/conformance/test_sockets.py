# SPDX-License-Identifier: Apache-2.0
"""The subscription protocols, tried by the clients of others with every message that is right or wrong."""

from typing import Any

from gateway.schema.relay import global_id
from tests.conformance.node import findings
from tests.gateway.city import CONFERENCE, City
from tests.gateway.conftest import Address

GID = global_id("Conference", CONFERENCE)


def wrong(checks: list[dict[str, Any]]) -> list[str]:
    """What was not as expected."""
    return [f"{check['name']}: {check['found']}, not {check['expected']}" for check in checks if "expected" in check]


async def test_graphql_transport_ws_is_kept_word_for_word(city: City, gateway: Address) -> None:
    gateway.gateway.sockets.init_seconds = 1.0
    checks = await findings(
        "sockets.mjs",
        url=gateway.ws,
        http=gateway.url,
        token=city.issuer.resident(),
        short=city.issuer.resident(lifetime=2),
        conference=GID,
    )
    assert wrong(checks) == []
    assert len(checks) >= 90


async def test_graphql_sse_is_kept_word_for_word(city: City, gateway: Address) -> None:
    checks = await findings(
        "streams.mjs",
        url=f"{gateway.url}/graphql/stream",
        http=gateway.url,
        token=city.issuer.resident(),
        conference=GID,
    )
    assert wrong(checks) == []
    assert len(checks) >= 25
