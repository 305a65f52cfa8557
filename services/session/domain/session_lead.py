# SPDX-License-Identifier: Apache-2.0
"""Who leads an evening: the moderators, or the one deputy who was named and took it over by an explicit command.

Nobody is elected, and nobody leads by accident: while a deputy leads, the moderators take the lead back before they
press anything.
"""

from services.chassis.decider import Refusal
from services.session.domain.session_commands import AnotherLeads, By, HandOver, SessionIs
from services.session.domain.session_facts import LeadHandedBack, LeadHandedOver, SessionEvent
from services.session.domain.session_state import Paused, Running, Session, Waiting, led_by_of, status_of


def hand_over(session: Session, command: HandOver) -> list[SessionEvent] | Refusal:
    """A deputy leads from now on."""
    if not isinstance(session, Waiting | Running | Paused):
        return SessionIs(status=status_of(session))
    if session.led_by == command.deputy_id:
        return []
    if not leads(session, command.by) and command.by.id != command.deputy_id:
        return AnotherLeads(led_by=session.led_by)
    return [LeadHandedOver(deputy_id=command.deputy_id, by=command.by.id)]


def hand_back(session: Session, by: By) -> list[SessionEvent] | Refusal:
    """The moderators lead again."""
    if not isinstance(session, Waiting | Running | Paused):
        return SessionIs(status=status_of(session))
    if session.led_by is None:
        return []
    may = by.role == "moderator" or leads(session, by)
    return [LeadHandedBack(by=by.id)] if may else AnotherLeads(led_by=session.led_by)


def leads(session: Session, by: By) -> bool:
    """Whether they drive the clock now: the moderators until a deputy does, who alone does then; the city always."""
    if by.role == "city":
        return True
    led_by = led_by_of(session)
    return by.role == "moderator" if led_by is None else by.id == led_by
