# SPDX-License-Identifier: Apache-2.0
"""What the ideas service keeps of the running evening: who sits in which group of the solutions phase, and
whose pen was taken away.

Groups of other phases leave the solutions groups untouched: a sheet stays with its group until the session ends.
"""

from collections.abc import Sequence
from typing import TypeAlias, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Snapshotted


class SheetGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A group of the solutions phase; `mentors` are all who ever accompanied it."""

    group_id: str
    members: tuple[str, ...]
    mentors: tuple[str, ...] = ()
    topic_id: str | None = None


class PhaseNoted(Event, frozen=True, kw_only=True):
    """The evening entered a phase; `sheets`: groups write idea sheets in it."""

    TOPIC = "ideas.phase_noted"
    run: int
    sheets: bool


class GroupsNoted(Event, frozen=True, kw_only=True):
    """People were placed for the phase with this number."""

    TOPIC = "ideas.groups_noted"
    generation: int
    run: int
    groups: tuple[SheetGroup, ...]


class MemberMoved(Event, frozen=True, kw_only=True):
    """A person belongs to another group of the solutions phase; None: to none."""

    TOPIC = "ideas.member_moved"
    participant_id: str
    group_id: str | None


class PenTaken(Event, frozen=True, kw_only=True):
    """The person may not write any more: excluded, or erased for good."""

    TOPIC = "ideas.pen_taken"
    participant_id: str
    erased: bool


class PenReturned(Event, frozen=True, kw_only=True):
    """The person may write again."""

    TOPIC = "ideas.pen_returned"
    participant_id: str


EveningEvent: TypeAlias = PhaseNoted | GroupsNoted | MemberMoved | PenTaken | PenReturned


class Evening(msgspec.Struct, frozen=True):
    """The evening as far as it matters for writing.

    Args:
        run: number of the present phase.
        sheet_runs: numbers of the phases in which sheets are written.
        placed: the last placement, of whatever phase.
        groups: the groups of the solutions phase by id.
        taken: participants without a pen; True: erased, it never returns.
    """

    run: int = 0
    sheet_runs: frozenset[int] = frozenset()
    placed: GroupsNoted | None = None
    groups: dict[str, SheetGroup] = {}
    taken: dict[str, bool] = {}


class NotePhase(Command, frozen=True, kw_only=True):
    """Keeps which phase runs."""

    run: int
    sheets: bool


class NoteGroups(Command, frozen=True, kw_only=True):
    """Keeps who sits where."""

    generation: int
    run: int
    groups: tuple[SheetGroup, ...]


class MoveMember(Command, frozen=True, kw_only=True):
    """Keeps that a person moved."""

    participant_id: str
    group_id: str | None


class TakePen(Command, frozen=True, kw_only=True):
    """Keeps a person from writing."""

    participant_id: str
    erased: bool = False


class ReturnPen(Command, frozen=True, kw_only=True):
    """Lets a person write again."""

    participant_id: str


EveningCommand: TypeAlias = NotePhase | NoteGroups | MoveMember | TakePen | ReturnPen


class PenIsTaken(Refusal, frozen=True, kw_only=True):
    """The person may not write at this conference."""


class NotInGroup(Refusal, frozen=True, kw_only=True):
    """Only the members of this group, its mentor and moderators write on its sheet."""

    group_id: str


def decide(evening: Evening, command: EveningCommand) -> Sequence[EveningEvent] | Refusal:
    """Notes what is new; what is known already yields nothing."""
    match command:
        case NotePhase():
            known = evening.run == command.run and (command.run in evening.sheet_runs) == command.sheets
            return [] if known else [PhaseNoted(run=command.run, sheets=command.sheets)]
        case NoteGroups():
            noted = GroupsNoted(generation=command.generation, run=command.run, groups=command.groups)
            return [] if evening.placed == noted else [noted]
        case MoveMember():
            if not _writes_sheets(evening) or group_of(evening, command.participant_id) == command.group_id:
                return []
            return [MemberMoved(participant_id=command.participant_id, group_id=command.group_id)]
        case TakePen():
            before = evening.taken.get(command.participant_id)
            if before is not None and before >= command.erased:
                return []
            return [PenTaken(participant_id=command.participant_id, erased=command.erased)]
        case ReturnPen():
            excluded = evening.taken.get(command.participant_id) is False
            return [PenReturned(participant_id=command.participant_id)] if excluded else []
        case _:
            assert_never(command)


def evolve(evening: Evening, event: EveningEvent) -> Evening:
    """The evening after an event."""
    replace = msgspec.structs.replace
    match event:
        case PhaseNoted():
            runs = evening.sheet_runs | {event.run} if event.sheets else evening.sheet_runs - {event.run}
            noted = replace(evening, run=event.run, sheet_runs=runs)
            belongs = noted.placed is not None and noted.placed.run == event.run
            return _seated(noted, noted.placed) if belongs else noted
        case GroupsNoted():
            noted = replace(evening, placed=event)
            return _seated(noted, event) if event.run in noted.sheet_runs else noted
        case MemberMoved():
            return replace(evening, groups=_moved(evening.groups, event.participant_id, event.group_id))
        case PenTaken():
            return replace(evening, taken={**evening.taken, event.participant_id: event.erased})
        case PenReturned():
            return replace(
                evening, taken={who: erased for who, erased in evening.taken.items() if who != event.participant_id}
            )
        case _:
            assert_never(event)


def _writes_sheets(evening: Evening) -> bool:
    placed = evening.placed
    return placed is not None and placed.run in evening.sheet_runs and evening.run <= placed.run


def _seated(evening: Evening, placed: GroupsNoted | None) -> Evening:
    """The solutions groups follow the placement of the solutions phase, whichever of the two is told first."""
    if placed is None or placed.run not in evening.sheet_runs:
        return evening
    # A group that was dissolved keeps its sheet, but nobody sits there any more.
    groups = {group_id: msgspec.structs.replace(group, members=()) for group_id, group in evening.groups.items()}
    for group in placed.groups:
        before = groups.get(group.group_id)
        mentors = tuple(dict.fromkeys((*(before.mentors if before else ()), *group.mentors)))
        groups[group.group_id] = msgspec.structs.replace(group, mentors=mentors)
    return msgspec.structs.replace(evening, groups=groups)


def _moved(groups: dict[str, SheetGroup], who: str, target: str | None) -> dict[str, SheetGroup]:
    moved = {}
    for group_id, group in groups.items():
        members = tuple(member for member in group.members if member != who)
        moved[group_id] = msgspec.structs.replace(group, members=(*members, who) if group_id == target else members)
    if target is not None and target not in moved:
        moved[target] = SheetGroup(group_id=target, members=(who,))
    return moved


def group_of(evening: Evening, participant_id: str) -> str | None:
    """The group of the solutions phase in which a person sits."""
    return next((group.group_id for group in evening.groups.values() if participant_id in group.members), None)


EVENING: Decider[Evening, EveningCommand, EveningEvent] = Decider(
    name="ideas.evening",
    initial=Evening(),
    decide=decide,
    evolve=evolve,
    events=(PhaseNoted, GroupsNoted, MemberMoved, PenTaken, PenReturned),
    snapshot=Snapshotted((Evening,)),
)
