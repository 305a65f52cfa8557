# SPDX-License-Identifier: Apache-2.0
"""The subscription protocols, tried by the clients of others with every message that is right or wrong."""

from gateway.schema.relay import global_id
from tests.conformance.node import findings
from tests.gateway.city import CONFERENCE, City
from tests.gateway.conftest import Address


async def test_graphql_transport_ws_is_kept_word_for_word(city: City, gateway: Address) -> None:
    gateway.gateway.sockets.init_seconds = 1.0
    checks = await findings(
        "sockets.mjs",
        url=gateway.ws,
        http=gateway.url,
        token=city.issuer.resident(),
        short=city.issuer.resident(lifetime=2),
        conference=global_id("Conference", CONFERENCE),
    )
    wrong = [f"{check['name']}: {check['found']}, not {check['expected']}" for check in checks if "expected" in check]
    assert wrong == []
    assert len(checks) >= 30
