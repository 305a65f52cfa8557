# SPDX-License-Identifier: Apache-2.0
"""Makes histories of aggregates: commands drawn by chance from few people and things, decided by the real rules."""

import typing
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count as naturals
from itertools import islice
from random import Random
from typing import Any

import msgspec
from msgspec import inspect

from services.chassis.decider import Command, Decider, Event, Refusal
from services.chassis.mapper import Mapper

NOON = datetime(2026, 11, 14, 12, tzinfo=UTC)

PEOPLE = tuple(f"person{number}" for number in range(12))
ARE_PEOPLE = {
    "participant_id", "person_id", "staff_id", "author_id", "juror_id", "mentor_id", "asked_by", "by", "key",
    "members", "people", "mentors", "present", "jurors", "ranks", "alike", "with_moderator",
}  # fmt: skip
"""Fields that hold ids of people; those of other things have names of their own."""

FIRST: dict[str, tuple[str, ...]] = {
    "registration.conference": ("AnnounceConference", "OpenConference"),
    "registration.staff_member": ("AddStaff",),
    "registration.app": ("RegisterApp", "RejectApp", "ApproveApp"),
    "rooms.venue": ("PrepareVenue",),
    "ideas.sheet": ("OpenSheet",),
    "ideas.jury_round": ("OpenJuryRound",),
}
"""What has to happen before much can happen."""

NOT_BEFORE = {
    "CloseConference": 0.6, "SeatStandbys": 0.6, "EraseParticipant": 0.6, "StopScoring": 0.6,
    "CancelConference": 0.9, "HoldConference": 0.9, "EraseEverybody": 0.9, "EraseStaff": 0.9, "CloseVenue": 0.9,
    "CloseSheet": 0.9, "EraseApp": 0.9,
}  # fmt: skip
"""What ends much comes in the last part of a history."""

OFTEN = {"IssueKey", "SubmitRegistration", "ConfirmRegistration", "CheckIn", "FillSeat", "MarkPresent", "AwardIdea"}


def history(decider: Decider[Any, Any, Any], chance: Random, length: int) -> list[Event]:
    """The events, as a log gives them back, of `length` commands, of which many are refused."""
    mapper, now, state, events = Mapper(decider.events), NOON, decider.initial, []
    kinds = _commands(decider)
    weights = [4 if kind.__name__ in OFTEN else 1 for kind in kinds]
    first = [kind for name in FIRST.get(decider.name, ()) for kind in kinds if kind.__name__ == name]
    for number in range(length):
        now += chance.choice((timedelta(), timedelta(seconds=1), timedelta(minutes=7), timedelta(hours=3)))
        kind = first[number] if number < len(first) else chance.choices(kinds, weights)[0]
        if number < NOT_BEFORE.get(kind.__name__, 0) * length:
            continue
        outcome = decider.decide(state, _command(kind, state, chance, now))
        if isinstance(outcome, Refusal):
            continue
        new = [mapper.decode(*mapper.encode(event)) for event in outcome]
        state = decider.fold(state, new)
        events += new
    return events


def _commands(decider: Decider[Any, Any, Any]) -> Sequence[type[Command]]:
    """The commands that a rule takes, as its signature says."""
    hints = typing.get_type_hints(decider.decide)
    (_, union), *_ = [item for item in hints.items() if item[0] != "return"][1:]
    return typing.get_args(union) or (union,)


def _command(kind: type[Command], state: Any, chance: Random, now: datetime) -> Command:
    fields = _value(inspect.type_info(kind), "", chance)
    fields["now"] = now
    sense = SENSE.get(kind.__name__)
    if sense is not None:
        sense(fields, state, chance)
    return msgspec.convert(fields, kind)


def _value(info: inspect.Type, field: str, chance: Random) -> Any:
    match info:
        case inspect.StructType():
            return {each.encode_name: _value(each.type, each.encode_name, chance) for each in info.fields}
        case inspect.UnionType(types=types):
            return _value(chance.choice(types), field, chance)
        case inspect.VarTupleType(item_type=item) | inspect.FrozenSetType(item_type=item):
            several = [_value(item, field, chance) for _ in range(chance.randrange(4))]
            return [one for place, one in enumerate(several) if one not in several[:place]]
        case inspect.DictType(key_type=key, value_type=value):
            return {_value(key, field, chance): _value(value, "key", chance) for _ in range(chance.randrange(3))}
        case inspect.LiteralType(values=values):
            return chance.choice(values)
        case inspect.StrType():
            return chance.choice(PEOPLE) if field in ARE_PEOPLE else f"{field}{chance.randrange(4)}"
        case _:
            return SCALARS[type(info)](chance)


SCALARS: dict[type[inspect.Type], Callable[[Random], Any]] = {
    inspect.IntType: lambda chance: chance.randrange(4),
    inspect.FloatType: lambda chance: chance.randrange(8) / 8,
    inspect.BoolType: lambda chance: chance.random() < 0.5,
    inspect.NoneType: lambda _: None,
    inspect.BytesType: lambda chance: bytes([chance.randrange(256) for _ in range(3)]),
    inspect.DateTimeType: lambda chance: NOON + timedelta(hours=chance.randrange(1, 200)),
}


def _unused(state: Any, count: int) -> list[str]:
    """So many ids that nothing has, as the services make them."""
    taken = repr(state)
    return list(islice((one for one in map("{:016x}".format, naturals()) if one not in taken), count))


def _groups(fields: dict[str, Any], state: Any, chance: Random) -> None:
    """A plan without flaw: whole groups of three, and nobody twice."""
    people = list(PEOPLE[:9])
    chance.shuffle(people)
    fields["phase"] = f"phase{chance.randrange(3)}"
    fields["groups"] = [
        {"group_id": group_id, "number": number + 1, "members": people[3 * number : 3 * number + 3]}
        for number, group_id in enumerate(_unused(state, 3))
    ]
    fields["with_moderator"], fields["mentors"] = [], list(PEOPLE[10:])


def _draft(fields: dict[str, Any], state: Any, chance: Random) -> None:
    """What is drafted, or goes live when its phase begins; by then some have left."""
    _groups(fields.get("draft", fields), state, chance)
    fields["present"] = chance.sample(PEOPLE[:10], chance.randrange(10))
    _later_ids(fields, state, chance)


def _later_ids(fields: dict[str, Any], state: Any, _: Random) -> None:
    """Ids of groups that may be formed; the first unused ones may be those of the groups in the command."""
    fields["mentors"], fields["new_ids"] = list(PEOPLE[10:]), _unused(state, 7)[3:]


def _again(fields: dict[str, Any], state: Any, chance: Random) -> None:
    fields["like"] = f"phase{chance.randrange(3)}"
    fields["present"] = chance.sample(PEOPLE[:10], chance.randrange(3, 10))
    fields["mentors"] = list(PEOPLE[10:])
    _new_ids(fields, state, chance)


def _new_ids(fields: dict[str, Any], state: Any, chance: Random) -> None:
    fields["people"] = chance.sample(PEOPLE[:10], chance.randrange(4))
    fields["mentors"] = chance.sample(PEOPLE[10:], chance.randrange(2))
    fields["new_ids"] = _unused(state, 4)


def _running_group(fields: dict[str, Any], state: Any, chance: Random) -> None:
    """The venue and the groups both move people into groups that are there."""
    running = getattr(state, "rooms", None) or (state.now.seating.groups if getattr(state, "now", None) else ())
    if running:
        fields["group_id"] = chance.choice(running).group_id


def _round(fields: dict[str, Any], _: Any, chance: Random) -> None:
    fields["jurors"], ideas = list(PEOPLE), [f"idea_id{number}" for number in range(4)]
    fields["ideas"] = [{"idea_id": idea, "conference_id": "conference"} for idea in ideas]
    fields["assigned"] = [{"juror_id": chance.choice(PEOPLE), "idea_id": idea} for idea in ideas]


def _few_seats(fields: dict[str, Any], _: Any, __: Random) -> None:
    fields["capacity"], fields["starts_at"] = 2, NOON + timedelta(days=3)


def _somebody_new(fields: dict[str, Any], state: Any, _: Random) -> None:
    fields["participant_id"] = f"person{len(state.seats.registrations) if hasattr(state, 'seats') else 0}"


def _somebody_registered(fields: dict[str, Any], state: Any, chance: Random) -> None:
    if hasattr(state, "seats") and state.seats.registrations:
        fields["participant_id"] = chance.choice(list(state.seats.registrations))


def _as_seen(fields: dict[str, Any], state: Any, chance: Random) -> None:
    """Most writers have the present version before them."""
    passage = getattr(state, "passages", {}).get(fields["passage_id"])
    if chance.random() < 0.7:
        fields["seen"] = passage.version if passage else 0


def _as_read(fields: dict[str, Any], state: Any, chance: Random) -> None:
    """People accept the text that there is, and somebody who has a seat does."""
    fields["current"] = fields["version"]
    fields["participant_id"] = chance.choice(list(state.seats) or PEOPLE)


SENSE: dict[str, Callable[[dict[str, Any], Any, Random], None]] = {
    "PlaceGroups": _groups,
    "PlaceGroupsAgain": _again,
    "DraftPlan": _draft,
    "DraftPlanAgain": _again,
    "UseDraft": _later_ids,
    "PlaceDraft": _draft,
    "Join": _new_ids,
    "Leave": _new_ids,
    "MovePerson": _running_group,
    "OpenJuryRound": _round,
    "AnnounceConference": _few_seats,
    "SubmitRegistration": _somebody_new,
    "RepeatRegistration": _somebody_registered,
    "ConfirmRegistration": _somebody_registered,
    "CancelRegistration": _somebody_registered,
    "ExpireRegistration": _somebody_registered,
    "EraseParticipant": _somebody_registered,
    "CheckIn": _somebody_registered,
    "AcceptCode": _as_read,
    "WritePassage": _as_seen,
    "RemovePassage": _as_seen,
}
"""What chance alone would never get right."""
