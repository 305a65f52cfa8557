# SPDX-License-Identifier: Apache-2.0
"""The code of conduct: what it says, who accepted it, and from when on a version holds."""

from services.chassis.api import Api, Context, Decide
from services.chassis.decider import Refusal
from services.chassis.decisions import Step
from services.contracts import session as asked
from services.contracts.shared import LocalText
from services.session.access import may_see
from services.session.adapters.conduct_text import code_of_conduct
from services.session.domain.code import AcceptCode, SetCode
from services.session.domain.roster import ROSTER
from services.session.domain.script import Script
from services.session.domain.session import SESSION
from services.session.domain.session_state import Waiting
from services.session.placing import accepted
from services.session.planning import Here


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    api.command(asked.AcceptCodeOfConduct)(accept_code_of_conduct)
    api.query(asked.GetCodeOfConduct)(get_code_of_conduct)


def code_comes_into_force(here: Here, conference: str, script: Script) -> list[Step]:
    """The step that has residents of a conference accept the present version, where its script asks for it."""
    if not script.code_of_conduct:
        return []
    version = code_of_conduct(here.settings).version
    return [Step(ROSTER, conference, SetCode(version=version, now=here.clock.now()), conference)]


async def code_of_tonight(here: Here, conference: str) -> list[Step]:
    """The same for a session that was prepared long ago, as its lobby opens; nothing once it runs."""
    session = (await here.repository.load(SESSION, conference)).state
    return code_comes_into_force(here, conference, session.script) if isinstance(session, Waiting) else []


async def accept_code_of_conduct(request: asked.AcceptCodeOfConduct, ctx: Context) -> Decide | Refusal:
    """A resident accepts it for themselves; whoever is here already gets a place in running groups at once."""
    refusal = await may_see(ctx, request.conference_id)
    if refusal is not None:
        return refusal
    conference, current = request.conference_id, code_of_conduct(ctx.settings).version
    command = AcceptCode(participant_id=ctx.actor.id, version=request.version, current=current, now=ctx.now)
    return Decide(*await accepted(ctx, conference, command))


async def get_code_of_conduct(_: asked.GetCodeOfConduct, ctx: Context) -> asked.CodeOfConductView:
    """For everybody, before they register too."""
    code = code_of_conduct(ctx.settings)
    return asked.CodeOfConductView(
        version=code.version,
        rules=tuple(
            asked.RuleOfConduct(key=rule.key, text=LocalText(de=rule.text.de, en=rule.text.en)) for rule in code.rules
        ),
    )
