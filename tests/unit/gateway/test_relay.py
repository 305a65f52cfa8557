# SPDX-License-Identifier: Apache-2.0
"""Global ids and cursors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.schema.relay import (
    BadCursor,
    BadId,
    BadPage,
    Signer,
    connection,
    global_id,
    local_id,
    page_size,
    read_page,
)

HEX = "0" * 31 + "1"
SIGNER = Signer(b"k" * 32)


def test_a_global_id_is_read_back_for_its_type_alone():
    assert local_id(global_id("Poll", HEX), "Poll") == HEX
    with pytest.raises(BadId, match="the id of a Poll"):
        local_id(global_id("Poll", HEX), "Card")


@pytest.mark.parametrize("text", [HEX + "\n", "\n" + HEX, HEX[:-1] + "\n"])
def test_an_id_is_no_more_and_no_less_than_32_digits(text):
    with pytest.raises(BadId):
        local_id(text, "Poll")
    with pytest.raises(BadId):
        local_id(global_id("Poll", text), "Poll")


def test_a_client_may_name_a_new_thing_by_32_hex_digits():
    assert local_id(HEX, "Passage") == HEX


def test_the_id_of_a_sheet_names_its_conference_and_is_read_as_the_sheet():
    assert local_id(global_id("IdeaSheet", f"{'c' * 32}.{HEX}"), "IdeaSheet") == HEX


@given(st.text(max_size=60))
def test_whatever_is_no_id_is_refused(text):
    with pytest.raises(BadId):
        local_id(text if len(text) != 32 else text + "!", "Poll")


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_cursor_is_read_back_for_its_list_alone(purpose, content):
    token = SIGNER.sign(purpose, content)
    assert SIGNER.read(purpose, token) == content
    with pytest.raises(BadCursor):
        SIGNER.read(purpose + "x", token)
    with pytest.raises(BadCursor):
        Signer(b"j" * 32).read(purpose, token)


@given(st.text(max_size=80))
def test_a_made_up_cursor_is_refused(text):
    with pytest.raises(BadCursor):
        SIGNER.read("ideas", text)


def test_a_short_key_signs_nothing():
    with pytest.raises(ValueError, match="32 bytes"):
        Signer(b"short")


@pytest.mark.parametrize("first", [0, -1, 101])
def test_a_page_has_1_to_100_items(first):
    with pytest.raises(BadPage):
        page_size(first)


@given(st.integers(0, 30), st.integers(1, 7), st.integers(1, 7))
def test_from_any_cursor_on_the_rest_of_the_list_follows(length, first, second):
    items = list(range(length))

    def page(size, after):
        key, skip = began = read_page(SIGNER, "numbers", after)
        start = int(key or 0)
        end = start + min(100, size + skip)
        found = items[start:end][skip:]
        goes_on = str(end) if end < length else None
        return connection(SIGNER, "numbers", found, began=began, goes_on=goes_on)

    for edge in page(first, None).edges():
        after, seen = edge.cursor, []
        while True:
            found = page(second, after)
            seen += found.nodes()
            if not found.page_info().has_next_page:
                break
            after = found.page_info().end_cursor
        assert seen == items[edge.node + 1 :]
