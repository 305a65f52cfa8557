# SPDX-License-Identifier: Apache-2.0
"""The portal on the page for app builders keeps a true copy."""

import asyncio
import re
from pathlib import Path

import httpx

from gateway.changes.feed import Feed
from services.chassis.database import Database
from tests.gateway.changes.portal import Country, Portal
from tests.gateway.conftest import running
from tests.gateway.webhooks.world import until

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text().partition("## Changes, for portals")[2]


def block(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[0]


async def test_the_loop_on_the_page_keeps_a_true_copy(country: Country, nats_url, prefix) -> None:
    names = {}
    exec(block("python"), names)  # noqa: S102 -- our own page
    copy, cursor = {"of another feed": {}}, "of another feed"
    async with running(nats_url, prefix, database_url=country.dsn) as gateway:
        truth = Portal(gateway)
        await truth.begin()

        async def reaches(wanted) -> None:
            nonlocal cursor

            async def synced():
                nonlocal cursor
                with httpx.Client() as client:
                    address = f"{gateway.url}/public/graphql"
                    cursor = await asyncio.to_thread(names["sync"], client, address, block("graphql"), copy, cursor)
                await truth.sync()
                return len(truth.copy) == wanted and set(copy) == set(truth.copy)

            await until(synced, 60)

        for number in range(120):
            await country.submit(f"{number:032x}", "c0" * 16)
        await reaches(120)
        for number in range(0, 120, 2):
            await country.withdraw(f"{number:032x}")
        await reaches(60)
        db = await Database.connect(country.dsn, size=1)
        await Feed(db).renew()
        await db.close()
        country.ideas.pop(f"{1:032x}")  # gone without a word
        truth = Portal(gateway)
        await truth.begin()
        await reaches(59)
