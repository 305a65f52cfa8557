# SPDX-License-Identifier: Apache-2.0
"""A desk for each test."""

import pytest

from tests.integration.registration.city import open_city
from tests.integration.registration.desk import mail_server, open_desk


@pytest.fixture
async def desk(service_database):
    async with mail_server() as (mailbox, url), open_desk(service_database("registration"), mailbox, url) as desk:
        await desk.open_evening()
        yield desk


@pytest.fixture
async def city(service_database, nats_url, prefix):
    """Two replicas."""
    async with open_city(service_database("registration"), nats_url, prefix) as city:
        yield city


@pytest.fixture
async def laptop_city(service_database, nats_url, prefix):
    """One replica that signs staff in."""
    async with open_city(
        service_database("registration"), nats_url, prefix, replicas=1, local_issuer=True, embedded=True
    ) as city:
        yield city
