# SPDX-License-Identifier: Apache-2.0
"""Who is here and where they sit, folded from the log alone: the domain that wrote it is not asked whether it is right.

Residents who are here and accepted the code of conduct have one place while groups run, unless staff keep them apart.
What comes and goes is stored together with the places that it changes, so it is looked at after all events of one
cause. A person who comes while a phase changes, or stops to serve, may be missed at first and gets a place within
seconds; nobody who has been here for longer is ever without.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby

from services.cli.rehearse.replay import Fact

MENDED_SECONDS = 5.0
"""Real time in which a newcomer who was missed gets a place: the service looks every two seconds."""

PLACING = (
    "session.code_accepted",
    "session.code_in_force",
    "session.groups_placed",
    "session.groups_recalled",
    "session.participant_set_apart",
    "session.participant_taken_back",
    "session.person_came",
    "session.person_forgotten",
    "session.person_moved",
    "session.person_went",
    "session.seat_emptied",
    "session.seat_filled",
    "session.staff_joined",
    "session.staff_left",
)
"""The events that say who is here and where they sit."""


def misplaced(facts: Iterable[Fact], mended: timedelta) -> Iterator[str]:
    """Sentences about people with two places or none, once for each time.

    Args:
        facts: of the topics `PLACING`, in order.
        mended: how long somebody may have no place after they became due, on the conference clock.
    """
    here = Here()
    told: set[str] = set()
    for _, caused in groupby(facts, key=lambda fact: fact.cause):
        together = list(caused)
        at = together[0].at
        # What was missing until now had its time, even when it is mended or recalled now.
        wrong = dict(here.wrong(at, mended))
        yield from (said for who, said in wrong.items() if who not in told)
        told |= wrong.keys()
        for fact in together:
            yield from here.take(fact)
        wrong = dict(here.wrong(at, mended))
        yield from (said for who, said in wrong.items() if who not in told)
        told = set(wrong)


class Here:
    """Seats, presence and places at one moment."""

    def __init__(self) -> None:
        self.seated: set[str] = set()
        self.staff: defaultdict[str, set[str]] = defaultdict(set)
        self.present: set[str] = set()
        self.apart: set[str] = set()
        self.code: str | None = None
        self.accepted: dict[str, str] = {}
        self.due: dict[str, datetime] = {}
        self.generation: int | None = None
        self.groups: dict[str, list[str]] = {}
        self.with_moderator: list[str] = []

    def wrong(self, now: datetime, mended: timedelta) -> Iterator[tuple[str, str]]:
        """Everybody who has not one place, with a sentence."""
        if self.generation is None:
            return
        places = Counter(person for group in (*self.groups.values(), self.with_moderator) for person in group)
        for person, times in places.items():
            if times > 1:
                yield person, f"generation {self.generation}: {person} has {times} places"
        for person, since in self.due.items():
            if not places[person] and now - since > mended:
                yield person, f"generation {self.generation}: {person} is here since {since:%H:%M:%S} without a place"

    def take(self, fact: Fact) -> Iterator[str]:
        """What follows from an event; sentences about one that makes no sense."""
        fields = fact.fields
        match fact.topic:
            case "session.seat_filled":
                self.seated.add(fields["participant_id"])
            case "session.seat_emptied" | "session.person_forgotten":
                self.seated.discard(fields["participant_id"])
            case "session.staff_joined":
                self.staff[fields["staff_id"]].add(fields["role"])
            case "session.staff_left":
                self.staff[fields["staff_id"]].discard(fields["role"])
            case "session.person_came":
                self.present.add(fields["person_id"])
            case "session.person_went":
                self.present.discard(fields["person_id"])
            case "session.participant_set_apart":
                self.apart.add(fields["participant_id"])
            case "session.participant_taken_back":
                self.apart.discard(fields["participant_id"])
            case "session.code_in_force":
                self.code = fields["version"]
                self.accepted = {who: version for who, version in self.accepted.items() if version == self.code}
            case "session.code_accepted":
                self.accepted[fields["participant_id"]] = fields["version"]
            case "session.groups_recalled":
                self.generation, self.groups, self.with_moderator = None, {}, []
            case "session.groups_placed":
                self.generation = fields["generation"]
                self.groups = {group["group_id"]: list(group["members"]) for group in fields["groups"]}
                self.with_moderator = list(fields["with_moderator"])
            case "session.person_moved":
                yield from self._move(fact)
        may = self.seated if self.code is None else self.seated & self.accepted.keys()
        residents = {one for one in (self.present & may) - self.apart if not self.staff.get(one)}
        self.due = {one: self.due.get(one, fact.at) for one in residents}

    def _move(self, fact: Fact) -> Iterator[str]:
        self.generation, person = fact.fields["generation"], fact.fields["participant_id"]
        for group in (*self.groups.values(), self.with_moderator):
            if person in group:
                group.remove(person)
        to = fact.fields["group_id"]
        if to is not None and not self.groups.get(to):
            yield f"generation {self.generation}: {person} was moved to {to}, where nobody sits"
        elif to is not None:
            self.groups[to].append(person)
        elif not fact.fields["gone"]:
            self.with_moderator.append(person)
