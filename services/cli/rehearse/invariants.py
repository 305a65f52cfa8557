# SPDX-License-Identifier: Apache-2.0
"""What must never happen in an evening, checked on what clients saw and on what the event stores say.

Each function looks at one conference and returns sentences about what is broken; none means that it holds.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import combinations

from services.cli.rehearse import clocks, polls, survey
from services.cli.rehearse.places import MENDED_SECONDS, PLACING, misplaced
from services.cli.rehearse.record import Answer, Record, Votes
from services.cli.rehearse.replay import Fact, Log

Logs = Mapping[str, Log]
Check = Callable[[Record, Logs], Iterator[str]]


TOPICS = frozenset(
    {
        "ideas.card_added",
        "ideas.passage_written",
        "ideas.problem_proposed",
        "ideas.sheet_opened",
        "ideas.voting_closed",
        "registration.conference_announced",
        "registration.participant_erased",
        "registration.registration_cancelled",
        "registration.seat_released",
        "registration.seat_taken",
        "rooms.placement_confirmed",
        "session.ended",
        "session.message_posted",
        "session.phase_change_undone",
        "session.phase_started",
        "session.poll_closed",
        "session.poll_opened",
        "session.prepared",
        "session.report_made",
        "session.survey_answers_counted",
        "session.survey_sheet_submitted",
        *PLACING,
        *clocks.CLOCK,
    }
)
"""The events that are looked at."""


def every_accepted_ballot_is_counted_once(record: Record, logs: Logs) -> Iterator[str]:
    """The tally of a closed poll is what its voters were told was accepted last, and what nobody could tell them of."""
    opened = {fact.fields["poll_id"]: fact for fact in logs["session"].of(record.conference_id, "session.poll_opened")}
    closed = {fact.fields["poll_id"]: fact for fact in logs["session"].of(record.conference_id, "session.poll_closed")}
    for poll, votes in record.ballots.items():
        if poll not in closed and votes.accepted:
            yield f"poll {poll} has {len(votes.accepted)} accepted ballots and no result"
    for poll, fact in closed.items():
        votes, ballots = record.ballots.get(poll, Votes()), fact.fields["ballots"]
        asked = opened[poll].fields.get("asked", opened[poll].fields)
        shown = polls.counted(asked, fact.fields, votes)
        if shown is None:
            if ballots >= polls.FEWEST_BALLOTS:
                yield f"poll {poll} has {ballots} ballots and shows nothing"
            continue
        tally, renamed = shown
        for wrong in miscounted(renamed, tally, ballots):
            yield f"poll {poll}: {wrong}"
        if asked["kind"] == "word_cloud":
            for wrong in polls.missing_words(tally, votes):
                yield f"poll {poll}: {wrong}"


def every_accepted_dot_is_counted_once(record: Record, logs: Logs) -> Iterator[str]:
    """The dots of the closed voting are what residents were told was accepted last, and what nobody could tell."""
    closed = list(logs["ideas"].of(record.conference_id, "ideas.voting_closed"))
    if closed:
        fields = closed[-1].fields
        for wrong in miscounted(record.dots, fields["dots"], fields["voters"]):
            yield f"dots: {wrong}"
    elif record.dots.accepted:
        yield "dots were accepted and never counted"


def miscounted(votes: Votes, counted: Answer, voters: int) -> Iterator[str]:
    """What is wrong with a count.

    Every voter who was told of an accepted vote is counted, with that vote or a later one of which nobody knows
    whether it was accepted. Others are counted or not when nobody knows of theirs. Nobody else is.

    Args:
        votes: as the voters know them.
        counted: as the service counted them.
        voters: how many people the service counted.
    """
    told, maybe = len(votes.accepted), len(votes.unknown.keys() - votes.accepted.keys())
    if not told <= voters <= told + maybe:
        yield f"{told} voters were told that they were accepted and {maybe} do not know, {voters} were counted"
    low, high = Counter[str](), Counter[str]()
    for voter in votes.accepted.keys() | votes.unknown.keys():
        possible = [votes.accepted.get(voter, {}), *votes.unknown.get(voter, [])]
        for label in {label for answer in possible for label in answer}:
            low[label] += min(answer.get(label, 0) for answer in possible)
            high[label] += max(answer.get(label, 0) for answer in possible)
    for label in sorted(high.keys() | counted.keys()):
        number = counted.get(label, 0)
        if not low[label] <= number <= high[label]:
            wanted = f"{low[label]}" if low[label] == high[label] else f"{low[label]} to {high[label]}"
            yield f"{label} was accepted {wanted} times, {number} were counted"


def plans_of(record: Record, logs: Logs) -> list[Fact]:
    """The stored group plans of a conference, in order."""
    return list(logs["session"].of(record.conference_id, "session.groups_placed"))


def answers_of_the_survey_are_counted_in_batches(record: Record, logs: Logs) -> Iterator[str]:
    """Every accepted answer is stored once, and what is counted is what people answered, five or more together."""
    yield from survey.miscounted(record, logs)


def nobody_sits_twice_or_nowhere(record: Record, logs: Logs) -> Iterator[str]:
    """After every plan, repair, arrival and departure whoever is there has exactly one place, and is told a room."""
    mended = timedelta(seconds=MENDED_SECONDS * record.pace)
    yield from misplaced(logs["session"].of(record.conference_id, *PLACING), mended)
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
    """The rooms that each client confirmed are what rooms stored, in their order; nobody who stayed was lost."""
    stored: defaultdict[str, list[str]] = defaultdict(list)
    for fact in logs["rooms"].of(record.conference_id, "rooms.placement_confirmed"):
        stored[fact.fields["participant_id"]].append(fact.fields["room"])
    told: defaultdict[str, list[tuple[str, bool]]] = defaultdict(list)
    for (generation, person), room in sorted(record.placements.items()):
        told[person].append((room, (generation, person) in record.confirmed))
    for person in sorted(told.keys() | stored.keys()):
        if not follows(told[person], stored[person]):
            confirmed = ", ".join(room for room, sure in told[person] if sure)
            yield f"{person} confirmed {confirmed}; rooms knows {', '.join(stored[person])}"
    for generation, person in sorted(record.lost):
        yield f"{person} was told a place in generation {generation} and could not confirm it"


def follows(told: Sequence[tuple[str, bool]], stored: Sequence[str]) -> bool:
    """Whether the stored rooms are those that were told, one after the other; staying in a room is stored once.

    Args:
        told: each room and whether its confirmation is known to be carried out; others may be stored or not.
    """
    reached = {0}  # so many of the stored rooms may be explained by what was told so far
    for room, sure in told:
        stay = {done for done in reached if done and stored[done - 1] == room}
        go = {done + 1 for done in reached - stay if done < len(stored) and stored[done] == room}
        reached = stay | go | (set() if sure else reached)
    return len(stored) in reached


def no_word_is_lost(record: Record, logs: Logs) -> Iterator[str]:
    """Every card, problem, message, report and version of a passage that a writer was told is stored is in the log."""
    stored = {
        (fact.fields["passage_id"], fact.fields["version"])
        for fact in logs["ideas"].of(record.conference_id, "ideas.passage_written")
    }
    for passage, version in record.passages.items():
        if (passage, version) not in stored:
            yield f"passage {passage} version {version} was accepted and is not stored"
    found = {
        (fact.topic, fact.fields[field])
        for topic, field in WRITTEN.items()
        for fact in logs[topic.partition(".")[0]].of(record.conference_id, topic)
    }
    for topic, one in sorted(record.written - found):
        yield f"{topic} {one} was accepted and is not stored"


WRITTEN = {
    "ideas.card_added": "card_id",
    "ideas.problem_proposed": "problem_id",
    "session.message_posted": "message_id",
    "session.report_made": "report_id",
}
"""What people add, and the field of its id."""


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


def a_click_that_was_taken_back_leads_into_the_phase_before(record: Record, logs: Logs) -> Iterator[str]:
    """Whoever pressed next by mistake and took it back is in the phase that they had left."""
    facts = list(logs["session"].of(record.conference_id, "session.phase_started", "session.phase_change_undone"))
    entered = {fact.fields["run"]: fact.fields["key"] for fact in facts if fact.topic == "session.phase_started"}
    for fact in facts:
        run = fact.fields["run"]
        if fact.topic == "session.phase_change_undone" and entered.get(run + 1) != entered.get(run - 1):
            yield f"run {run} was taken back and led from {entered.get(run - 1)} to {entered.get(run + 1)}"


def every_group_gets_its_time(record: Record, logs: Logs) -> Iterator[str]:
    """A phase that nobody leaves by hand lasts until the deadline of the last of its running groups."""
    yield from clocks.cut_short(logs["session"].of(record.conference_id, *clocks.CLOCK, *PLACING))


def every_view_equals_a_fresh_query(record: Record, logs: Logs) -> Iterator[str]:
    """What a client made of a snapshot and the changes after it is what a query answers, in every part it may see."""
    if not record.views:
        yield "nobody compared"
    for who, differences in record.views.items():
        if differences:
            yield f"{who}: {'; '.join(differences)}"


def no_mail_came_twice(record: Record, logs: Logs) -> Iterator[str]:
    """Nobody got the same mail twice."""
    for mail, times in record.mails.items():
        if times > 1:
            yield f"{mail} came {times} times"


def no_client_met_an_error(record: Record, logs: Logs) -> Iterator[str]:
    """No client met anything that it could not cope with; what passed when it tried again is none of that."""
    yield from record.errors


CHECKS: tuple[Check, ...] = (
    every_accepted_ballot_is_counted_once,
    every_accepted_dot_is_counted_once,
    answers_of_the_survey_are_counted_in_batches,
    nobody_sits_twice_or_nowhere,
    groups_have_three_to_five,
    nobody_meets_twice,
    no_seat_is_sold_twice,
    every_placement_arrived,
    no_word_is_lost,
    the_evening_went_through_all_phases,
    a_click_that_was_taken_back_leads_into_the_phase_before,
    every_group_gets_its_time,
    every_view_equals_a_fresh_query,
    no_mail_came_twice,
    no_client_met_an_error,
)


def check(records: list[Record], logs: Logs) -> dict[str, list[str]]:
    """All that is broken, by invariant; an empty list for each one that holds."""
    broken: dict[str, list[str]] = {each.__name__: [] for each in CHECKS}
    for record in records:
        for each in CHECKS:
            broken[each.__name__] += [f"{record.conference_id}: {what}" for what in each(record, logs)]
    broken["streams_have_no_gaps"] = [f"{service}: {gap}" for service, log in logs.items() for gap in log.gaps]
    return broken
