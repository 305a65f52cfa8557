# SPDX-License-Identifier: Apache-2.0
"""How the city drives many evenings at once: orders, their approval, and what happens when an evening has its turn."""

from collections.abc import Sequence
from datetime import UTC, timedelta
from uuid import NAMESPACE_OID, uuid4, uuid5

import msgspec

from services.chassis.api import Api, Context, Decide, role
from services.chassis.contract import Done
from services.chassis.decider import Refusal
from services.chassis.decisions import Decided, Envelope, Executed, Step
from services.chassis.identity import Actor
from services.chassis.policies import Transient
from services.chassis.refusals import ConcurrentChange, InvalidInput
from services.chassis.timers import TimerContext, Timers
from services.contracts import session as asked
from services.session.access import STAFF_ROLES, acting
from services.session.domain.session import SESSION
from services.session.domain.session_state import Paused, Running, Unprepared
from services.session.domain.steering import STEERING, SteerByHand, TakeTurn, obeyed
from services.session.domain.timetable import (
    CITY,
    TIMETABLE,
    ApproveOrder,
    CancelOrder,
    GiveOrder,
    Order,
    OrderCommand,
    Turn,
)
from services.session.methods.spreading import spread
from services.session.placing import change_of_phase
from services.session.readmodel.timetable import BY_HAND, ORDERS, OrderState, TurnDue
from services.session.settings import APPROVAL_HOURS, FOUR_EYES_ABOVE, SessionSettings

ATTEMPTS = 12
"""How often a turn is decided anew because the evening went on meanwhile."""

SHOWN = 50
"""So many orders are shown, the newest ones."""


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    api.command(asked.OrderSessions, needs=role("organiser"))(order_sessions)
    api.command(asked.ApproveSessionOrder, needs=_a_person_who_organises)(approve_session_order)
    api.command(asked.CancelSessionOrder, needs=role("organiser"))(cancel_session_order)
    api.command(asked.SteerByHand, needs=role("moderator", "deputy", "organiser"))(steer_by_hand)
    api.query(asked.GetTimetable, needs=role(*STAFF_ROLES, "service"))(get_timetable)


def register_timers(timers: Timers) -> None:
    """Adds what happens when an evening has its turn."""
    timers.due(TurnDue)(when_its_turn_has_come_carry_out_what_the_city_ordered)


_organises = role("organiser")


def _a_person_who_organises(request: asked.ApproveSessionOrder, actor: Actor) -> bool:
    """A second pair of eyes belongs to a person: what an app holds says nothing about who sits before it."""
    return actor.kind == "staff" and _organises(request, actor)


# Commands -------------------------------------------------------------------------------------------------------


async def order_sessions(request: asked.OrderSessions, ctx: Context) -> Decide | Refusal:
    """Draws when each evening has its turn; the order holds at once, or waits for a second person."""
    begins_at = request.begins_at or ctx.now
    if begins_at.tzinfo is None:
        return InvalidInput(field="begins_at", problem="an instant needs its offset from UTC")
    for number, conference in enumerate(request.conference_ids):
        if isinstance((await ctx.load(SESSION, conference)).state, Unprepared):
            return InvalidInput(field=f"conference_ids[{number}]", problem="there is no such conference")
    order_id = uuid5(ctx.command_id, "order").hex if ctx.command_id else uuid4().hex
    seed = uuid5(NAMESPACE_OID, order_id).int & 0x7FFF_FFFF
    settings = ctx.settings if isinstance(ctx.settings, SessionSettings) else None
    command = GiveOrder(
        order_id=order_id,
        action=request.action,
        begins_at=max(begins_at.astimezone(UTC), ctx.now),
        window_seconds=float(request.window_seconds),
        seed=seed,
        turns=tuple(Turn(*each) for each in spread(request.conference_ids, request.window_seconds, seed)),
        limit=FOUR_EYES_ABOVE if settings is None else settings.four_eyes_above,
        approve_until=ctx.now + timedelta(hours=APPROVAL_HOURS if settings is None else settings.approval_hours),
        by=ctx.actor.id,
        now=ctx.now,
    )

    def answer(decided: Sequence[Decided]) -> asked.OrderAccepted:
        order: Order = decided[0].state.orders[order_id]
        until = order.facts.approve_until
        return asked.OrderAccepted(order_id=order_id, status=order.status(ctx.now), approve_until=until)

    return Decide(_step(command), answer=answer)


async def approve_session_order(request: asked.ApproveSessionOrder, ctx: Context) -> Decide:
    """A second person says yes."""
    return Decide(_step(ApproveOrder(order_id=request.order_id, by=ctx.actor.id, now=ctx.now)))


async def cancel_session_order(request: asked.CancelSessionOrder, ctx: Context) -> Decide:
    """Ends an order; evenings that had their turn stay as they are."""
    return Decide(_step(CancelOrder(order_id=request.order_id, by=ctx.actor.id, now=ctx.now)))


async def steer_by_hand(request: asked.SteerByHand, ctx: Context) -> Decide:
    """Takes an evening out of the timetable, or gives it back."""
    conference = request.conference_id
    session = await ctx.load(SESSION, conference)
    command = SteerByHand(by_hand=request.by_hand, session=session.state, by=acting(ctx), now=ctx.now)
    return Decide(Step(STEERING, conference, command, conference, guards=(session,)))


def _step(command: OrderCommand) -> Step:
    return Step(TIMETABLE, CITY, command, conference=None)


# By itself ------------------------------------------------------------------------------------------------------


async def when_its_turn_has_come_carry_out_what_the_city_ordered(due: TurnDue, ctx: TimerContext) -> list[Step]:
    """Once, together with the note that it had its turn; whoever presses something in the same moment comes first."""
    conference = due.conference_id
    order = (await ctx.load(TIMETABLE, CITY)).state.orders.get(due.order_id)
    if order is None or order.status(ctx.now) != "GIVEN":
        return []
    action = order.facts.action
    envelope = Envelope(uuid5(NAMESPACE_OID, f"turn:{due.order_id}:{conference}"), b"turn", "session", ctx.trace)
    for _ in range(ATTEMPTS):
        steering = (await ctx.load(STEERING, conference)).state
        session = await ctx.load(SESSION, conference)
        outcome, command = obeyed(action, session.state, steering, due.at, due.due_at, ctx.now)
        steps = [] if command is None else await change_of_phase(ctx, conference, command)
        pauses = session.state.pauses + 1 if isinstance(session.state, Running | Paused) else None
        taken = TakeTurn(
            order_id=due.order_id, action=action, outcome=outcome, due_at=due.due_at, pauses=pauses, now=ctx.now
        )
        done = await ctx.repository.execute(
            [*steps, Step(STEERING, conference, taken, conference, guards=(session,))], envelope, Done()
        )
        if isinstance(done, Executed):
            return []
        if not isinstance(done, ConcurrentChange):
            refused = msgspec.structs.replace(taken, outcome="REFUSED", pauses=None)
            return [Step(STEERING, conference, refused, conference)]
    raise Transient("the evening goes on, again and again")


# Queries --------------------------------------------------------------------------------------------------------


async def get_timetable(_: asked.GetTimetable, ctx: Context) -> asked.TimetableView:
    """The newest orders with what became of them, and the evenings that people steer by hand."""
    documents = (await ORDERS.all(ctx.db)).values()
    orders = sorted(
        (one.order for one in documents if one.order is not None), key=lambda one: one.facts.requested_at, reverse=True
    )
    return asked.TimetableView(
        orders=tuple(_shown(order, ctx) for order in orders[:SHOWN]), by_hand=tuple(await BY_HAND.all(ctx.db))
    )


def _shown(state: OrderState, ctx: Context) -> asked.SessionOrderView:
    facts = state.facts
    given_at = state.begins_at if state.given else None
    status = Order(facts, given_at, state.approved_by, state.cancelled).status(ctx.now)
    return asked.SessionOrderView(
        order_id=facts.order_id,
        action=facts.action,
        status=status,
        begins_at=state.begins_at,
        window_seconds=round(facts.window_seconds),
        requested_by=facts.requested_by,
        requested_at=facts.requested_at,
        approve_until=facts.approve_until,
        approved_by=state.approved_by,
        turns=tuple(
            asked.SessionTurnView(
                conference_id=turn.conference_id,
                at=state.begins_at + timedelta(seconds=turn.offset_seconds),
                outcome=state.outcomes.get(turn.conference_id),
            )
            for turn in facts.turns
        ),
    )
