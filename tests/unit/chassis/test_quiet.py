# SPDX-License-Identifier: Apache-2.0
"""While NATS is away the log says so once, then every half minute, and once that it is back."""

import nats.errors
from structlog.testing import capture_logs

from services.chassis.quiet import Link, Seldom


class Hand:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def lines(logs: list[dict[str, object]]) -> list[object]:
    return [entry["event"] for entry in logs]


def test_a_minute_without_nats_is_one_line_when_it_goes_one_each_half_minute_and_one_when_it_is_back():
    hand = Hand()
    link = Link(hand)
    link.found()
    with capture_logs() as logs:
        link.failed(nats.errors.UnexpectedEOF())
        link.lost()
        for _ in range(4 * 65):
            hand.seconds += 0.25
            link.failed(ConnectionRefusedError())
        link.back()
    assert lines(logs) == ["nats disconnected", "nats is away", "nats is away", "nats reconnected"]


def test_the_second_time_nats_goes_is_said_at_once():
    hand = Hand()
    link = Link(hand)
    link.found()
    with capture_logs() as logs:
        for _ in range(2):
            link.lost()
            link.failed(OSError())
            link.back()
    assert lines(logs) == ["nats disconnected", "nats reconnected"] * 2


def test_errors_of_a_living_connection_are_said_once_per_kind_and_half_minute():
    hand = Hand()
    link = Link(hand)
    link.found()
    with capture_logs() as logs:
        for error in (ValueError(), ValueError(), KeyError()):
            link.failed(error)
        hand.seconds += 31
        link.failed(ValueError())
    assert [entry["error"] for entry in logs] == ["ValueError", "KeyError", "ValueError"]


def test_what_was_forgotten_is_said_again():
    seldom = Seldom(clock=Hand())
    assert seldom.due("it")
    assert not seldom.due("it")
    seldom.forget()
    assert seldom.due("it")
