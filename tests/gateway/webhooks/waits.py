# SPDX-License-Identifier: Apache-2.0
"""What tests of deliveries look for."""

SOON = (0.1,) * 6


def runs(posts):
    return [post.message["data"]["run"] for post in posts]


async def ended(office, made):
    return all(one.state != "PENDING" for one in await office.log(made.webhook_id))


async def has_status(office, made, status):
    return await office.status(made.webhook_id) == status


async def tried(office, made):
    log = await office.log(made.webhook_id)
    return log and log[-1].attempts


async def has_state(office, made, state):
    return [one.state for one in await office.log(made.webhook_id)] == [state]
