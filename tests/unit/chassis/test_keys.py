# SPDX-License-Identifier: Apache-2.0
"""Sealed texts: readable with the key, and with nothing else; keys are kept for minutes and forgotten at once."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.decider import Sealed
from services.chassis.keys import AT_ONCE, CannotUnwrap, KeyDestroyed, Keys, new_key, seal, unseal, unwrap, wrap

ANNA, BEN = "a" * 32, "b" * 32


class Vault:
    """What registration answers, and how often it was asked."""

    def __init__(self) -> None:
        self.keys = {ANNA: new_key(), BEN: new_key()}
        self.asked: list[list[str]] = []
        self.now = 1000.0

    async def fetch_many(self, key_ids: Sequence[str]) -> Mapping[str, bytes]:
        self.asked.append(list(key_ids))
        return {key_id: self.keys[key_id] for key_id in key_ids if key_id in self.keys}

    def client(self, max_entries: int = 100, max_age: float = 300) -> Keys:
        return Keys(self.fetch_many, max_entries=max_entries, max_age=max_age, clock=lambda: self.now)


@given(st.text())
def test_a_text_is_read_with_its_key(text: str) -> None:
    key = new_key()
    assert unseal(seal(ANNA, key, text), key) == text


def test_the_same_text_never_looks_the_same() -> None:
    key = new_key()
    assert seal(ANNA, key, "text").box != seal(ANNA, key, "text").box


def test_another_key_no_key_another_name_or_a_changed_box_read_as_nothing() -> None:
    key = new_key()
    sealed = seal(ANNA, key, "text")
    assert unseal(sealed, new_key()) is None
    assert unseal(sealed, None) is None
    assert unseal(Sealed(BEN, sealed.box), key) is None
    assert unseal(Sealed(ANNA, sealed.box[:-1]), key) is None
    assert unseal(Sealed(ANNA, b"short"), key) is None


def test_a_wrapped_key_opens_under_its_name_and_key_only() -> None:
    kek, key = new_key(), new_key()
    wrapped = wrap(kek, key, b"anna")
    assert unwrap(kek, wrapped, b"anna") == key
    for other, name in ((new_key(), b"anna"), (kek, b"ben")):
        with pytest.raises(CannotUnwrap):
            unwrap(other, wrapped, name)


async def test_texts_of_several_people_need_one_question() -> None:
    vault = Vault()
    keys = vault.client()
    sealed = [seal(key_id, vault.keys[key_id], key_id[0]) for key_id in (ANNA, BEN, ANNA)]
    assert await keys.open_many(sealed) == ["a", "b", "a"]
    assert await keys.open_many(sealed) == ["a", "b", "a"]
    assert vault.asked == [[ANNA, BEN]]


async def test_a_destroyed_key_reads_as_nothing_and_seals_nothing() -> None:
    vault = Vault()
    keys = vault.client()
    mine, theirs = await keys.seal(ANNA, "mine"), await keys.seal(BEN, "theirs")
    del vault.keys[ANNA]
    keys.forget(ANNA)
    assert await keys.open_many([mine, theirs]) == [None, "theirs"]
    with pytest.raises(KeyDestroyed):
        await keys.seal(ANNA, "again")


async def test_erasure_is_complete_after_five_minutes_even_if_nobody_says_so() -> None:
    vault = Vault()
    keys = vault.client(max_age=10_000)
    sealed = await keys.seal(ANNA, "text")
    del vault.keys[ANNA]
    vault.now += 299
    assert await keys.open(sealed) == "text"
    vault.now += 2
    assert await keys.open(sealed) is None


async def test_a_key_that_came_later_is_found_soon() -> None:
    vault = Vault()
    keys = vault.client()
    key = vault.keys.pop(ANNA)
    with pytest.raises(KeyDestroyed):
        await keys.seal(ANNA, "text")
    vault.keys[ANNA] = key
    vault.now += 11
    assert await keys.open(await keys.seal(ANNA, "text")) == "text"


async def test_a_key_destroyed_while_it_is_fetched_is_not_kept() -> None:
    vault = Vault()
    answered = asyncio.Event()

    async def slow(key_ids: Sequence[str]) -> Mapping[str, bytes]:
        found = await vault.fetch_many(key_ids)
        await answered.wait()
        return found

    keys = Keys(slow)
    sealed = seal(ANNA, vault.keys[ANNA], "text")
    reading = asyncio.create_task(keys.open(sealed))
    await asyncio.sleep(0)
    keys.forget(ANNA)
    answered.set()
    assert await reading is None
    assert await keys.open(sealed) is None


async def test_when_erasures_may_have_been_missed_all_keys_are_asked_for_again() -> None:
    vault = Vault()
    keys = vault.client()
    mine, theirs = await keys.seal(ANNA, "mine"), await keys.seal(BEN, "theirs")
    del vault.keys[ANNA]
    keys.forget_all()
    assert await keys.open_many([mine, theirs]) == [None, "theirs"]


async def test_a_key_that_is_fetched_while_erasures_may_be_missed_is_not_kept() -> None:
    vault = Vault()
    answered = asyncio.Event()

    async def slow(key_ids: Sequence[str]) -> Mapping[str, bytes]:
        found = await vault.fetch_many(key_ids)
        await answered.wait()
        return found

    keys = Keys(slow)
    sealed = seal(ANNA, vault.keys[ANNA], "text")
    reading = asyncio.create_task(keys.open(sealed))
    await asyncio.sleep(0)
    del vault.keys[ANNA]
    keys.forget_all()
    answered.set()
    await reading
    assert await keys.open(sealed) is None


async def test_only_so_many_keys_are_kept() -> None:
    vault = Vault()
    keys = vault.client(max_entries=1)
    for key_id in (ANNA, BEN, ANNA):
        await keys.seal(key_id, "text")
    assert len(vault.asked) == 3
    assert len(keys) == 1


async def test_a_question_that_fails_is_the_callers_to_know() -> None:
    async def fail(_: Sequence[str]) -> Mapping[str, bytes]:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await Keys(fail).seal(ANNA, "text")


async def test_many_keys_are_asked_for_in_several_questions() -> None:
    vault = Vault()
    key = new_key()
    ids = [f"{number:032x}" for number in range(AT_ONCE + 1)]
    vault.keys = dict.fromkeys(ids, key)
    texts = await vault.client(max_entries=1000).open_many([seal(each, key, each) for each in ids])
    assert texts == ids
    assert [len(asked) for asked in vault.asked] == [AT_ONCE, 1]
