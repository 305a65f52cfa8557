# SPDX-License-Identifier: Apache-2.0
"""The record of an evening: what happened when, up to any instant; it names nobody."""

from datetime import datetime
from typing import ClassVar

import msgspec

from services.chassis.contract import Answer, Id, QueryRequest
from services.contracts.session.vocabulary import SERVICE, GroupMode, PhaseKind, SessionStatus, WordCount
from services.contracts.shared import LocalText


class PhaseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One entry into a phase.

    Args:
        run: the number of the entry.
        minutes: as the script plans it.
        ended_at: None while it lasts.
        present: residents who were here when it began.
    """

    run: int
    key: str
    kind: PhaseKind
    title: LocalText
    minutes: int
    started_at: datetime
    ended_at: datetime | None
    present: int


class SeatingRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The small groups of one phase.

    Args:
        sizes: of the groups, as they were at the end.
        with_mentor: how many groups a mentor accompanied at the end.
        with_moderator: how many stayed with the moderator.
        moves: how often somebody came, went or changed groups.
    """

    run: int
    mode: GroupMode
    formed_at: datetime
    sizes: tuple[int, ...]
    with_mentor: int
    with_moderator: int
    moves: int


class PollRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One poll; `ballots` and `tally` are there once it is closed."""

    poll_id: Id
    run: int
    question: LocalText
    opened_at: datetime
    closed_at: datetime | None
    ballots: int | None
    tally: tuple[WordCount, ...] | None


class HelpRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One help call.

    Args:
        from_group: whether a group asked, or a single person.
        claimed_seconds: until somebody took it; None: nobody did.
        resolved_seconds: until it was done; None: it never was.
    """

    run: int
    from_group: bool
    asked_at: datetime
    claimed_seconds: float | None
    resolved_seconds: float | None


class RecordView(Answer, frozen=True, kw_only=True):
    """An evening as of one instant; `run` in its parts is the entry into a phase they fell into, 0 before the first.

    Args:
        at: the instant.
        present: residents who were here then.
        deadline: of the phase that ran then.
        left_seconds: what was left of the phase while the clock stood.
    """

    conference_id: Id
    at: datetime
    title: str
    status: SessionStatus
    script: str
    script_version: int
    starts_at: datetime
    present: int
    deadline: datetime | None
    left_seconds: float | None
    started_at: datetime | None
    ended_at: datetime | None
    phases: tuple[PhaseRecord, ...]
    seatings: tuple[SeatingRecord, ...]
    polls: tuple[PollRecord, ...]
    help_calls: tuple[HelpRecord, ...]


class GetRecord(QueryRequest[RecordView], frozen=True, kw_only=True):
    """The record of an evening (moderators, organisers), up to an instant; None: up to now."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = RecordView
    conference_id: Id
    until: datetime | None = None
