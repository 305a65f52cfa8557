# SPDX-License-Identifier: Apache-2.0
"""The end of what is kept: some time after a conference all its people are erased, as if each had asked for it."""

from collections.abc import Sequence

from services.chassis.decider import Command
from services.registration.domain.registrations import RegistrationEvent, Seats
from services.registration.domain.seating import EraseParticipant, erase


class EraseEverybody(Command, frozen=True, kw_only=True):
    """The time for which the data of a past conference are kept is over."""

    conference_id: str


def erase_everybody(seats: Seats, command: EraseEverybody) -> Sequence[RegistrationEvent]:
    """Takes all people off every list; nobody gets their seats."""
    people = [
        EraseParticipant(now=command.now, conference_id=command.conference_id, participant_id=who)
        for who in kept(seats)
    ]
    return [event for person in people for event in erase(seats, person, fill=False)]


def kept(seats: Seats) -> list[str]:
    """The people of whom the vault still holds something."""
    return [who for who, each in seats.registrations.items() if each.status != "ERASED"]
