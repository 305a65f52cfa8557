# SPDX-License-Identifier: Apache-2.0
"""A small evening that the tests of this folder share."""

from datetime import UTC, datetime, timedelta

from services.session.domain.script import LocalText, Phase, Script
from services.session.domain.session_commands import PrepareSession
from services.session.domain.session_facts import (
    LobbyOpened,
    PhaseEnded,
    PhaseLeftByHand,
    PhaseStarted,
    SessionPrepared,
    SessionStarted,
)

NOON = datetime(2027, 3, 12, 12, tzinfo=UTC)


def text(words: str) -> LocalText:
    return LocalText(de=words, en=words)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def phase(key: str, kind: str = "plenary", length: int = 10, **more: object) -> Phase:
    return Phase(key=key, kind=kind, title=text(key), prompt=text(key), minutes=length, **more)


SCRIPT = Script(
    name="short",
    title=text("short"),
    phases=(
        phase("welcome", tools=("poll",)),
        phase("exchange", "groups", 15, group_mode="mix", tools=("needs_offers",), soft_close_seconds=30),
        phase("closing", advance="by_hand"),
    ),
)

PREPARE = PrepareSession(script=SCRIPT, starts_at=NOON, language="de", title="Abend", now=NOON - minutes(600))
PREPARED = SessionPrepared(script=SCRIPT, starts_at=NOON, language="de", title="Abend")
LOBBY = LobbyOpened()
STARTED = SessionStarted(started_at=NOON)


def entered(run: int, place: int, at: datetime) -> PhaseStarted:
    new = SCRIPT.phases[place]
    return PhaseStarted(
        run=run,
        phase=place,
        key=new.key,
        kind=new.kind,
        tools=new.tools,
        group_mode=new.group_mode,
        deadline=at + minutes(new.minutes),
        by_hand=new.advance == "by_hand",
    )


def left(run: int, place: int) -> PhaseEnded:
    return PhaseEnded(run=run, key=SCRIPT.phases[place].key, tools=SCRIPT.phases[place].tools)


def by_hand(run: int, place: int, left_minutes: float, now: datetime, *, paused: bool = False) -> PhaseLeftByHand:
    seconds, until = left_minutes * 60, now + minutes(3)
    return PhaseLeftByHand(run=run, phase=place, left_seconds=seconds, paused=paused, until=until)


RUNNING = (PREPARED, LOBBY, STARTED, entered(1, 0, NOON))
IN_GROUPS = (*RUNNING, left(1, 0), entered(2, 1, NOON + minutes(10)))
LAST = (*IN_GROUPS, left(2, 1), entered(3, 2, NOON + minutes(25)))
