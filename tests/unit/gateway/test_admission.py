# SPDX-License-Identifier: Apache-2.0
"""Who is let in when more want to than may, by time that passes by hand."""

import pytest

from gateway.execution.admission import LONGEST_SECONDS, Admission

RATE, BURST = 50.0, 100


class Time:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def admission(time):
    return Admission(rate=RATE, burst=BURST, most=10_000, each=10, nameless=200, now=time)


def let_in(door, address, times):
    return sum(door.knock(address) == 0 for _ in range(times))


@pytest.mark.parametrize("attackers", [1, 3])
def test_who_knocks_all_the_time_leaves_the_others_in(attackers):
    time = Time()
    door = admission(time)
    refused = 0
    for second in range(60):
        for _ in range(10):
            for attacker in range(attackers):
                let_in(door, f"attacker {attacker}", 20)
            refused += door.knock(f"other {second % 40}") > 0
            time.now += 0.1
    assert refused == 0


def test_an_address_that_knocks_alone_has_the_whole_rate():
    time = Time()
    door = admission(time)
    inside = 0
    for _ in range(100):
        inside += let_in(door, "city hall", 100)
        time.now += 1.0
    assert inside == pytest.approx(100 * RATE, rel=0.05)


def test_everybody_behind_one_address_gets_in_when_they_come_again_as_told():
    time = Time()
    door = admission(time)
    knocks = dict.fromkeys(range(600), 0.0)
    while knocks:
        time.now = min(knocks.values())
        assert time.now <= 2 * LONGEST_SECONDS
        for client in [client for client, when in knocks.items() if when <= time.now]:
            wait = door.knock("127.0.0.1")
            if wait:
                knocks[client] = time.now + wait
            else:
                del knocks[client]


def test_who_was_refused_often_does_not_lengthen_the_wait_for_ever():
    time = Time()
    door = admission(time)
    for _ in range(10_000):
        door.knock("attacker")
    time.now = LONGEST_SECONDS
    assert let_in(door, "attacker", 60) == 60
    assert door.knock("attacker") == 1
