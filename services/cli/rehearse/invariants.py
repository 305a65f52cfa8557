# SPDX-License-Identifier: Apache-2.0
"""What must never happen in an evening, checked on what clients saw and on what the event stores say.

Each function looks at one conference and returns sentences about what is broken; none means that it holds.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

from services.cli.rehearse.record import Record
from services.cli.rehearse.replay import Fact, Log

Logs = Mapping[str, Log]
Check = Callable[[Record, Logs], Iterator[str]]


def streams_have_no_gaps(record: Record, logs: Logs) -> Iterator[str]:
    """Every stream is numbered without gaps, in the order of the log."""
    for service, log in logs.items():
        last: dict[str, int] = {}
        for fact in log.facts:
            expected = last.get(fact.stream)
            if expected is not None and fact.version != expected + 1:
                yield f"{service}: stream {fact.stream} goes from {expected} to {fact.version}"
            last[fact.stream] = fact.version


def every_accepted_ballot_is_counted_once(record: Record, logs: Logs) -> Iterator[str]:
    """The tally of a closed poll is exactly what its voters were told was accepted last."""
    opened = {fact.fields["poll_id"]: fact for fact in logs["session"].of(record.conference_id, "session.poll_opened")}
    closed = {fact.fields["poll_id"]: fact for fact in logs["session"].of(record.conference_id, "session.poll_closed")}
    for poll, ballots in record.ballots.items():
        if poll not in closed:
            yield f"poll {poll} has {len(ballots)} accepted ballots and no result"
            continue
        fields = closed[poll].fields
        if fields["ballots"] != len(ballots):
            yield f"poll {poll}: {len(ballots)} voters were accepted, {fields['ballots']} were counted"
        labels = [option["de"] for option in opened[poll].fields["options"]]
        accepted = Counter(
            labels[int(answer)] if labels else answer.casefold() for given in ballots.values() for answer in given
        )
        counted = {_label(count["label"], labels): count["count"] for count in fields["tally"] if count["count"]}
        if counted != dict(accepted):
            yield f"poll {poll}: accepted {dict(accepted)}, counted {counted}"
    for poll in closed.keys() - record.ballots.keys():
        if closed[poll].fields["ballots"]:
            yield f"poll {poll} counted ballots that nobody cast"


def _label(label: str, labels: list[str]) -> str:
    return label if labels else label.casefold()


def every_accepted_dot_is_counted_once(record: Record, logs: Logs) -> Iterator[str]:
    """The dots of the closed voting are exactly those that residents were told were accepted last."""
    closed = list(logs["ideas"].of(record.conference_id, "ideas.voting_closed"))
    if not closed:
        if record.dots:
            yield "dots were accepted and never counted"
        return
    fields = closed[-1].fields
    if fields["voters"] != len(record.dots):
        yield f"{len(record.dots)} people's dots were accepted, those of {fields['voters']} were counted"
    accepted: Counter[str] = Counter()
    for dots in record.dots.values():
        accepted.update(dots)
    counted = {problem: dots for problem, dots in fields["dots"].items() if dots}
    if counted != dict(accepted):
        yield f"dots accepted {dict(accepted)}, counted {counted}"


def plans_of(record: Record, logs: Logs) -> list[Fact]:
    """The stored group plans of a conference, in order."""
    return list(logs["session"].of(record.conference_id, "session.groups_placed"))


def nobody_sits_twice_or_nowhere(record: Record, logs: Logs) -> Iterator[str]:
    """In every plan and after every repair, whoever is there has exactly one place."""
    place: dict[str, str | None] = {}
    topics = ("session.groups_placed", "session.person_moved", "session.groups_recalled")
    for fact in logs["session"].of(record.conference_id, *topics):
        fields = fact.fields
        if fact.topic == "session.groups_recalled":
            place = {}
        elif fact.topic == "session.person_moved":
            place[fields["participant_id"]] = fields["group_id"]
        else:
            seated = [member for group in fields["groups"] for member in group["members"]]
            seated += fields["with_moderator"]
            for person, times in Counter(seated).items():
                if times > 1:
                    yield f"generation {fields['generation']}: {person} has {times} places"
            place = dict.fromkeys(seated, "here")
    for (generation, person), room in record.placements.items():
        if not room:
            yield f"{person} was told no room in generation {generation}"


def groups_have_three_to_five(record: Record, logs: Logs) -> Iterator[str]:
    """Every stored plan has groups of three to five people."""
    for fact in plans_of(record, logs):
        for group in fact.fields["groups"]:
            if not 3 <= len(group["members"]) <= 5:
                yield f"generation {fact.fields['generation']}: group {group['number']} has {len(group['members'])}"


def meetings(record: Record, logs: Logs) -> tuple[int, int]:
    """How many pairs met again over the mix rounds, and how many people took part in the smallest of them."""
    met: set[frozenset[str]] = set()
    again, smallest = 0, 0
    for fact in plans_of(record, logs):
        if fact.fields["mode"] != "mix" or fact.fields["again"]:
            continue
        people = [member for group in fact.fields["groups"] for member in group["members"]]
        smallest = min(smallest or len(people), len(people))
        pairs = {
            frozenset(pair) for group in fact.fields["groups"] for pair in combinations(sorted(group["members"]), 2)
        }
        again += len(pairs & met)
        met |= pairs
    return again, smallest


def nobody_meets_twice(record: Record, logs: Logs) -> Iterator[str]:
    """Over the mix rounds nobody meets anybody again, where that is possible at all (9, or 13 and more people)."""
    again, people = meetings(record, logs)
    if again and (people == 9 or people >= 13):
        yield f"{again} pairs met again among {people} people"


def no_seat_is_sold_twice(record: Record, logs: Logs) -> Iterator[str]:
    """At no moment are more seats taken than there are, and nobody has two."""
    capacity = 0
    seated: set[str] = set()
    for fact in logs["registration"].by_conference.get(record.conference_id, ()):
        person = fact.fields.get("participant_id")
        match fact.topic:
            case "registration.conference_announced":
                capacity = fact.fields["capacity"]
            case "registration.seat_taken":
                if person in seated:
                    yield f"{person} got a second seat"
                seated.add(str(person))
            case (
                "registration.seat_released" | "registration.registration_cancelled" | "registration.participant_erased"
            ):
                seated.discard(str(person))
        if len(seated) > capacity:
            yield f"position {fact.position}: {len(seated)} seats taken of {capacity}"


def every_placement_arrived(record: Record, logs: Logs) -> Iterator[str]:
    """What clients were told and confirmed is what rooms stored; nobody who stayed was lost on the way."""
    stored = {
        (fact.fields["participant_id"], fact.fields["room"])
        for fact in logs["rooms"].of(record.conference_id, "rooms.placement_confirmed")
    }
    for generation, person in record.confirmed:
        room = record.placements[generation, person]
        if (person, room) not in stored:
            yield f"{person} confirmed {room} in generation {generation}, rooms does not know"


def no_word_is_lost(record: Record, logs: Logs) -> Iterator[str]:
    """Every passage that a writer was told is stored is in the sheet's history at that version."""
    stored = {
        (fact.fields["passage_id"], fact.fields["version"])
        for fact in logs["ideas"].of(record.conference_id, "ideas.passage_written")
    }
    for passage, version in record.passages.items():
        if (passage, version) not in stored:
            yield f"passage {passage} version {version} was accepted and is not stored"


def the_evening_went_through_all_phases(record: Record, logs: Logs) -> Iterator[str]:
    """All phases of the script were entered, one after the other, and the session ended once."""
    topics = ("session.prepared", "session.phase_started", "session.ended")
    facts = list(logs["session"].of(record.conference_id, *topics))
    prepared = next((fact for fact in facts if fact.topic == "session.prepared"), None)
    if prepared is None:
        yield "the session was never prepared"
        return
    runs = [fact.fields["run"] for fact in facts if fact.topic == "session.phase_started"]
    if runs != list(range(1, len(runs) + 1)):
        yield f"phases were entered in the order {runs}"
    if sum(fact.topic == "session.ended" for fact in facts) != 1:
        yield "the session did not end exactly once"
    entered = {fact.fields["key"] for fact in facts if fact.topic == "session.phase_started"}
    missing = [phase["key"] for phase in prepared.fields["script"]["phases"] if phase["key"] not in entered]
    if missing:
        yield f"phases were never entered: {', '.join(missing)}"


def every_view_equals_a_fresh_query(record: Record, logs: Logs) -> Iterator[str]:
    """What a client made of a snapshot and the changes after it is what a query answers."""
    for who, parts in record.views.items():
        if parts:
            yield f"{who} sees other {', '.join(parts)} than a query answers"


def no_mail_came_twice(record: Record, logs: Logs) -> Iterator[str]:
    """Nobody got the same mail twice."""
    for mail, times in record.mails.items():
        if times > 1:
            yield f"{mail} came {times} times"


def no_client_met_an_error(record: Record, logs: Logs) -> Iterator[str]:
    """No client got anything but answers and refusals that people can meet."""
    yield from record.errors


CHECKS: tuple[Check, ...] = (
    every_accepted_ballot_is_counted_once,
    every_accepted_dot_is_counted_once,
    nobody_sits_twice_or_nowhere,
    groups_have_three_to_five,
    nobody_meets_twice,
    no_seat_is_sold_twice,
    every_placement_arrived,
    no_word_is_lost,
    the_evening_went_through_all_phases,
    every_view_equals_a_fresh_query,
    no_mail_came_twice,
    no_client_met_an_error,
)


def check(records: list[Record], logs: Logs) -> dict[str, list[str]]:
    """All that is broken, by invariant; an empty list for each one that holds."""
    broken: dict[str, list[str]] = {each.__name__: [] for each in (*CHECKS, streams_have_no_gaps)}
    for record in records:
        for each in CHECKS:
            broken[each.__name__] += [f"{record.conference_id}: {what}" for what in each(record, logs)]
    broken[streams_have_no_gaps.__name__] = list(streams_have_no_gaps(Record(""), logs))
    return broken
