# SPDX-License-Identifier: Apache-2.0
"""The mechanism of secret votes, with the smallest vote that has one."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg
import msgspec
import pytest

from services.chassis.ballots import VoteKey, VoteKeys, destroy, latest_ballots
from services.chassis.clock import Clock
from services.chassis.contract import Done
from services.chassis.database import Database
from services.chassis.decider import Command, Decider, Event, Refusal, Sealed
from services.chassis.decisions import Envelope, Executed, Step
from services.chassis.keys import CannotUnwrap
from services.chassis.mapper import Mapper
from services.chassis.refusals import ConcurrentChange
from services.chassis.repository import Repository
from services.chassis.store import EventStore

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
WRAPPING = bytes(range(32))


class Began(Event, frozen=True, kw_only=True):
    TOPIC = "test.vote_began"


class VotingEnded(Event, frozen=True, kw_only=True):
    TOPIC = "test.voting_ended"


class Counted(Event, frozen=True, kw_only=True):
    TOPIC = "test.vote_counted"
    tally: dict[str, int]


class Ballot(Event, frozen=True, kw_only=True):
    TOPIC = "test.ballot"
    vote_id: str
    choice: str
    words: Sealed | None = None


class Begin(Command, frozen=True, kw_only=True):
    pass


class End(Command, frozen=True, kw_only=True):
    pass


class Count(Command, frozen=True, kw_only=True):
    tally: dict[str, int]


class Cast(Command, frozen=True, kw_only=True):
    vote_id: str
    running: bool
    choice: str
    words: Sealed | None = None


class VoteIsOver(Refusal, frozen=True, kw_only=True):
    pass


def decide_vote(state: str, command: Command) -> Sequence[Event] | Refusal:
    match command:
        case Begin():
            return [Began()] if state == "new" else []
        case End():
            return [VotingEnded()] if state == "running" else []
        case Count(tally=tally):
            return [Counted(tally=tally)] if state == "ended" else []
        case _:
            raise AssertionError(command)


def evolve_vote(_: str, event: Event) -> str:
    return {Began: "running", VotingEnded: "ended", Counted: "counted"}[type(event)]


def decide_ballot(state: Any, command: Cast) -> Sequence[Ballot] | Refusal:
    if not command.running:
        return VoteIsOver()
    ballot = Ballot(vote_id=command.vote_id, choice=command.choice, words=command.words)
    return [] if state == ballot else [ballot]


VOTE: Decider[str, Any, Any] = Decider("test.vote", "new", decide_vote, evolve_vote, (Began, VotingEnded, Counted))
BALLOT: Decider[Any, Cast, Ballot] = Decider("test.ballot", None, decide_ballot, lambda _, event: event, (Ballot,))


class Instance:
    """One instance of a service that holds votes."""

    def __init__(self, db: Database, store: EventStore, wrapping: bytes) -> None:
        self.db = db
        self.store = store
        self.mapper = Mapper([*VOTE.events, *BALLOT.events])
        self.repository = Repository("test", store, self.mapper, Clock())
        self.keys = VoteKeys(db, wrapping)

    @classmethod
    @asynccontextmanager
    async def running(cls, url: str, wrapping: bytes = WRAPPING) -> AsyncIterator["Instance"]:
        db = await Database.connect(url)
        store = await EventStore.open(db)
        yield cls(db, store, wrapping)
        await store.close()
        await db.close()

    async def begin(self, vote: str, conference: str) -> None:
        step = Step(VOTE, vote, Begin(now=NOON), conference)
        await self.done(step, effects=[self.keys.create(vote)])

    async def cast(
        self, vote: str, conference: str, voter: str, choice: str, command_id: UUID | None = None
    ) -> Executed | Refusal:
        while True:
            loaded = await self.repository.load(VOTE, vote)
            key = await self.keys.load(vote)
            if key is None:
                return VoteIsOver()
            step = Step(
                BALLOT,
                vote,
                Cast(vote_id=vote, running=loaded.state == "running", choice=choice, now=NOON),
                conference,
                secret=key.secret(voter, at=NOON),
                guards=(loaded,),
            )
            envelope = Envelope(command_id or uuid4(), choice.encode(), actor=voter, trace=uuid4().hex)
            outcome = await self.repository.execute([step], envelope, Done())
            if not isinstance(outcome, ConcurrentChange):
                return outcome

    async def close(self, vote: str, conference: str) -> dict[str, int]:
        await self.done(Step(VOTE, vote, End(now=NOON), conference))
        ballots = await latest_ballots(
            self.store, self.mapper, Ballot, lambda ballot: ballot.vote_id == vote, conference=conference
        )
        tally: dict[str, int] = {}
        for ballot in ballots.values():
            tally[ballot.choice] = tally.get(ballot.choice, 0) + 1
        await self.done(Step(VOTE, vote, Count(tally=tally, now=NOON), conference), effects=[destroy(vote)])
        return tally

    async def done(self, step: Step, effects: Sequence[Any] = ()) -> None:
        outcome = await self.repository.execute([step], Envelope(uuid4(), b"", "staff", ""), Done(), effects)
        assert isinstance(outcome, Executed)


@pytest.fixture
async def instance(database_url):
    async with Instance.running(database_url) as instance:
        yield instance


@pytest.fixture
def vote():
    return uuid4().hex


@pytest.fixture
def conference():
    return uuid4().hex


def test_a_persons_ballots_lie_on_one_stream_of_the_vote():
    key = VoteKey("a" * 32, bytes(32))
    assert key.stream_id("b" * 32) == key.stream_id("b" * 32)


def test_streams_differ_by_person_and_by_vote():
    key, other = VoteKey("a" * 32, bytes(32)), VoteKey("c" * 32, bytes(31) + b"\1")
    assert len({key.stream_id("b" * 32), key.stream_id("d" * 32), other.stream_id("b" * 32)}) == 3


def test_sealed_words_open_under_the_votes_key_and_on_their_stream():
    key = VoteKey("a" * 32, bytes(32))
    assert key.open(key.stream_id("b" * 32), key.seal("b" * 32, ("mehr Licht", "Bäume"))) == ("mehr Licht", "Bäume")


def test_the_same_words_of_a_person_give_the_same_box_so_that_a_repetition_is_seen():
    key = VoteKey("a" * 32, bytes(32))
    assert key.seal("b" * 32, ("Licht",)) == key.seal("b" * 32, ("Licht",))


def test_the_same_words_of_two_persons_give_different_boxes():
    key = VoteKey("a" * 32, bytes(32))
    assert key.seal("b" * 32, ("Licht",)).box != key.seal("d" * 32, ("Licht",)).box


def test_words_do_not_open_on_another_stream():
    key = VoteKey("a" * 32, bytes(32))
    with pytest.raises(ValueError, match="does not belong"):
        key.open(key.stream_id("d" * 32), key.seal("b" * 32, ("Licht",)))


async def test_the_key_comes_with_the_opening_and_goes_with_the_tally(instance, vote, conference):
    before = await instance.keys.load(vote)
    await instance.begin(vote, conference)
    during = await instance.keys.load(vote)
    await instance.close(vote, conference)
    assert (before, await instance.keys.load(vote)) == (None, None)
    assert during is not None


async def test_opening_again_keeps_the_key(instance, vote, conference):
    await instance.begin(vote, conference)
    first = await instance.keys.load(vote)
    await instance.begin(vote, conference)
    assert (await instance.keys.load(vote)).stream_id("b" * 32) == first.stream_id("b" * 32)


async def test_the_key_in_the_database_is_worth_nothing_without_the_settings(database_url, vote, conference):
    async with Instance.running(database_url) as first:
        await first.begin(vote, conference)
    async with Instance.running(database_url, wrapping=bytes(32)) as second:
        with pytest.raises(CannotUnwrap, match="key-encryption key of the settings"):
            await second.keys.load(vote)


async def test_the_latest_ballot_of_each_stream_counts(instance, vote, conference):
    await instance.begin(vote, conference)
    for voter, choice in (("a" * 32, "yes"), ("b" * 32, "yes"), ("a" * 32, "no")):
        await instance.cast(vote, conference, voter, choice)
    assert await instance.close(vote, conference) == {"no": 1, "yes": 1}


async def test_ballots_of_another_vote_of_the_evening_are_not_counted(instance, vote, conference):
    other = uuid4().hex
    await instance.begin(vote, conference)
    await instance.begin(other, conference)
    await instance.cast(vote, conference, "a" * 32, "yes")
    await instance.cast(other, conference, "a" * 32, "no")
    assert await instance.close(vote, conference) == {"yes": 1}


async def test_a_repeated_command_is_recognised_although_its_id_is_not_stored(instance, vote, conference):
    await instance.begin(vote, conference)
    command = uuid4()
    first = await instance.cast(vote, conference, "a" * 32, "yes", command)
    again = await instance.cast(vote, conference, "a" * 32, "yes", command)
    assert (first.repeated, again.repeated, again.position) == (False, True, first.position)


async def test_ballots_of_two_instances_racing_with_the_close_are_counted_once_or_refused(
    database_url, vote, conference
):
    voters = [uuid4().hex for _ in range(50)]
    async with Instance.running(database_url) as one, Instance.running(database_url) as two:
        await one.begin(vote, conference)
        instances = [one, two]
        casts = [
            asyncio.create_task(instances[n % 2].cast(vote, conference, voter, "yes")) for n, voter in enumerate(voters)
        ]
        await asyncio.wait(casts, return_when=asyncio.FIRST_COMPLETED)
        tally = await two.close(vote, conference)
        outcomes = await asyncio.gather(*casts)
    accepted = [outcome for outcome in outcomes if isinstance(outcome, Executed)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, VoteIsOver)]
    assert len(accepted) + len(refused) == 50
    assert tally.get("yes", 0) == len(accepted)


async def everything(db: Database) -> dict[str, list[asyncpg.Record]]:
    """All rows of all tables."""
    tables = await db.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {name: await db.pool.fetch(f"SELECT * FROM {name}") for (name,) in tables}  # noqa: S608 -- names of our own tables


def forms(row: asyncpg.Record) -> bytes:
    """A row as bytes in which an id is found however it is written."""
    return b"|".join(
        value.bytes + value.hex.encode() if isinstance(value, UUID) else value if isinstance(value, bytes)
        else str(value).encode()
        for value in row.values()
    )  # fmt: skip


async def test_after_the_close_nobody_can_join_a_ballot_to_a_person_even_with_the_settings_key(
    instance, vote, conference
):
    voters = {uuid4().hex: uuid4() for _ in range(12)}
    await instance.begin(vote, conference)
    lost = await instance.keys.load(vote)
    for voter, command in voters.items():
        await instance.cast(vote, conference, voter, "yes", command)
    await instance.close(vote, conference)
    rows = await everything(instance.db)

    # What an attacker has: the database, the settings' key, all ids of participants and of their commands.
    stored = [forms(row) for table in rows.values() for row in table]
    ballots = {row["originator_id"] for row in rows["stored_events"] if row["topic"] == Ballot.TOPIC}
    candidate_keys = [WRAPPING, bytes(32), UUID(vote).bytes * 2, UUID(conference).bytes * 2]
    candidate_keys += [row["state"][:32].ljust(32, b"\0") for row in rows["stored_events"]]
    guesses = {VoteKey(vote, key).stream_id(voter) for key in candidate_keys for voter in voters}
    guesses |= {instance.repository.stream_id(BALLOT, voter) for voter in voters}
    guesses |= {uuid5(UUID(vote), voter) for voter in voters}
    assert len(ballots) == 12
    assert rows["ballot_keys"] == []
    assert not ballots & guesses
    assert not [row for row in stored for voter in voters if UUID(voter).bytes in row or voter.encode() in row]
    assert not {row["command_id"] for row in rows["commands"]} & set(voters.values())
    # The one thing that would do it is the destroyed key.
    assert ballots == {lost.stream_id(voter) for voter in voters}


async def test_a_ballot_tells_neither_who_nor_when_nor_from_which_request(instance, vote, conference):
    await instance.begin(vote, conference)
    await instance.cast(vote, conference, "a" * 32, "yes", uuid4())
    row = await instance.db.pool.fetchrow("SELECT * FROM stored_events WHERE topic = $1", Ballot.TOPIC)
    command = await instance.db.pool.fetchrow("SELECT * FROM commands ORDER BY notification_id DESC LIMIT 1")
    assert (row["meta"], row["recorded_at"], command["at"]) == (b"", NOON, NOON)
    assert command["request_hash"] != b"yes"
    assert msgspec.json.decode(row["state"]) == {"vote_id": vote, "choice": "yes", "words": None}


async def test_a_close_that_fails_keeps_the_key(instance, vote, conference):
    await instance.begin(vote, conference)
    await instance.done(Step(VOTE, vote, End(now=NOON), conference))
    stale = await instance.repository.load(VOTE, vote)
    await instance.done(Step(VOTE, vote, Count(tally={}, now=NOON), conference))
    other = Step(VOTE, uuid4().hex, Begin(now=NOON), conference, guards=(stale,))
    outcome = await instance.repository.execute(
        [other], Envelope(uuid4(), b"", "staff", ""), Done(), effects=[destroy(vote)]
    )
    assert isinstance(outcome, ConcurrentChange)
    assert await instance.keys.load(vote) is not None


def test_a_key_has_no_relation_to_the_vote():
    keys = VoteKeys(None, WRAPPING)
    assert keys.create("a" * 32).args[1] != keys.create("a" * 32).args[1]


def test_a_vote_key_is_never_shown():
    secret = os.urandom(32)
    assert secret.hex() not in repr(VoteKey("a" * 32, secret))
