# SPDX-License-Identifier: Apache-2.0
"""The administrator: has every row of every table, every setting, every person's id and even the code that each made.

What they cannot have any more is a backup or a write-ahead log from the time of the wave; docs/privacy.md says so.
"""

import hmac
import itertools
from hashlib import sha256
from uuid import UUID, uuid4

import msgspec
import pytest

from services.chassis.ballots import VoteKey
from services.chassis.keys import unwrap
from services.chassis.mapper import topic_of
from services.session.domain.survey_facts import SurveyAnswersCounted
from services.session.domain.survey_sheet import SheetSubmitted
from tests.integration.session.talk import WRAPPING, talking
from tests.integration.session.test_survey import TEXT, all_waves, answers, close_wave, code_of, counted, open_wave

PEOPLE = 7


@pytest.fixture
async def talk(service_database, nats_url, prefix):
    async with talking(service_database("session"), nats_url, prefix, people=PEOPLE) as talk:
        yield talk


class Administrator:
    """Tries what they have."""

    def __init__(self, talk, rows):
        self.rows = rows
        self.people = [person.id for person in talk.residents]
        self.codes = [code_of(person) for person in talk.residents]
        self.settings = talk.one.runtime.settings
        self.sheets = [row for row in rows["stored_events"] if row["topic"] == topic_of(SheetSubmitted)]
        counted = [row for row in rows["stored_events"] if row["topic"] == topic_of(SurveyAnswersCounted)]
        self.batches = [msgspec.json.decode(row["state"], type=SurveyAnswersCounted) for row in counted]
        self.tags = {sheet.code for batch in self.batches for sheet in batch.sheets}

    def keys_at_hand(self):
        """Everything of the size of a key that stands anywhere in the database or in the settings."""
        found = {WRAPPING, bytes(32), self.settings.key_encryption, self.settings.request_key}
        for row in itertools.chain.from_iterable(self.rows.values()):
            for value in row.values():
                raw = value.bytes if isinstance(value, UUID) else value.encode() if isinstance(value, str) else value
                if isinstance(raw, bytes):
                    found |= {raw[:32].ljust(32, b"\0"), raw[-32:].rjust(32, b"\0"), sha256(raw).digest()}
        return found | {unwrap(WRAPPING, row["wrapped"], row["vote_id"].bytes) for row in self.rows["ballot_keys"]}

    def whose(self):
        """The people for whom a sheet, or a code in a batch, was found by trying."""
        streams = {row["originator_id"] for row in self.sheets}
        found = set()
        for key in self.keys_at_hand():
            vote = VoteKey("0" * 32, key)
            for person, code in zip(self.people, self.codes, strict=True):
                if vote.stream_id(person) in streams:
                    found.add((person, "sheet"))
                if vote.digest(b"code:" + code.encode())[:16].hex() in self.tags:
                    found.add((person, "code"))
        return found


async def test_the_method_finds_everybody_while_a_wave_is_open_and_the_settings_are_at_hand(talk):
    await open_wave(talk, "after")
    for person in talk.residents:
        await talk.ask(answers(talk, person), person)
    await counted(talk, 5)
    found = Administrator(talk, await talk.everything()).whose()
    assert {person for person, what in found if what == "sheet"} == {person.id for person in talk.residents}


async def test_the_method_finds_codes_as_long_as_they_are_paired_but_no_sheet_of_a_closed_wave(talk):
    await open_wave(talk, "before")
    for person in talk.residents:
        await talk.ask(answers(talk, person, "before"), person)
    await close_wave(talk, "before")
    found = Administrator(talk, await talk.everything()).whose()
    assert {what for _, what in found} == {"code"}


async def test_once_all_is_closed_nothing_at_hand_joins_an_answer_or_a_code_to_a_person(talk):
    await all_waves(talk)
    administrator = Administrator(talk, await talk.everything())
    assert (len(administrator.sheets), len(administrator.tags)) == (3 * PEOPLE, 5)
    assert administrator.rows["ballot_keys"] == []
    assert administrator.whose() == set()


async def test_the_rows_tell_neither_who_nor_when_and_batches_not_in_which_order(talk):
    await all_waves(talk)
    administrator = Administrator(talk, await talk.everything())
    assert {row["meta"] for row in administrator.sheets} == {b""}
    assert len({row["recorded_at"] for row in administrator.sheets}) == 3
    for batch in administrator.batches:
        assert len(batch.sheets) >= 5
        assert list(batch.sheets) == sorted(batch.sheets, key=msgspec.json.Encoder(order="deterministic").encode)
        assert [one.text for one in batch.remarks] == sorted(one.text for one in batch.remarks)


async def test_no_row_holds_a_person_beside_an_answer_or_their_code(talk):
    await all_waves(talk)
    administrator = Administrator(talk, await talk.everything())
    names = [name.encode() for name in administrator.people] + [bytes.fromhex(name) for name in administrator.people]
    streams = [row["originator_id"] for row in administrator.sheets]
    secret = [TEXT.encode(), *(stream.bytes for stream in streams), *(stream.hex.encode() for stream in streams)]
    codes = [code.encode() for code in administrator.codes]
    for table, rows in administrator.rows.items():
        for row in rows:
            flat = b"|".join(_bytes(value) for value in row.values())
            assert not any(code in flat for code in codes), table
            assert not (any(one in flat for one in secret) and any(name in flat for name in names)), table


async def test_the_few_who_were_never_counted_cannot_be_read_in_the_end(talk):
    await all_waves(talk)
    administrator = Administrator(talk, await talk.everything())
    assert sum(len(batch.sheets) for batch in administrator.batches) == 15
    for row in administrator.sheets:
        sealed = msgspec.json.decode(row["state"], type=SheetSubmitted).sheet
        for key in administrator.keys_at_hand():
            with pytest.raises(ValueError, match="does not belong"):
                VoteKey(sealed.key, key).open(row["originator_id"], sealed)


async def test_what_is_kept_against_repetition_does_not_name_the_command(talk):
    await open_wave(talk, "after")
    sent = [uuid4() for _ in talk.residents]
    for person, command_id in zip(talk.residents, sent, strict=True):
        await talk.ask(answers(talk, person), person, command_id)
    await close_wave(talk, "after")
    administrator = Administrator(talk, await talk.everything())
    kept = {row["command_id"].bytes for row in administrator.rows["commands"]}
    made = {
        hmac.digest(key, b"digest:" + one.bytes, sha256)[:16] for key in administrator.keys_at_hand() for one in sent
    }
    assert not kept & ({one.bytes for one in sent} | made)


def _bytes(value):
    match value:
        case bytes():
            return value
        case UUID():
            return value.bytes
        case _:
            return str(value).encode()
