# SPDX-License-Identifier: Apache-2.0
"""Who is ready in one run of a phase, and who wants more time: groups while they run, else people for themselves."""

from typing import Literal

import msgspec

from services.chassis.decider import Command, Decider, Event

Says = Literal["READY", "MORE_TIME", "NONE"]


class ReadinessSaid(Event, frozen=True, kw_only=True):
    """A group, or a person outside of groups, is ready, wants more time, or says neither any more."""

    TOPIC = "session.readiness_said"

    run: int
    who: str
    says: Says


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """What was said last, by group or person."""

    said: dict[str, Says] = {}


class SayReadiness(Command, frozen=True, kw_only=True):
    """Says it for a group, or for oneself."""

    run: int
    who: str
    says: Says


def readiness_key(conference: str, run: int) -> str:
    """The key of the stream: every entry into a phase has its own."""
    return f"{conference}:{run}"


def decide(readiness: Readiness, command: SayReadiness) -> list[ReadinessSaid]:
    """Saying the same twice changes nothing."""
    if readiness.said.get(command.who, "NONE") == command.says:
        return []
    return [ReadinessSaid(run=command.run, who=command.who, says=command.says)]


def evolve(readiness: Readiness, event: ReadinessSaid) -> Readiness:
    """What was said after an event."""
    return Readiness(said={**readiness.said, event.who: event.says})


def are_enough(ready: int, of: int, percent: int) -> bool:
    """Whether the share is reached; nobody is never enough."""
    return of > 0 and ready * 100 >= percent * of


READINESS: Decider[Readiness, SayReadiness, ReadinessSaid] = Decider(
    name="session.readiness", initial=Readiness(), decide=decide, evolve=evolve, events=(ReadinessSaid,)
)
