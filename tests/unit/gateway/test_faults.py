# SPDX-License-Identifier: Apache-2.0
"""The log is not flooded, whatever clients and defects do."""

import logging

from gateway.execution.faults import FewLines, Throttle


class Time:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_a_few_lines_of_each_kind_are_written_and_the_rest_is_counted():
    time = Time()
    throttle = Throttle(2, 60.0, now=time)
    assert [throttle.due("a") for _ in range(5)] == [0, 0, None, None, None]
    assert throttle.due("b") == 0
    time.now = 60.0
    assert [throttle.due("a") for _ in range(3)] == [3, 0, None]


def test_a_bounded_number_of_kinds_is_told_apart():
    throttle = Throttle(1, 60.0, kinds=3)
    for number in range(100):
        throttle.due(str(number))
    assert len(throttle._met) == 3


def test_what_libraries_say_of_clients_is_written_a_few_times():
    few = FewLines()
    record = logging.LogRecord("uvicorn.error", logging.WARNING, "", 0, "Invalid HTTP request received.", (), None)
    assert sum(few.filter(record) for _ in range(1000)) == 10
