# SPDX-License-Identifier: Apache-2.0
"""Two replicas of the real ideas service, and a session and a registration that tell what a test wants told."""

import pytest

from tests.integration.ideas.city import open_city


@pytest.fixture
async def city(service_database, nats_url, prefix):
    """Everything runs; one conference with an evening that has not begun."""
    async with open_city(service_database, nats_url, prefix) as city:
        yield city
