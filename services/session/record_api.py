# SPDX-License-Identifier: Apache-2.0
"""How the record of an evening is asked for."""

from services.chassis.api import Api, Context, role
from services.chassis.decider import Refusal
from services.chassis.refusals import NotFound
from services.contracts import session as asked
from services.session.record import record_of


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    api.query(asked.GetRecord, needs=role("organiser", "moderator", "deputy"))(get_record)


async def get_record(request: asked.GetRecord, ctx: Context) -> asked.RecordView | Refusal:
    """The evening up to an instant, at most up to now."""
    at = ctx.now if request.until is None else min(request.until, ctx.now)
    found = await record_of(ctx.repository.store, ctx.repository.mapper, request.conference_id, at)
    return NotFound(what="session", id=request.conference_id) if found is None else found
