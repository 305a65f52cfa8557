# SPDX-License-Identifier: Apache-2.0
"""Who says that they are ready or want more time; enough of them lead on where the script says so."""

from collections.abc import Sequence

from services.chassis.api import Api, Context, Decide
from services.chassis.decider import Refusal
from services.chassis.decisions import Decided, Step
from services.chassis.refusals import NotAllowed
from services.contracts import session as asked
from services.session.access import group_of, groups_now, may_vote
from services.session.domain.readiness import READINESS, SayReadiness, are_enough, readiness_key
from services.session.domain.roster import ROSTER
from services.session.domain.session import SESSION, changed
from services.session.domain.session_commands import EnoughAreReady, SessionIs
from services.session.domain.session_state import phase_of, run_of, status_of


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    api.command(asked.SetReadiness)(set_readiness)


async def set_readiness(request: asked.SetReadiness, ctx: Context) -> Decide | Refusal:
    """In a group anybody who sits there, or its mentor, speaks for it; outside of groups residents for themselves."""
    conference, run = request.conference_id, request.run
    groups = await groups_now(ctx, conference)
    who = await group_of(ctx, conference) if groups else ctx.actor.id
    if who is None:
        return NotAllowed(needs="a place in a group")
    refusal = None if groups else await may_vote(ctx, conference)
    if refusal is not None:
        return refusal
    session = (await ctx.load(SESSION, conference)).state
    phase = phase_of(session)
    if phase is None:
        return SessionIs(status=status_of(session))
    if run_of(session) != run:
        return changed(session)
    of = groups or frozenset((await ctx.load(ROSTER, conference)).state.residents_present())
    readiness, ready_percent = readiness_key(conference, run), phase.ready_percent

    def enough(decided: Sequence[Decided]) -> bool:
        """Counted with the marks that others set meanwhile: whoever completes the share leads on."""
        said = decided[0].state.said
        return are_enough(sum(said.get(one) == "READY" for one in of), len(of), ready_percent)

    say = SayReadiness(run=run, who=who, says=request.readiness, now=ctx.now)
    steps = [Step(READINESS, readiness, say, conference)]
    if request.readiness == "READY":
        steps.append(Step(SESSION, conference, EnoughAreReady(run=run, now=ctx.now), conference, when=enough))
    return Decide(*steps)
