# SPDX-License-Identifier: Apache-2.0
"""Retries: soon at first, then ever more rarely, for about three days; and the page tells the same."""

import re
from pathlib import Path

from gateway.webhooks.schedule import JITTER, LONGEST_WISH, RETRIES, pause

PAGE = (Path(__file__).parents[4] / "docs" / "webhooks.md").read_text()
UNITS = {"s": 1, "min": 60, "h": 3600}


def test_they_grow_and_take_about_three_days():
    assert list(RETRIES) == sorted(RETRIES)
    assert 70 * 3600 < sum(RETRIES) < 76 * 3600


def test_a_pause_differs_from_one_message_to_the_next_and_stays_near_its_plan():
    found = {pause(5) for _ in range(100)}
    assert len(found) > 90
    assert all(1800 * (1 - JITTER) <= each <= 1800 * (1 + JITTER) for each in found)


def test_after_the_last_one_a_message_is_given_up():
    assert pause(len(RETRIES)) is not None
    assert pause(len(RETRIES) + 1) is None


def test_the_receiver_s_wish_counts_up_to_an_hour():
    assert pause(1, wish=100) == 100
    assert pause(1, wish=1e9) == LONGEST_WISH


def test_the_page_for_app_builders_has_this_schedule():
    (row,) = re.findall(r"^\| after \|(.*)\|$", PAGE, re.MULTILINE)
    told = [cell.split() for cell in row.split("|")]
    assert [float(number) * UNITS[unit] for number, unit in told] == list(RETRIES)
