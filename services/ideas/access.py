# SPDX-License-Identifier: Apache-2.0
"""Who may write, look and judge. The gateway checks too; the service does not rely on it."""

from typing import Any, Final

from services.chassis.api import Context, role
from services.chassis.decider import Refusal
from services.chassis.identity import Actor
from services.chassis.refusals import NotAllowed
from services.ideas.domain.evening import EVENING, Evening, PenIsTaken
from services.ideas.readmodel.people import has_seat

HOST_ROLES: Final = ("moderator", "deputy", "organiser")
WRITER_ROLES: Final = (*HOST_ROLES, "mentor")

hosts = role(*HOST_ROLES)
organisers = role("organiser")


def partner(_: Any, actor: Actor) -> bool:
    """Who speaks for an organisation, wherever; organisers may do it for them."""
    return any(grant.role in {"partner", "organiser"} for grant in actor.grants)


def juror(_: Any, actor: Actor) -> bool:
    """Staff; whether they judge in this round, the rule knows."""
    return actor.kind == "staff"


def is_host(actor: Actor, conference_id: str) -> bool:
    """Whether they lead the evening or organise it."""
    return any(actor.holds(name, conference_id) for name in HOST_ROLES)


def serves_at(actor: Actor, conference_id: str) -> bool:
    """Whether they have any role at the conference, or are a service that shows things to several people."""
    return actor.kind == "service" or any(grant.scope in {"city", conference_id} for grant in actor.grants)


async def may_look(ctx: Context, conference_id: str) -> Refusal | None:
    """Residents with a seat, and whoever serves at the conference."""
    if ctx.actor.kind == "resident":
        seated = await has_seat(ctx.db, conference_id, ctx.actor.id)
    else:
        seated = serves_at(ctx.actor, conference_id)
    return None if seated else NotAllowed(needs="a seat")


async def may_vote(ctx: Context, conference_id: str) -> Refusal | None:
    """Residents with a seat who have not been excluded."""
    if ctx.actor.kind != "resident" or not await has_seat(ctx.db, conference_id, ctx.actor.id):
        return NotAllowed(needs="a seat as a resident")
    evening = (await ctx.load(EVENING, conference_id)).state
    return PenIsTaken() if ctx.actor.id in evening.taken else None


async def may_write(ctx: Context, conference_id: str) -> Refusal | None:
    """Residents as for voting, and staff who lead or accompany."""
    if ctx.actor.kind == "resident":
        return await may_vote(ctx, conference_id)
    allowed = any(ctx.actor.holds(name, conference_id) for name in WRITER_ROLES)
    return None if allowed else NotAllowed(needs=" or ".join(WRITER_ROLES))


def belongs_to_group(actor: Actor, evening: Evening, conference_id: str, group_id: str) -> bool:
    """Whether they write on a group's sheet: its members, who accompanies it, and who leads the evening."""
    group = evening.groups.get(group_id)
    if actor.kind == "resident":
        return group is not None and actor.id in group.members
    return is_host(actor, conference_id) or (group is not None and actor.id in group.mentors)
