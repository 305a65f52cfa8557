# SPDX-License-Identifier: Apache-2.0
"""The conference and the people of these stories."""

from datetime import UTC, datetime, timedelta

from services.registration.domain.conference import ConferenceAnnounced, ConferenceEvent, ConferenceOpened
from services.registration.domain.registrations import (
    ParticipantCheckedIn,
    RegistrationSubmitted,
    SeatTaken,
    StandbyJoined,
    StandbysCalled,
    WaitingListJoined,
)

EVENING = "c" * 32
STARTS_AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
LONG_BEFORE = STARTS_AT - timedelta(days=20)
PUBLISHED_MINUTE = STARTS_AT + timedelta(minutes=10)


def person(number: int) -> str:
    return f"{number:032x}"


ANNA, BORIS, CLARA, DILEK, EMIL = (person(number) for number in range(1, 6))


def announced(capacity: int = 2) -> ConferenceAnnounced:
    return ConferenceAnnounced(
        conference_id=EVENING,
        series_id="5" * 32,
        district_id="d" * 32,
        title="Vauban redet mit",
        starts_at=STARTS_AT,
        zone="Europe/Berlin",
        capacity=capacity,
        language="de",
        script="full-evening",
    )


def opened(capacity: int = 2) -> list[ConferenceEvent]:
    return [announced(capacity), ConferenceOpened(conference_id=EVENING)]


def submitted(who: str, now: datetime = LONG_BEFORE) -> RegistrationSubmitted:
    return RegistrationSubmitted(
        conference_id=EVENING,
        participant_id=who,
        expires_at=now + timedelta(hours=48),
        attributes=None,
        needs=None,
    )


def seat(who: str, cause: str = "CONFIRMED") -> SeatTaken:
    return SeatTaken(conference_id=EVENING, participant_id=who, cause=cause, attributes=None, needs=None)


def seated(*people: str) -> list[ConferenceEvent]:
    return [event for who in people for event in (submitted(who), seat(who))]


def waiting(*people: str) -> list[ConferenceEvent]:
    return [event for who in people for event in (submitted(who), waits(who))]


def waits(who: str) -> WaitingListJoined:
    return WaitingListJoined(conference_id=EVENING, participant_id=who)


def came(who: str) -> ParticipantCheckedIn:
    return ParticipantCheckedIn(conference_id=EVENING, participant_id=who)


def stands_by(who: str) -> StandbyJoined:
    return StandbyJoined(conference_id=EVENING, participant_id=who)


def called() -> StandbysCalled:
    return StandbysCalled(conference_id=EVENING)
