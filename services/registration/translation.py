# SPDX-License-Identifier: Apache-2.0
"""From the contract's words to the domain's and back, where a field-by-field copy is not enough."""

import re
from zoneinfo import available_timezones

from services.chassis.refusals import InvalidInput
from services.contracts import registration as contract
from services.registration.adapters.vault import Consent, Person
from services.registration.domain.conference import Announced
from services.registration.domain.registrations import Status

MAX_ATTRIBUTES = 20
MAX_ATTRIBUTE = 100

_MAILBOX = re.compile(r'[^\s\x00-\x1f\x7f@<>()\[\],;:\\"]+@[^\s\x00-\x1f\x7f@<>()\[\],;:\\"]+')
"""What mail servers and headers read as one mailbox, without quoting: `x@y,z` would be delivered to x@y."""

_STATUSES: dict[Status, contract.SeatStatus] = {
    "SUBMITTED": "SUBMITTED",
    "SEATED": "SEATED",
    "WAITLISTED": "WAITLISTED",
    "CANCELLED": "CANCELLED",
    "RELEASED": "RELEASED",
    "ERASED": "ERASED",
}


def standing(conference: Announced, conference_id: str, participant_id: str) -> contract.RegistrationState:
    """Where a registration stands in the state of its conference."""
    seats = conference.seats
    registration = seats.registrations[participant_id]
    return contract.RegistrationState(
        conference_id=conference_id,
        participant_id=participant_id,
        status=_STATUSES[registration.status],
        waiting_position=seats.waiting.index(participant_id) + 1 if participant_id in seats.waiting else None,
        checked_in=registration.status == "SEATED" and registration.present,
    )


def person_of(request: contract.Register) -> Person:
    """What the vault keeps of a registration."""
    return Person(
        name=" ".join(request.name.split()),
        email=request.email,
        language=request.language,
        attributes=request.attributes,
        needs=request.needs,
        consents=tuple(Consent(purpose=each.purpose, version=each.version) for each in request.consents),
    )


def problem_with(request: contract.Register) -> InvalidInput | None:
    """What the contract's types cannot say about a registration."""
    # The name stands in a mail to an address that somebody typed: it must not be able to carry an advertisement.
    if re.search(r"[/@]|www\.", request.name) or not request.name.strip():
        return InvalidInput(field="name", problem="a name without addresses of pages or mailboxes")
    if not _MAILBOX.fullmatch(request.email):
        return InvalidInput(field="email", problem="one address such as name@example.org")
    attributes = request.attributes
    if len(attributes) > MAX_ATTRIBUTES or any(
        len(text) > MAX_ATTRIBUTE for pair in attributes.items() for text in pair
    ):
        return InvalidInput(
            field="attributes", problem=f"at most {MAX_ATTRIBUTES} of at most {MAX_ATTRIBUTE} characters each"
        )
    return None


def several_places(request: contract.AssignStaff | contract.ReleaseStaff) -> InvalidInput | None:
    """A role holds at one place: none of the three is the city."""
    named = [name for name in ("conference_id", "series_id", "district_id") if getattr(request, name) is not None]
    if len(named) < 2:
        return None
    return InvalidInput(field=named[1], problem="one conference, or one series, or one district")


def is_zone(name: str) -> bool:
    """Whether this is an IANA time zone."""
    return name in available_timezones()
