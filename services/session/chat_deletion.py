# SPDX-License-Identifier: Apache-2.0
"""A day after the evening the texts of its chat are deleted, wherever they lie."""

from services.chassis.api import Decide
from services.chassis.decisions import Step
from services.chassis.timers import TimerContext, Timers
from services.session.adapters.chat_keys import destroy
from services.session.domain.chat_life import CHAT_LIFE, DeleteChat
from services.session.readmodel.chat_life import ChatDue


def register_timers(timers: Timers) -> None:
    """Adds the handler of this module to the timers."""
    timers.due(ChatDue)(when_its_day_is_over_delete_the_chat)


async def when_its_day_is_over_delete_the_chat(due: ChatDue, ctx: TimerContext) -> Decide:
    """The key goes in the transaction that tells of it; read models and the gateway's memory follow the event."""
    step = Step(CHAT_LIFE, due.chat_id, DeleteChat(chat_id=due.chat_id, now=ctx.now), due.conference)
    return Decide(step, effects=[destroy(due.chat_id)])
