# SPDX-License-Identifier: Apache-2.0
"""Who may ask registration for what. The gateway checks too; the service does not rely on it."""

from typing import Any

from services.chassis.api import role
from services.chassis.identity import Actor, scope_of

organisers = role("organiser")
hosts = role("organiser", "moderator", "deputy")


def service(request: Any, actor: Actor) -> bool:
    """Only services: data keys never leave them."""
    return actor.kind == "service"


def the_person_or_an_organiser(request: Any, actor: Actor) -> bool:
    """The resident concerned, or an organiser on their behalf."""
    return is_self(request, actor) or organisers(request, actor)


def the_person_or_a_host(request: Any, actor: Actor) -> bool:
    """The resident concerned, whoever hosts the evening, or a service."""
    return is_self(request, actor) or hosts(request, actor) or service(request, actor)


def the_staff_member_or_an_organiser(request: Any, actor: Actor) -> bool:
    """The person of the staff concerned, or an organiser of the city."""
    return (actor.kind == "staff" and actor.id == request.staff_id) or organisers(request, actor)


def is_self(request: Any, actor: Actor) -> bool:
    """Whether a resident asks about themselves; a participant id belongs to one conference only."""
    return actor.kind == "resident" and actor.id == request.participant_id


def organisers_of_the_city(request: Any, actor: Actor) -> bool:
    """Organisers of the whole city."""
    return actor.holds("organiser")


def organisers_of_what_it_belongs_to(request: Any, actor: Actor) -> bool:
    """Organisers of the city, and of the series or the district in which a conference is announced."""
    places = (scope_of(None, request.series_id, None), scope_of(None, None, request.district_id))
    return organisers(request, actor) or any(actor.holds("organiser", place) for place in places)


def a_person_who_organises_the_city(request: Any, actor: Actor) -> bool:
    """The same, and no app by itself: four eyes are those of people."""
    return actor.kind == "staff" and organisers_of_the_city(request, actor)


def serves_at(conference_id: str, actor: Actor) -> bool:
    """Whether they are staff with any role at this conference, or a service."""
    return actor.kind == "service" or any(grant.scope in {"city", conference_id} for grant in actor.grants)
