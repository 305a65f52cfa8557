# SPDX-License-Identifier: Apache-2.0
"""Which steps belong together: a phase and its groups, a person who comes or goes and their place.

What a function relies on is a guard, or stands in a stream that one of its steps writes: so nobody is lost between two
decisions. When something has changed meanwhile, nothing is stored and the caller looks again. A person who comes
always brings a step for the groups along, even in the plenary, where it only makes sure that the plenary is still on.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TypeVar

import structlog

from services.chassis.contract import Done
from services.chassis.decider import Event, Refusal
from services.chassis.decisions import Envelope, Executed, Loaded, Step
from services.chassis.refusals import ConcurrentChange
from services.session.domain.code import AcceptCode
from services.session.domain.groups import GROUPS
from services.session.domain.groups_commands import (
    GroupsCommand,
    Join,
    Leave,
    PlaceDraft,
    PlaceGroups,
    PlaceGroupsAgain,
    RecallGroups,
)
from services.session.domain.groups_state import GroupPlan
from services.session.domain.help import HELP
from services.session.domain.roster import ROSTER
from services.session.domain.roster_commands import MarkAbsent, MarkPresent
from services.session.domain.roster_facts import PersonCame
from services.session.domain.roster_state import Roster
from services.session.domain.script import Phase
from services.session.domain.session import SESSION
from services.session.domain.session_commands import SessionCommand
from services.session.domain.session_facts import PhaseStarted, SessionEnded
from services.session.domain.session_state import groups_phase
from services.session.planning import Here, computed, like_of, new_ids_for, seed_of
from services.session.words import attributes_of

E = TypeVar("E", bound=Event)

ATTEMPTS = 12
PATIENT_ATTEMPTS = 8
"""How often a change of phase is decided anew because somebody came or went meanwhile."""

log = structlog.get_logger()


async def carry_out(here: Here, conference: str, command: SessionCommand, envelope: Envelope) -> Refusal | None:
    """Carries a change of phase out, whoever comes and goes meanwhile; the refusal, None when it is stored.

    An evening does not wait for a quiet moment: where people come faster than places can be stored, the phase changes
    without the last of them, and `follow_presence` gives them a place within seconds.

    Args:
        envelope: who asked; a repetition with its command id changes nothing.
    """
    refusal: Refusal | None = None
    for attempt in range(ATTEMPTS):
        steps = await change_of_phase(here, conference, command, patient=attempt < PATIENT_ATTEMPTS)
        outcome = await here.repository.execute(steps, envelope, Done())
        if isinstance(outcome, Executed):
            return None
        refusal = outcome
        if not isinstance(outcome, ConcurrentChange):
            break
    return refusal


async def change_of_phase(here: Here, conference: str, command: SessionCommand, *, patient: bool = True) -> list[Step]:
    """The steps of a command that may lead into or out of groups: the session's, and that of the groups.

    Args:
        patient: whether nothing is stored when somebody comes or goes meanwhile.
    """
    repository = here.repository
    session = await repository.load(SESSION, conference)
    groups = await repository.load(GROUPS, conference)
    foreseen = SESSION.decide(session.state, command)
    change = Step(SESSION, conference, command, conference, guards=(session,))
    if isinstance(foreseen, Refusal):
        return [change]
    entered = next((event for event in foreseen if isinstance(event, PhaseStarted)), None)
    phase = None if entered is None else groups_phase(session.state, entered.key)
    if entered is not None and phase is not None:
        planned = await repository.load(ROSTER, conference)
        place = await _place(here, conference, entered.run, phase, groups.state, planned.state, command.now)
        # Planning takes time; who came or went meanwhile is seated as in running groups.
        roster = await repository.load(ROSTER, conference)
        placed = Step(GROUPS, conference, place, conference, guards=(roster,) if patient else ())
        return [change, placed, *_since(here, conference, planned.state, roster.state)]
    if entered is not None or any(isinstance(event, SessionEnded) for event in foreseen):
        return [change, Step(GROUPS, conference, RecallGroups(now=command.now), conference)]
    return [change]


async def arrival(
    here: Here, conference: str, people: Iterable[str], visiting: Mapping[str, tuple[str, ...]] = MappingProxyType({})
) -> list[Step]:
    """The steps of people who came; none when all of them are present already or do not belong here.

    Args:
        visiting: of some of them the roles that hold here by the series or the district.
    """
    roster = await here.repository.load(ROSTER, conference)
    came = MarkPresent(people=tuple(people), visiting=visiting, now=_now(here))
    events = _events(ROSTER.decide(roster.state, came))
    if not events:
        return []
    present = ROSTER.fold(roster.state, events)
    join = await _join(
        here, conference, present, [event.person_id for event in events if isinstance(event, PersonCame)]
    )
    return [Step(ROSTER, conference, came, conference), join]


async def accepted(here: Here, conference: str, command: AcceptCode) -> list[Step]:
    """The steps of somebody who accepts the code of conduct: who is here already is seated as somebody who comes."""
    roster = await here.repository.load(ROSTER, conference)
    accept = Step(ROSTER, conference, command, conference)
    after = ROSTER.fold(roster.state, _events(ROSTER.decide(roster.state, command)))
    if command.participant_id not in set(after.residents_present()) - set(roster.state.residents_present()):
        return [accept]
    return [accept, await _join(here, conference, after, [command.participant_id])]


async def departure(here: Here, conference: str, people: Iterable[str]) -> list[Step]:
    """The steps of people who have gone; none when none of them is present."""
    roster = await here.repository.load(ROSTER, conference)
    gone = tuple(one for one in people if one in roster.state.present)
    if not gone:
        return []
    absent = Step(ROSTER, conference, MarkAbsent(people=gone, now=_now(here)), conference, guards=(roster,))
    return [absent, leave(here, conference, gone)]


async def mending(here: Here, conference: str) -> list[Step]:
    """The steps that bring running groups and presence together, should they differ; usually none.

    They differ when somebody got or lost a role while being here.
    """
    roster = await here.repository.load(ROSTER, conference)
    groups = await here.repository.load(GROUPS, conference)
    if groups.state.now is None:
        return []
    residents, mentors = frozenset(roster.state.residents_present()), frozenset(roster.state.mentors_present())
    seating = groups.state.now.seating
    seated, accompanying = frozenset(seating.people()), frozenset(seating.mentors())
    lost = (seated - residents) | (accompanying - mentors)
    missing = (residents - seated) | (mentors - accompanying)
    guards: tuple[Loaded[object], ...] = (roster, groups)
    steps = []
    if lost:
        gone = leave(here, conference, sorted(lost)).command
        steps.append(Step(GROUPS, conference, gone, conference, guards=guards))
    if missing:
        join = (await _join(here, conference, roster.state, sorted(missing))).command
        steps.append(Step(GROUPS, conference, join, conference, guards=guards))
    return steps


def _since(here: Here, conference: str, before: Roster, after: Roster) -> list[Step]:
    people = frozenset(after.residents_present()) - frozenset(before.residents_present())
    mentors = frozenset(after.mentors_present()) - frozenset(before.mentors_present())
    was, still = (frozenset((*one.residents_present(), *one.mentors_present())) for one in (before, after))
    steps = [leave(here, conference, sorted(was - still))] if was - still else []
    if people or mentors:
        new_ids = new_ids_for(len(people))
        join = Join(people=tuple(sorted(people)), mentors=tuple(sorted(mentors)), new_ids=new_ids, now=_now(here))
        steps.append(Step(GROUPS, conference, join, conference))
    return steps


def leave(here: Here, conference: str, people: Sequence[str]) -> Step:
    """The step that takes people, residents and mentors alike, out of running groups."""
    command = Leave(people=tuple(people), mentors=tuple(people), new_ids=new_ids_for(1), now=_now(here))
    return Step(GROUPS, conference, command, conference)


async def _join(here: Here, conference: str, roster: Roster, people: Sequence[str]) -> Step:
    residents = tuple(one for one in roster.residents_present() if one in people)
    mentors = tuple(one for one in roster.mentors_present() if one in people)
    groups = await here.repository.load(GROUPS, conference)
    alike: dict[str, dict[str, float]] = {}
    if groups.state.now is not None and residents:
        attributes = await attributes_of(here.keys, roster, roster.residents_present())
        alike = {one: _likeness(one, attributes) for one in residents}
    calling = (await here.repository.load(HELP, conference)).state.calling() if mentors else ()
    command = Join(
        people=residents,
        mentors=mentors,
        new_ids=new_ids_for(len(residents)),
        alike=alike,
        calling=calling,
        now=_now(here),
    )
    return Step(GROUPS, conference, command, conference)


async def _place(
    here: Here,
    conference: str,
    run: int,
    phase: Phase,
    plan: GroupPlan,
    roster: Roster,
    now: datetime,
) -> GroupsCommand:
    people, mentors = roster.residents_present(), roster.mentors_present()
    mode = phase.group_mode or "mix"
    like = phase.key if phase.key in plan.earlier else like_of(phase, plan)
    draft = plan.draft_for(phase.key)
    if draft is not None:
        return PlaceDraft(
            draft=draft,
            run=run,
            present=people,
            mentors=mentors,
            new_ids=new_ids_for(len(people)),
            now=now,
        )
    if like is not None:
        return PlaceGroupsAgain(
            run=run,
            phase=phase.key,
            like=like,
            mode=mode,
            present=people,
            mentors=mentors,
            new_ids=new_ids_for(len(people)),
            now=now,
        )
    seed = seed_of(conference, f"{run}")
    groups, algorithm = await computed(here, plan, roster, mode, phase.group_size, seed)
    return PlaceGroups(
        run=run,
        phase=phase.key,
        mode=mode,
        groups=groups,
        with_moderator=() if groups else people,
        mentors=mentors,
        seed=seed,
        algorithm=algorithm,
        new_ids=new_ids_for(len(people)),
        now=now,
    )


def _likeness(person: str, attributes: Mapping[str, Mapping[str, str]]) -> dict[str, float]:
    own = attributes.get(person, {})
    likeness = {
        other: float(sum(own.get(name) == value for name, value in theirs.items()))
        for other, theirs in attributes.items()
        if other != person
    }
    return {other: alike for other, alike in likeness.items() if alike}


def _now(here: Here) -> datetime:
    return here.clock.now()


def _events(outcome: Sequence[E] | Refusal) -> Sequence[E]:
    return () if isinstance(outcome, Refusal) else outcome
