# SPDX-License-Identifier: Apache-2.0
"""The forms of the messages that apps are sent: public, thin, and about no person.

A message says what happened to which thing and how it stands now; everything else the app asks the API for, by the
global id. A form only grows; a change that could break a reader is a new version of its type.
"""

from datetime import datetime
from typing import Any, Literal

import msgspec

PhaseKind = Literal["plenary", "groups", "break"]


class Data(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of what a message is about. Whatever is named after a thing is its global id in the API."""


class InConference(Data, frozen=True, kw_only=True):
    """Base of what is about one conference."""

    conference: str


class ConferenceAnnounced(InConference, frozen=True, kw_only=True):
    """A conference exists."""

    district: str
    series: str
    state: Literal["ANNOUNCED"] = "ANNOUNCED"
    starts_at: datetime


class ConferenceChanged(InConference, frozen=True, kw_only=True):
    """A conference stands elsewhere on its way: open for registration, closed, or cancelled."""

    state: Literal["OPEN", "CLOSED", "CANCELLED"]


class ConferenceMoved(InConference, frozen=True, kw_only=True):
    """A conference starts at another instant."""

    starts_at: datetime


class SessionChanged(InConference, frozen=True, kw_only=True):
    """An evening stands elsewhere as a whole."""

    state: Literal["LOBBY", "RUNNING", "PAUSED", "ENDED"]


class SessionResumed(InConference, frozen=True, kw_only=True):
    """An evening goes on after a pause; the phase ends at the deadline."""

    state: Literal["RUNNING"] = "RUNNING"
    run: int
    deadline: datetime


class PhaseStarted(InConference, frozen=True, kw_only=True):
    """A phase was entered. `run` counts entries into phases; `phase` is its key in the script of the evening."""

    run: int
    phase: str
    kind: PhaseKind
    deadline: datetime


class PhaseExtended(InConference, frozen=True, kw_only=True):
    """The running phase has another deadline."""

    run: int
    deadline: datetime


class PhaseEnded(InConference, frozen=True, kw_only=True):
    """A phase was left."""

    run: int
    phase: str


class ChallengePublished(Data, frozen=True, kw_only=True):
    """An organisation's challenge is public in its district."""

    challenge: str
    district: str


class IdeaChanged(InConference, frozen=True, kw_only=True):
    """An idea was submitted, or taken back."""

    idea: str
    state: Literal["SUBMITTED", "WITHDRAWN"]


class AwardMade(InConference, frozen=True, kw_only=True):
    """The jury recommends an idea for this amount, in cents."""

    idea: str
    amount_cents: int


class Ping(Data, frozen=True, kw_only=True):
    """A test message to one webhook."""

    webhook: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent. `timestamp` is the instant of the fact; `version` is that of the form of this type."""

    type: str
    version: int
    timestamp: datetime
    data: Any
