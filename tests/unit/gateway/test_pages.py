# SPDX-License-Identifier: Apache-2.0
"""A written page is good until something changes or comes of age, and only while there is room."""

import orjson

from gateway.execution.pages import BESIDE, Pages

KEY = (1, b"{}")


def test_a_page_is_good_until_something_changes_or_comes_of_age():
    now = 10.0
    pages = Pages(1000, now=lambda: now)
    pages.put(KEY, 7, 12.0, {"name": "Grün"})
    assert orjson.dumps(pages.get(KEY, 7)) == '{"name":"Grün"}'.encode()
    assert pages.get(KEY, 8) is None
    assert pages.get((1, b'{"first":2}'), 7) is None
    now = 12.0
    assert pages.get(KEY, 7) is None


def test_the_oldest_pages_make_room():
    pages = Pages(25 + 2 * BESIDE, now=lambda: 0.0)
    for number in (1, 2, 2, 3):
        pages.put((number, b""), 0, 1.0, {"a": "ten byte"})
    assert pages.size == 20 + 2 * BESIDE
    assert [pages.get((number, b""), 0) is None for number in (1, 2, 3)] == [True, False, False]
