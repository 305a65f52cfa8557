# SPDX-License-Identifier: Apache-2.0
"""graphql-http's own audits of the GraphQL over HTTP specification, against a running gateway."""

import pytest

from tests.conformance.node import findings
from tests.gateway.city import City
from tests.gateway.conftest import running


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "graphql-core alone"])
async def test_every_audit_of_graphql_over_http_is_passed(
    compiled: bool, city: City, nats_url: str, prefix: str
) -> None:
    async with running(nats_url, prefix, compiled=compiled) as gateway:
        audits = await findings("audits.mjs", url=f"{gateway.url}/graphql")
    assert [audit for audit in audits if audit["status"] != "ok"] == []
    assert len(audits) == 61
