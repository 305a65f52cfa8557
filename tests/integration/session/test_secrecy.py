# SPDX-License-Identifier: Apache-2.0
"""The administrator: has every row of every table, every setting and every id, and wants to know who voted what.

What they cannot have any more is a backup or a write-ahead log from the time of the poll; docs/privacy.md says so.
"""

import hmac
import itertools
from hashlib import sha256
from uuid import UUID, uuid4, uuid5

import asyncpg
import msgspec
import pytest

from services.chassis.ballots import VoteKey, VoteKeys
from services.chassis.keys import CannotUnwrap, unwrap
from services.chassis.mapper import topic_of
from services.contracts.session import (
    CastBallot,
    ClosePoll,
    GetPollAnswers,
    ModerateAnswers,
    OpenPoll,
    UpvoteAnswers,
)
from services.session.domain.ballot import BALLOT, AnswersUpvoted, BallotCast
from tests.integration.session.talk import WRAPPING, Talk, talking

BALLOTS = {topic_of(BallotCast), topic_of(AnswersUpvoted)}
ANSWER = "Warum ist der Marktplatz so dunkel?"


@pytest.fixture
async def talk(service_database, nats_url, prefix):
    async with talking(service_database("session"), nats_url, prefix) as talk:
        yield talk


class Administrator:
    """Knows all rows, all settings, all people, and the commands that each of them sent."""

    def __init__(self, talk: Talk, rows: dict[str, list[asyncpg.Record]], poll_id: str) -> None:
        self.rows, self.poll_id = rows, poll_id
        self.people = [person.id for person in talk.residents]
        self.stream_id = talk.one.runtime.repository.stream_id
        self.settings = talk.one.runtime.settings
        self.ballots = [row for row in rows["stored_events"] if row["topic"] in BALLOTS]

    def bytes_at_hand(self) -> set[bytes]:
        """Everything of the size of a key that stands anywhere in the database or in the settings."""
        found = {WRAPPING, bytes(32), self.settings.key_encryption, self.settings.request_key}
        for row in itertools.chain.from_iterable(self.rows.values()):
            for value in row.values():
                raw = value.bytes if isinstance(value, UUID) else value.encode() if isinstance(value, str) else value
                if isinstance(raw, bytes):
                    found |= {raw[:32].ljust(32, b"\0"), raw[-32:].rjust(32, b"\0"), sha256(raw).digest()}
        return found

    def whose(self) -> set[tuple[UUID, str]]:
        """The streams of ballots for which a person was found by trying."""
        streams = {row["originator_id"] for row in self.ballots}
        found = set()
        keys = self.bytes_at_hand()
        for person in self.people:
            guesses = {VoteKey(self.poll_id, key).stream_id(person) for key in keys}
            guesses |= {self.stream_id(BALLOT, name) for name in (person, self.poll_id, self.poll_id + person)}
            guesses |= {uuid5(UUID(self.poll_id), person), uuid5(UUID(person), self.poll_id), UUID(person)}
            guesses |= {UUID(bytes=sha256((self.poll_id + person).encode()).digest()[:16])}
            found |= {(stream, person) for stream in streams & guesses}
        return found


async def an_open_question(talk):
    """Residents answer and support each other; the id of the poll and the commands by person."""
    poll_id = (await talk.ask(OpenPoll(conference_id=talk.conference, key="open"), talk.moderator)).poll_id
    commands = {}
    for number, person in enumerate(talk.residents):
        text = ANSWER if number == 0 else f"Frage {number}"
        commands[person.id] = [uuid4(), uuid4()]
        cast = CastBallot(conference_id=talk.conference, poll_id=poll_id, words=(text,))
        await talk.ask(cast, person, commands[person.id][0])
    queue = await talk.ask(GetPollAnswers(conference_id=talk.conference, poll_id=poll_id), talk.moderator)
    ids = tuple(answer.answer_id for answer in queue.answers)
    show = ModerateAnswers(conference_id=talk.conference, poll_id=poll_id, answer_ids=ids, show=True)
    await talk.ask(show, talk.moderator)
    for number, person in enumerate(talk.residents):
        support = UpvoteAnswers(conference_id=talk.conference, poll_id=poll_id, answer_ids=ids[: number + 1])
        await talk.ask(support, person, commands[person.id][1])
    return poll_id, commands


async def closed(talk, poll_id):
    await talk.ask(ClosePoll(conference_id=talk.conference, poll_id=poll_id), talk.moderator)
    await talk.caught_up()
    return Administrator(talk, await talk.everything(), poll_id)


async def test_the_method_of_the_administrator_finds_everybody_while_the_poll_is_open(talk):
    poll_id, _ = await an_open_question(talk)
    await talk.caught_up()
    administrator = Administrator(talk, await talk.everything(), poll_id)
    (row,) = administrator.rows["ballot_keys"]
    key = unwrap(WRAPPING, row["wrapped"], row["vote_id"].bytes)
    by_person = {person: VoteKey(poll_id, key).stream_id(person) for person in administrator.people}
    assert set(by_person.values()) == {ballot["originator_id"] for ballot in administrator.ballots}


async def test_after_the_close_no_key_at_hand_joins_a_ballot_to_a_person(talk):
    poll_id, _ = await an_open_question(talk)
    administrator = await closed(talk, poll_id)
    assert len({row["originator_id"] for row in administrator.ballots}) == len(talk.residents)
    assert administrator.whose() == set()
    assert (administrator.rows["ballot_keys"], administrator.rows["poll_ballots"]) == ([], [])
    assert await VoteKeys(talk.one.runtime.db, WRAPPING).load(poll_id) is None


async def test_after_the_close_the_rows_of_ballots_tell_neither_actor_nor_time_nor_command(talk):
    poll_id, commands = await an_open_question(talk)
    administrator = await closed(talk, poll_id)
    assert {(row["meta"], row["recorded_at"]) for row in administrator.ballots} == {
        (b"", administrator.ballots[0]["recorded_at"])
    }
    sent = {command for both in commands.values() for command in both}
    assert not {row["command_id"] for row in administrator.rows["commands"]} & sent
    guesses = {
        hmac.digest(key, b"digest:" + command.bytes, sha256)
        for key in administrator.bytes_at_hand()
        for command in sent
    }
    told = {row["command_id"].bytes for row in administrator.rows["commands"]}
    told |= {bytes(row["request_hash"]) for row in administrator.rows["commands"]}
    assert not {guess[:16] for guess in guesses} & {one[:16] for one in told}


async def test_after_the_close_no_row_holds_a_person_beside_a_ballot_or_an_answer(talk):
    poll_id, _ = await an_open_question(talk)
    administrator = await closed(talk, poll_id)
    streams = {row["originator_id"] for row in administrator.ballots}
    names = [name.encode() for name in administrator.people] + [bytes.fromhex(name) for name in administrator.people]
    secret = [ANSWER.encode(), *(stream.bytes for stream in streams), *(stream.hex.encode() for stream in streams)]
    for table, rows in administrator.rows.items():
        for row in rows:
            flat = b"|".join(_bytes(value) for value in row.values())
            assert not (any(one in flat for one in secret) and any(name in flat for name in names)), table


async def test_after_the_close_nobody_can_tell_which_ballot_wrote_an_answer(talk):
    poll_id, _ = await an_open_question(talk)
    administrator = await closed(talk, poll_id)
    boxes = [msgspec.json.decode(row["state"]) for row in administrator.ballots]
    # The tally names answers by ids; which ballot wrote one of them needs the key that is gone.
    ids = {one for box in boxes for one in box.get("answers", ())}
    texts = ["Frage 1", "Frage 2", "Frage 3", ANSWER]
    for key in administrator.bytes_at_hand():
        vote = VoteKey(poll_id, key)
        made = {
            vote.digest(b"answer:" + row["originator_id"].bytes + text.encode())[:16].hex()
            for row in administrator.ballots
            for text in texts
        }
        assert not made & ids


async def test_without_the_settings_not_even_an_open_poll_tells(talk):
    await an_open_question(talk)
    await talk.caught_up()
    (row,) = (await talk.everything())["ballot_keys"]
    with pytest.raises(CannotUnwrap):
        unwrap(bytes(32), row["wrapped"], row["vote_id"].bytes)


def _bytes(value: object) -> bytes:
    match value:
        case bytes():
            return value
        case UUID():
            return value.bytes
        case _:
            return str(value).encode()
