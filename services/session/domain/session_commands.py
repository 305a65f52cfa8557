# SPDX-License-Identifier: Apache-2.0
"""What the phase engine is asked to do, and what it refuses; the rule is in `session.py`."""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from services.chassis.decider import Command, Refusal
from services.session.domain.script import Script
from services.session.domain.session_state import Status


class By(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: their id, and as what. The city is its organisers, its desk and its timers: they may at any time."""

    id: str = ""
    role: Literal["moderator", "deputy", "city"] = "city"


CITY = By()


# Commands -------------------------------------------------------------------------------------------------------


class PrepareSession(Command, frozen=True, kw_only=True):
    """Gives the conference a session."""

    script: Script
    starts_at: datetime
    language: str
    title: str


class MoveSession(Command, frozen=True, kw_only=True):
    """Lets the evening begin at another instant."""

    starts_at: datetime


class Leading(Command, frozen=True, kw_only=True):
    """Base of what only who leads the evening may ask for."""

    by: By = CITY


class OpenLobby(Leading, frozen=True, kw_only=True):
    """Lets people in."""


class StartSession(Leading, frozen=True, kw_only=True):
    """Enters the first phase that is not left out."""


class NextPhase(Leading, frozen=True, kw_only=True):
    """Leaves the phase with number `run`; behind the last one the session ends.

    Where the script gives seconds to finish, they run first, unless it is forced.
    """

    run: int
    force: bool = False


class PreviousPhase(Leading, frozen=True, kw_only=True):
    """Goes back from the phase with number `run`."""

    run: int


class SkipPhase(Leading, frozen=True, kw_only=True):
    """Leaves out the phase with the key `phase`, the present one or one to come; or takes it in again."""

    run: int
    phase: str
    skipped: bool = True


class UndoPhaseChange(Leading, frozen=True, kw_only=True):
    """Takes back the change of phase by hand that led into the phase with number `run`."""

    run: int


class ExtendPhase(Leading, frozen=True, kw_only=True):
    """Moves the deadline of the phase with number `run` by `minutes`, which may be negative."""

    run: int
    minutes: int


class ExtendGroup(Leading, frozen=True, kw_only=True):
    """Moves the deadline of one group by `minutes`, which may be negative; the phase lasts until the last group's."""

    run: int
    group_id: str
    minutes: int


class PauseSession(Leading, frozen=True, kw_only=True):
    """Stops the clock."""


class ResumeSession(Leading, frozen=True, kw_only=True):
    """Lets the clock run on with the time that was left."""


class EndSession(Leading, frozen=True, kw_only=True):
    """Ends the evening."""


class HandOver(Command, frozen=True, kw_only=True):
    """Lets a deputy lead: given by who leads, or taken by the deputy."""

    deputy_id: str
    by: By


class HandBack(Command, frozen=True, kw_only=True):
    """Lets the moderation lead again: taken by a moderator, or given by the deputy who leads."""

    by: By


class ClockStruck(Command, frozen=True, kw_only=True):
    """The timer of the phase with number `run` went off; nothing happens where it is out of date.

    Args:
        marks: the marks, in minutes before the deadline, that lay ahead when the timer was set.
        groups: that are running; only their own deadlines are waited for.
    """

    run: int
    marks: tuple[int, ...] = ()
    groups: frozenset[str] | None = None


class EnoughAreReady(Command, frozen=True, kw_only=True):
    """The ready share of the phase with number `run` is reached; nothing happens where the script asks for none."""

    run: int


SessionCommand: TypeAlias = (
    PrepareSession
    | MoveSession
    | OpenLobby
    | StartSession
    | NextPhase
    | PreviousPhase
    | SkipPhase
    | UndoPhaseChange
    | ExtendPhase
    | ExtendGroup
    | PauseSession
    | ResumeSession
    | EndSession
    | HandOver
    | HandBack
    | ClockStruck
    | EnoughAreReady
)


# Refusals -------------------------------------------------------------------------------------------------------


class AnotherLeads(Refusal, frozen=True, kw_only=True):
    """Somebody else leads the evening: the deputy `led_by`, or the moderators where it is None."""

    led_by: str | None


class FirstPhase(Refusal, frozen=True, kw_only=True):
    """There is no phase before this one."""

    run: int


class LastPhase(Refusal, frozen=True, kw_only=True):
    """There is no phase behind this one; the evening can be ended instead."""

    phase: str


class NotADeputy(Refusal, frozen=True, kw_only=True):
    """Nobody with this id is a deputy of the conference."""

    deputy_id: str


class NothingToUndo(Refusal, frozen=True, kw_only=True):
    """The phase was not entered by hand, or too long ago."""

    run: int


class PhaseHasChanged(Refusal, frozen=True, kw_only=True):
    """The command meant another phase than the present one; `phase` is None outside of phases."""

    run: int
    phase: str | None


class PhaseIsOver(Refusal, frozen=True, kw_only=True):
    """The phase lies behind the present one."""

    phase: str


class SessionIs(Refusal, frozen=True, kw_only=True):
    """The session is in a status in which the command has no meaning; None: it was never prepared."""

    status: Status | None


class UnknownPhase(Refusal, frozen=True, kw_only=True):
    """The script has no phase with this key."""

    phase: str
