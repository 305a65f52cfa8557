# SPDX-License-Identifier: Apache-2.0
"""A jury round: which jurors review which ideas, until it closes with a ranking and awards are recommended.

Who reviews what is a plan made outside (`methods/assignment.py`) and kept here; the ranking likewise
(`methods/ranking.py`). A round is stopped first and ranked afterwards, so that no score slips in between.
"""

from collections.abc import Sequence
from typing import TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Refusal, Snapshotted
from services.ideas.domain.jury_round import (
    BudgetExceeded,
    Criterion,
    IdeaAwarded,
    IdeaInRound,
    IdeaNotInRound,
    JurorRecused,
    JuryEvent,
    JuryRoundClosed,
    JuryRoundExists,
    JuryRoundIsOpen,
    JuryRoundOpened,
    NoIdeas,
    NotJuror,
    Pair,
    Ranked,
    RecusalTooLate,
    ScoringStopped,
    UnknownJuryRound,
)


class Unopened(msgspec.Struct, frozen=True):
    """There is no such round."""


class Scoring(msgspec.Struct, frozen=True):
    """Jurors score."""

    facts: JuryRoundOpened
    assigned: frozenset[Pair]
    conflicts: frozenset[Pair]


class Stopped(msgspec.Struct, frozen=True):
    """The ranking is being made."""

    facts: JuryRoundOpened
    assigned: frozenset[Pair]


class Closed(msgspec.Struct, frozen=True):
    """The ranking stands; awards by idea in cents."""

    facts: JuryRoundOpened
    ranking: tuple[Ranked, ...]
    awards: dict[str, int] = {}


JuryRound: TypeAlias = Unopened | Scoring | Stopped | Closed


class OpenJuryRound(Command, frozen=True, kw_only=True):
    """Opens a round with this plan."""

    round_id: str
    title: str
    criteria: tuple[Criterion, ...]
    jurors: tuple[str, ...]
    ideas: tuple[IdeaInRound, ...]
    conflicts: tuple[Pair, ...]
    assigned: tuple[Pair, ...]
    reviews_per_idea: int
    budget_cents: int


class RecuseJuror(Command, frozen=True, kw_only=True):
    """Declares a juror's conflict of interest."""

    juror_id: str
    idea_id: str


class StopScoring(Command, frozen=True, kw_only=True):
    """Takes no scores any more."""


class CloseJuryRound(Command, frozen=True, kw_only=True):
    """Stores the ranking of a stopped round."""

    ranking: tuple[Ranked, ...]


class AwardIdea(Command, frozen=True, kw_only=True):
    """Recommends an idea for an amount."""

    idea_id: str
    amount_cents: int


JuryCommand: TypeAlias = OpenJuryRound | RecuseJuror | StopScoring | CloseJuryRound | AwardIdea


def decide(round_: JuryRound, command: JuryCommand) -> Sequence[JuryEvent] | Refusal:
    """Open, stopped, closed, in this order; awards follow the closing."""
    match round_:
        case Unopened():
            if not isinstance(command, OpenJuryRound):
                return UnknownJuryRound()
            return _open(command)
        case Scoring():
            match command:
                case OpenJuryRound():
                    return _again(round_.facts, command)
                case RecuseJuror():
                    return _recuse(round_, command)
                case StopScoring():
                    return [ScoringStopped(round_id=round_.facts.round_id)]
                case CloseJuryRound() | AwardIdea():
                    return JuryRoundIsOpen(round_id=round_.facts.round_id)
                case _:
                    assert_never(command)
        case Stopped():
            match command:
                case OpenJuryRound():
                    return _again(round_.facts, command)
                case RecuseJuror():
                    return RecusalTooLate(round_id=round_.facts.round_id)
                case StopScoring():
                    return []
                case CloseJuryRound():
                    return [JuryRoundClosed(round_id=round_.facts.round_id, ranking=command.ranking)]
                case AwardIdea():
                    return JuryRoundIsOpen(round_id=round_.facts.round_id)
                case _:
                    assert_never(command)
        case Closed():
            match command:
                case OpenJuryRound():
                    return _again(round_.facts, command)
                case RecuseJuror():
                    return RecusalTooLate(round_id=round_.facts.round_id)
                case StopScoring() | CloseJuryRound():
                    return []
                case AwardIdea():
                    return _award(round_, command)
                case _:
                    assert_never(command)
        case _:
            assert_never(round_)


def _open(command: OpenJuryRound) -> Sequence[JuryEvent] | Refusal:
    if not command.ideas:
        return NoIdeas()
    opened = JuryRoundOpened(
        round_id=command.round_id,
        title=command.title,
        criteria=command.criteria,
        jurors=command.jurors,
        ideas=command.ideas,
        conflicts=command.conflicts,
        assigned=command.assigned,
        reviews_per_idea=command.reviews_per_idea,
        budget_cents=command.budget_cents,
    )
    return [opened]


def _again(facts: JuryRoundOpened, command: OpenJuryRound) -> Sequence[JuryEvent] | Refusal:
    same = (facts.title, facts.criteria, facts.jurors) == (command.title, command.criteria, command.jurors)
    return [] if same else JuryRoundExists(round_id=facts.round_id)


def _recuse(round_: Scoring, command: RecuseJuror) -> Sequence[JuryEvent] | Refusal:
    facts = round_.facts
    if command.juror_id not in facts.jurors:
        return NotJuror(round_id=facts.round_id)
    if all(idea.idea_id != command.idea_id for idea in facts.ideas):
        return IdeaNotInRound(idea_id=command.idea_id)
    pair = Pair(command.juror_id, command.idea_id)
    if pair in round_.conflicts:
        return []
    recused = JurorRecused(
        round_id=facts.round_id,
        juror_id=command.juror_id,
        idea_id=command.idea_id,
        replacement=_replacement(round_, pair) if pair in round_.assigned else None,
    )
    return [recused]


def _replacement(round_: Scoring, pair: Pair) -> str | None:
    """The least loaded juror who may review the idea and does not yet; the order of the round decides between equals.

    Args:
        round_: the round before the recusal.
        pair: who recuses themselves from which idea.
    """
    loads = dict.fromkeys(round_.facts.jurors, 0)
    for assigned in round_.assigned:
        loads[assigned.juror_id] += 1
    taken = round_.assigned | round_.conflicts | {pair}
    free = [juror for juror in round_.facts.jurors if Pair(juror, pair.idea_id) not in taken]
    return min(free, key=lambda juror: loads[juror], default=None)


def _award(round_: Closed, command: AwardIdea) -> Sequence[JuryEvent] | Refusal:
    idea = next((idea for idea in round_.facts.ideas if idea.idea_id == command.idea_id), None)
    if idea is None:
        return IdeaNotInRound(idea_id=command.idea_id)
    if round_.awards.get(command.idea_id) == command.amount_cents:
        return []
    others = sum(amount for idea_id, amount in round_.awards.items() if idea_id != command.idea_id)
    left = round_.facts.budget_cents - others
    if command.amount_cents > left:
        return BudgetExceeded(left_cents=left)
    awarded = IdeaAwarded(
        round_id=round_.facts.round_id,
        idea_id=idea.idea_id,
        conference_id=idea.conference_id,
        amount_cents=command.amount_cents,
    )
    return [awarded]


def evolve(round_: JuryRound, event: JuryEvent) -> JuryRound:
    """The round after an event."""
    match event:
        case JuryRoundOpened():
            return Scoring(event, frozenset(event.assigned), frozenset(event.conflicts))
        case JurorRecused():
            if not isinstance(round_, Scoring):
                return round_
            pair = Pair(event.juror_id, event.idea_id)
            added = {Pair(event.replacement, event.idea_id)} if event.replacement else set()
            return Scoring(round_.facts, (round_.assigned - {pair}) | added, round_.conflicts | {pair})
        case ScoringStopped():
            return Stopped(round_.facts, round_.assigned) if isinstance(round_, Scoring) else round_
        case JuryRoundClosed():
            return Closed(round_.facts, event.ranking) if isinstance(round_, Stopped) else round_
        case IdeaAwarded():
            if not isinstance(round_, Closed):
                return round_
            return Closed(round_.facts, round_.ranking, {**round_.awards, event.idea_id: event.amount_cents})
        case _:
            assert_never(event)


JURY: Decider[JuryRound, JuryCommand, JuryEvent] = Decider(
    name="ideas.jury_round",
    initial=Unopened(),
    decide=decide,
    evolve=evolve,
    events=(JuryRoundOpened, JurorRecused, ScoringStopped, JuryRoundClosed, IdeaAwarded),
    snapshot=Snapshotted((Unopened, Scoring, Stopped, Closed)),
)
