# SPDX-License-Identifier: Apache-2.0
"""Which polls does a conference have, and how do they stand?

While a poll runs, the latest ballot of every stream is kept, so that a changed mind is not counted twice. With the
tally the ballots go. Words are kept as they came: sealed under the poll's key, opened only for an answer.

The same fold keeps the deadline of the count: a poll whose voting has ended is counted, whoever crashed meanwhile.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import ClassVar, Literal, TypeAlias
from uuid import UUID

import msgspec

from services.chassis.database import Database, Tx
from services.chassis.decider import Sealed
from services.chassis.projection import TableProjection
from services.chassis.store import Recorded
from services.chassis.timers import TimerPayload, cancel_timer, set_timer
from services.session.domain.ballot import AnswersUpvoted, BallotCast
from services.session.domain.poll_facts import (
    AnswersModerated,
    Asked,
    Count,
    PollClosed,
    PollOpened,
    PollRevealed,
    PollVotingEnded,
    Spread,
    Verdicts,
)
from services.session.domain.session_facts import PhaseEnded, SessionEnded
from services.session.methods.tallies import Result

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


class PollState(msgspec.Struct, frozen=True, kw_only=True):
    """One poll.

    Args:
        revealed: whether a moderator showed results that were not live.
        result: what was counted; None while it is not, and when too few people voted.
        verdicts: on words and answers that a moderator looked at.
        ballots: those that count now by their streams; empty once the poll is closed.
        upvotes: answers that voters support, by the same streams.
    """

    poll_id: str
    asked: Asked
    status: Status
    revealed: bool
    counted: int
    result: Result | None
    verdicts: Verdicts
    ballots: Mapping[UUID, BallotCast]
    upvotes: Mapping[UUID, tuple[str, ...]]


async def _opened(tx: Tx, event: PollOpened, recorded: Recorded) -> tuple[str]:
    conference = _conference(recorded)
    await tx.execute(
        "INSERT INTO polls (poll_id, conference_id, position, opened, status) VALUES ($1, $2, $3, $4, 'open')",
        UUID(event.poll_id), UUID(conference), recorded.notification_id, msgspec.json.encode(event.asked).decode(),
    )  # fmt: skip
    return (conference,)


async def _ballot(tx: Tx, event: BallotCast, recorded: Recorded) -> tuple[str]:
    await tx.execute(
        "INSERT INTO poll_ballots (poll_id, stream_id, chosen, value, words) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (poll_id, stream_id)"
        " DO UPDATE SET is_cast = true, chosen = EXCLUDED.chosen, value = EXCLUDED.value, words = EXCLUDED.words",
        UUID(event.poll_id), recorded.originator_id, list(event.chosen), event.value,
        event.words.box if event.words else None,
    )  # fmt: skip
    return (_conference(recorded),)


async def _upvoted(tx: Tx, event: AnswersUpvoted, recorded: Recorded) -> tuple[str]:
    await tx.execute(
        "INSERT INTO poll_ballots (poll_id, stream_id, is_cast, upvotes) VALUES ($1, $2, false, $3)"
        " ON CONFLICT (poll_id, stream_id) DO UPDATE SET upvotes = EXCLUDED.upvotes",
        UUID(event.poll_id), recorded.originator_id, list(event.answers),
    )  # fmt: skip
    return (_conference(recorded),)


async def _moderated(tx: Tx, event: AnswersModerated, recorded: Recorded) -> tuple[str]:
    for answer in event.answers:
        await tx.execute(
            "INSERT INTO poll_verdicts (poll_id, answer, show) VALUES ($1, $2, $3)"
            " ON CONFLICT (poll_id, answer) DO UPDATE SET show = EXCLUDED.show",
            UUID(event.poll_id), answer, event.show,
        )  # fmt: skip
    return (_conference(recorded),)


async def _revealed(tx: Tx, event: PollRevealed, recorded: Recorded) -> tuple[str]:
    await tx.execute("UPDATE polls SET revealed = true WHERE poll_id = $1", UUID(event.poll_id))
    return (_conference(recorded),)


async def _voting_ended(tx: Tx, event: PollVotingEnded, recorded: Recorded) -> tuple[str]:
    conference = _conference(recorded)
    await tx.execute("UPDATE polls SET status = 'counting' WHERE poll_id = $1", UUID(event.poll_id))
    count = CountPoll(conference_id=conference, poll_id=event.poll_id)
    await set_timer(tx, key=event.poll_id, due_at=recorded.recorded_at, payload=count, conference=conference)
    return (conference,)


async def _closed(tx: Tx, event: PollClosed, recorded: Recorded) -> tuple[str]:
    poll_id = UUID(event.poll_id)
    tally = None if event.tally is None else msgspec.json.encode(event.tally).decode()
    spread = None if event.spread is None else msgspec.json.encode(event.spread).decode()
    await tx.execute(
        "UPDATE polls SET status = 'closed', ballots = $2, tally = $3, spread = $4 WHERE poll_id = $1",
        poll_id, event.ballots, tally, spread,
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
    version=2,
    handlers={
        PollOpened: _opened,
        BallotCast: _ballot,
        AnswersUpvoted: _upvoted,
        AnswersModerated: _moderated,
        PollRevealed: _revealed,
        PollVotingEnded: _voting_ended,
        PollClosed: _closed,
        PhaseEnded: _phase_ended,
        SessionEnded: _phase_ended,
    },
    tables=("polls", "poll_ballots", "poll_verdicts"),
)


async def polls_of(db: Database, conference_id: str) -> list[PollState]:
    """All polls of a conference, the newest last, as of one instant."""
    async with db.pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        polls = await connection.fetch(
            "SELECT poll_id, opened, status, revealed, ballots, tally, spread"
            " FROM polls WHERE conference_id = $1 ORDER BY position",
            UUID(conference_id),
        )
        votes = await connection.fetch(
            "SELECT poll_id, stream_id, is_cast, chosen, value, words, upvotes"
            " FROM poll_ballots JOIN polls USING (poll_id) WHERE conference_id = $1",
            UUID(conference_id),
        )
        verdicts = await connection.fetch(
            "SELECT poll_id, answer, show FROM poll_verdicts JOIN polls USING (poll_id) WHERE conference_id = $1",
            UUID(conference_id),
        )
    ballots: dict[UUID, dict[UUID, BallotCast]] = defaultdict(dict)
    upvotes: dict[UUID, dict[UUID, tuple[str, ...]]] = defaultdict(dict)
    for row in votes:
        poll_id: UUID = row["poll_id"]
        if row["is_cast"]:
            words = None if row["words"] is None else Sealed(poll_id.hex, row["words"])
            ballots[poll_id][row["stream_id"]] = BallotCast(
                poll_id=poll_id.hex, chosen=tuple(row["chosen"]), value=row["value"], words=words
            )
        if row["upvotes"] is not None:
            upvotes[poll_id][row["stream_id"]] = tuple(row["upvotes"])
    looked: dict[tuple[UUID, bool], set[str]] = defaultdict(set)
    for row in verdicts:
        looked[row["poll_id"], row["show"]].add(row["answer"])
    return [
        PollState(
            poll_id=row["poll_id"].hex,
            asked=msgspec.json.decode(row["opened"], type=Asked),
            status=row["status"],
            revealed=row["revealed"],
            counted=row["ballots"],
            result=_result(row["tally"], row["spread"]),
            verdicts=Verdicts(
                shown=frozenset(looked[row["poll_id"], True]), hidden=frozenset(looked[row["poll_id"], False])
            ),
            ballots=ballots[row["poll_id"]],
            upvotes=upvotes[row["poll_id"]],
        )
        for row in polls
    ]


def _result(tally: str | None, spread: str | None) -> Result | None:
    if tally is None:
        return None
    return Result(
        tally=msgspec.json.decode(tally, type=tuple[Count, ...]),
        spread=None if spread is None else msgspec.json.decode(spread, type=Spread),
    )


async def open_polls(db: Database, conference_id: str, *, before: int) -> list[str]:
    """The ids of the polls that take ballots and were opened before a position of the log."""
    rows = await db.pool.fetch(
        "SELECT poll_id FROM polls WHERE conference_id = $1 AND status = 'open' AND position < $2 ORDER BY position",
        UUID(conference_id), before,
    )  # fmt: skip
    return [row["poll_id"].hex for row in rows]
