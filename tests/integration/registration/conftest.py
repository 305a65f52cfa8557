# SPDX-License-Identifier: Apache-2.0
"""A desk for each test."""

import pytest

from tests.integration.registration.desk import mail_server, open_desk


@pytest.fixture
async def desk(service_database):
    async with mail_server() as (mailbox, url), open_desk(service_database("registration"), mailbox, url) as desk:
        await desk.open_evening()
        yield desk
