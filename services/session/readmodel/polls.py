# SPDX-License-Identifier: Apache-2.0
"""Which polls does a conference have, and how do they stand?

While a poll runs, the latest ballot of every stream is kept, so that a changed mind is not counted twice. With the
tally the ballots go. Words are kept as they came: sealed under the poll's key, opened only for an answer.

The same fold keeps the deadline of the count: a poll whose voting has ended is counted, whoever crashed meanwhile.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal, TypeAlias
from uuid import UUID

import msgspec

from services.chassis.database import Database, Tx
from services.chassis.decider import Sealed
from services.chassis.projection import TableProjection
from services.chassis.store import Recorded
from services.chassis.timers import TimerPayload, cancel_timer, set_timer
from services.session.domain.ballot import BallotCast
from services.session.domain.poll import Count, PollClosed, PollOpened, PollVotingEnded
from services.session.domain.script import LocalText, PollKind
from services.session.domain.session_facts import (
    PhaseEnded,
    SessionEnded,
)

Status: TypeAlias = Literal["open", "counting", "closed"]


class EndPolls(TimerPayload, frozen=True, kw_only=True):
    """A phase was left, at this position of the log: the polls opened before it take no more ballots."""

    KIND: ClassVar[str] = "end_polls"

    conference_id: str
    before: int


class CountPoll(TimerPayload, frozen=True, kw_only=True):
    """The voting has ended and the tally is missing."""

    KIND: ClassVar[str] = "count_poll"

    conference_id: str
    poll_id: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked."""

    kind: PollKind
    question: LocalText
    options: tuple[LocalText, ...]
    live: bool


class PollState(msgspec.Struct, frozen=True, kw_only=True):
    """One poll. `ballots` holds those that count now by their streams; empty once the poll is closed."""

    poll_id: str
    asked: Asked
    status: Status
    counted: int
    tally: tuple[Count, ...] | None
    ballots: Mapping[UUID, BallotCast]


async def _opened(tx: Tx, event: PollOpened, recorded: Recorded) -> tuple[str]:
    asked = Asked(kind=event.kind, question=event.question, options=event.options, live=event.live)
    conference = _conference(recorded)
    await tx.execute(
        "INSERT INTO polls (poll_id, conference_id, position, opened, status) VALUES ($1, $2, $3, $4, 'open')",
        UUID(event.poll_id), UUID(conference), recorded.notification_id, msgspec.json.encode(asked).decode(),
    )  # fmt: skip
    return (conference,)


async def _ballot(tx: Tx, event: BallotCast, recorded: Recorded) -> tuple[str]:
    await tx.execute(
        "INSERT INTO poll_ballots (poll_id, stream_id, option, words) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (poll_id, stream_id) DO UPDATE SET option = EXCLUDED.option, words = EXCLUDED.words",
        UUID(event.poll_id), recorded.originator_id, event.option, event.words.box if event.words else None,
    )  # fmt: skip
    return (_conference(recorded),)


async def _voting_ended(tx: Tx, event: PollVotingEnded, recorded: Recorded) -> tuple[str]:
    conference = _conference(recorded)
    await tx.execute("UPDATE polls SET status = 'counting' WHERE poll_id = $1", UUID(event.poll_id))
    count = CountPoll(conference_id=conference, poll_id=event.poll_id)
    await set_timer(tx, key=event.poll_id, due_at=recorded.recorded_at, payload=count, conference=conference)
    return (conference,)


async def _closed(tx: Tx, event: PollClosed, recorded: Recorded) -> tuple[str]:
    poll_id = UUID(event.poll_id)
    await tx.execute(
        "UPDATE polls SET status = 'closed', ballots = $2, tally = $3 WHERE poll_id = $1",
        poll_id, event.ballots, msgspec.json.encode(event.tally).decode(),
    )  # fmt: skip
    await tx.execute("DELETE FROM poll_ballots WHERE poll_id = $1", poll_id)
    await cancel_timer(tx, CountPoll, event.poll_id)
    return (_conference(recorded),)


async def _phase_ended(tx: Tx, _: PhaseEnded | SessionEnded, recorded: Recorded) -> None:
    conference, position = _conference(recorded), recorded.notification_id
    running = "SELECT 1 FROM polls WHERE conference_id = $1 AND status = 'open' AND position < $2 LIMIT 1"
    if await tx.fetchval(running, UUID(conference), position) is not None:
        due = EndPolls(conference_id=conference, before=position)
        await set_timer(
            tx, key=f"{conference}:{position}", due_at=recorded.recorded_at, payload=due, conference=conference
        )


def _conference(recorded: Recorded) -> str:
    if recorded.conference_id is None:
        raise ValueError(f"event {recorded.notification_id} belongs to no conference")
    return recorded.conference_id.hex


POLLS = TableProjection(
    name="polls",
    version=1,
    handlers={
        PollOpened: _opened,
        BallotCast: _ballot,
        PollVotingEnded: _voting_ended,
        PollClosed: _closed,
        PhaseEnded: _phase_ended,
        SessionEnded: _phase_ended,
    },
    tables=("polls", "poll_ballots"),
)


async def polls_of(db: Database, conference_id: str) -> list[PollState]:
    """All polls of a conference, the newest last, as of one instant."""
    rows = await db.pool.fetch(
        "SELECT poll_id, opened, status, ballots, tally, stream_id, option, words"
        " FROM polls LEFT JOIN poll_ballots USING (poll_id) WHERE conference_id = $1 ORDER BY position",
        UUID(conference_id),
    )
    polls: dict[UUID, PollState] = {}
    ballots: dict[UUID, dict[UUID, BallotCast]] = {}
    for row in rows:
        poll_id: UUID = row["poll_id"]
        if poll_id not in polls:
            ballots[poll_id] = {}
            polls[poll_id] = PollState(
                poll_id=poll_id.hex,
                asked=msgspec.json.decode(row["opened"], type=Asked),
                status=row["status"],
                counted=row["ballots"],
                tally=None if row["tally"] is None else msgspec.json.decode(row["tally"], type=tuple[Count, ...]),
                ballots=ballots[poll_id],
            )
        if row["stream_id"] is not None:
            words = None if row["words"] is None else Sealed(poll_id.hex, row["words"])
            ballots[poll_id][row["stream_id"]] = BallotCast(poll_id=poll_id.hex, option=row["option"], words=words)
    return list(polls.values())


async def open_polls(db: Database, conference_id: str, *, before: int) -> list[str]:
    """The ids of the polls that take ballots and were opened before a position of the log."""
    rows = await db.pool.fetch(
        "SELECT poll_id FROM polls WHERE conference_id = $1 AND status = 'open' AND position < $2 ORDER BY position",
        UUID(conference_id), before,
    )  # fmt: skip
    return [row["poll_id"].hex for row in rows]
