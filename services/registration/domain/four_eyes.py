# SPDX-License-Identifier: Apache-2.0
"""What one person, or one app, did to conferences lately without a second person: the two-person rule counts it.

There is a stream for each of them and each kind of command. It counts conferences, not commands: the same one again is
no news. What was done longer ago than `WINDOW` counts no more; what a second person approved never did.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Snapshotted

WINDOW = timedelta(hours=24)
"""Conference time for which a conference counts."""


class ConferencesHitAlone(Event, frozen=True, kw_only=True):
    """Somebody changed these conferences, and nobody else had to agree. `at` is in UTC."""

    TOPIC = "registration.conferences_hit_alone"
    at: datetime
    conference_ids: tuple[str, ...]


class Hit(msgspec.Struct, frozen=True):
    """A conference, and since when it counts."""

    conference_id: str
    at: datetime


class Alone(msgspec.Struct, frozen=True):
    """What counted when something was done last, the oldest first."""

    hits: tuple[Hit, ...] = ()

    def lately(self, now: datetime) -> tuple[Hit, ...]:
        """What counts now."""
        return tuple(hit for hit in self.hits if now - hit.at < WINDOW)


class HitConference(Command, frozen=True, kw_only=True):
    """Changes a conference, if it is one of at most `limit` within the window."""

    conference_id: str
    limit: int


class NoteConferences(Command, frozen=True, kw_only=True):
    """Changes conferences, after `are_too_many` was asked."""

    conference_ids: tuple[str, ...]


FourEyesCommand = HitConference | NoteConferences


class ApprovalNeeded(Refusal, frozen=True, kw_only=True):
    """More than `limit` conferences within 24 hours take a second person: start a job, which somebody else approves."""

    limit: int


def are_too_many(alone: Alone, conference_ids: Iterable[str], limit: int, now: datetime) -> bool:
    """Whether these conferences take a second person: with what was done lately they are more than `limit`."""
    known = {hit.conference_id for hit in alone.lately(now)}
    return not known.issuperset(conference_ids) and len(known.union(conference_ids)) > limit


def decide(alone: Alone, command: FourEyesCommand) -> Sequence[ConferencesHitAlone] | ApprovalNeeded:
    """So many conferences in the window, and no more; the same one again is no news."""
    match command:
        case HitConference(conference_id=conference_id, limit=limit):
            if are_too_many(alone, [conference_id], limit, command.now):
                return ApprovalNeeded(limit=limit)
            return _news(alone, [conference_id], command.now)
        case NoteConferences(conference_ids=conference_ids):
            return _news(alone, conference_ids, command.now)
        case _:
            assert_never(command)


def _news(alone: Alone, conference_ids: Iterable[str], now: datetime) -> Sequence[ConferencesHitAlone]:
    known = {hit.conference_id for hit in alone.lately(now)}
    new = tuple(dict.fromkeys(each for each in conference_ids if each not in known))
    return [ConferencesHitAlone(at=now, conference_ids=new)] if new else []


def evolve(alone: Alone, event: ConferencesHitAlone) -> Alone:
    """What counts after the event."""
    return Alone((*alone.lately(event.at), *(Hit(each, event.at) for each in event.conference_ids)))


FOUR_EYES: Decider[Alone, FourEyesCommand, ConferencesHitAlone] = Decider(
    name="registration.four_eyes",
    initial=Alone(),
    decide=decide,
    evolve=evolve,
    events=(ConferencesHitAlone,),
    snapshot=Snapshotted((Alone,)),
)
