# SPDX-License-Identifier: Apache-2.0
"""Global ids and cursors."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.schema.relay import (
    BadCursor,
    BadId,
    BadPage,
    Page,
    Signer,
    connection,
    global_id,
    local_id,
)
from services.chassis.paging import one_page
from services.contracts.shared import Cut, Listed

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


@pytest.mark.parametrize("page", [Page(first=0), Page(first=-1), Page(first=101), Page(last=0), Page(last=101)])
def test_a_page_has_1_to_100_items(page):
    with pytest.raises(BadPage, match="between 1 and 100"):
        page.cut(SIGNER, "numbers")


def test_a_page_is_asked_for_from_one_end():
    with pytest.raises(BadPage, match="either"):
        Page(first=1, last=1).cut(SIGNER, "numbers")


def test_who_names_no_size_gets_what_is_next_to_the_cursor():
    cursor = SIGNER.sign("numbers", "7")
    assert Page().cut(SIGNER, "numbers") == Cut()
    assert Page(after=cursor).cut(SIGNER, "numbers") == Cut(after="7")
    assert Page(before=cursor).cut(SIGNER, "numbers") == Cut(before="7", backward=True)
    assert Page(after=cursor, before=cursor).cut(SIGNER, "numbers") == Cut(after="7", before="7")


# A list as services hold it, and the invariants of Relay's connections. ----------------------------------------

LISTS = st.lists(st.integers(0, 99), unique=True, max_size=30).map(sorted)
SIZES = st.integers(1, 7)


def page(items, **asked):
    """One page of a list of numbers, each of which is its own key."""
    cut = Page(**asked).cut(SIGNER, "numbers")
    low, high = int(cut.after or -1), int(cut.before or 100)
    within = [item for item in items if low < item < high]
    rows = (within[::-1] if cut.backward else within)[: cut.first + 1]
    found, more = one_page(rows, cut.first, backward=cut.backward)
    made = connection(SIGNER, "numbers", cut, Listed(keys=tuple(map(str, found)), more=more), found)
    return SimpleNamespace(edges=made.edges(), nodes=made.nodes(), page_info=made.page_info())


def pages(items, size, start=None, *, backward=False):
    """All pages from one end, or from a cursor on."""
    found, cursor = [], start
    while True:
        asked = {"last": size, "before": cursor} if backward else {"first": size, "after": cursor}
        found.append(page(items, **asked))
        info = found[-1].page_info
        if not (info.has_previous_page if backward else info.has_next_page):
            return found
        cursor = info.start_cursor if backward else info.end_cursor


@given(LISTS, SIZES)
def test_forward_pages_together_are_the_list(items, size):
    assert [node for found in pages(items, size) for node in found.nodes] == items


@given(LISTS, SIZES)
def test_backward_pages_together_are_the_list(items, size):
    assert [node for found in reversed(pages(items, size, backward=True)) for node in found.nodes] == items


@given(LISTS, SIZES, SIZES)
def test_from_any_cursor_on_the_rest_of_the_list_follows_in_either_direction(items, first, second):
    for edge in page(items, first=first).edges:
        rest = [node for found in pages(items, second, edge.cursor) for node in found.nodes]
        assert rest == [item for item in items if item > edge.node]
        ahead = [node for found in reversed(pages(items, second, edge.cursor, backward=True)) for node in found.nodes]
        assert ahead == [item for item in items if item < edge.node]


@given(LISTS, SIZES, st.booleans())
def test_a_page_is_full_unless_the_list_ends(items, size, backward):
    *full, last = pages(items, size, backward=backward)
    assert [len(found.nodes) for found in full] == [size] * len(full)
    assert len(last.nodes) == len(items) - size * len(full)


@given(LISTS, SIZES, st.booleans())
def test_edges_and_page_info_say_the_same_as_the_nodes(items, size, backward):
    for found in pages(items, size, backward=backward):
        assert [edge.node for edge in found.edges] == found.nodes == sorted(found.nodes)
        cursors = [edge.cursor for edge in found.edges]
        assert len(set(cursors)) == len(cursors)
        ends = (cursors[0], cursors[-1]) if cursors else (None, None)
        assert (found.page_info.start_cursor, found.page_info.end_cursor) == ends


@given(LISTS, SIZES, st.booleans())
def test_whether_there_is_more_is_true_in_both_directions(items, size, backward):
    for found in pages(items, size, backward=backward):
        if found.nodes:
            assert found.page_info.has_next_page == (found.nodes[-1] != items[-1])
            assert found.page_info.has_previous_page == (found.nodes[0] != items[0])


@given(LISTS, LISTS, SIZES, st.booleans())
def test_what_comes_and_goes_meanwhile_neither_repeats_nor_hides_what_stays(items, later, size, backward):
    seen = page(items, **{"last" if backward else "first": size})
    if not seen.nodes:
        return
    info = seen.page_info
    cursor = info.start_cursor if backward else info.end_cursor
    rest = [node for found in pages(later, size, cursor, backward=backward) for node in found.nodes]
    end = seen.nodes[0] if backward else seen.nodes[-1]
    assert sorted(rest) == [item for item in later if (item < end if backward else item > end)]
