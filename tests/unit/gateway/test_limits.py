# SPDX-License-Identifier: Apache-2.0
"""The points of one client: how they flow, who pays, and from where somebody asks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from gateway.backends import command_id
from gateway.door import positions
from gateway.limits.addresses import Addresses, networks
from gateway.limits.budget import Budget
from gateway.limits.gcra import Gcra
from services.chassis.identity import ANONYMOUS, Actor

ANNA = Actor(id="a" * 32, kind="resident")
BEN = Actor(id="b" * 32, kind="resident")


class Time:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def waits(gate, client, *points):
    return [gate.take(client, one).wait for one in points]


def test_a_burst_goes_through_and_then_the_rate_holds():
    time = Time()
    gate = Gcra(2.0, 3, now=time)
    assert waits(gate, "a", 1, 1, 1, 1) == [0.0, 0.0, 0.0, 0.5]
    time.now = 0.5
    assert waits(gate, "a", 1, 1) == [0.0, 0.5]


def test_several_points_are_taken_at_once_or_not_at_all():
    gate = Gcra(1.0, 10, now=Time())
    assert gate.take("a", 8) == (0.0, 2, 8.0)
    assert gate.take("a", 5) == (3.0, 2, 8.0)
    assert gate.take("a", 2) == (0.0, 0, 10.0)


def test_clients_do_not_pay_for_each_other():
    gate = Gcra(1.0, 1, now=Time())
    assert (gate.take("a").wait, gate.take("b").wait) == (0.0, 0.0)
    assert gate.take("a").wait > 0


def test_a_bounded_number_of_clients_is_remembered():
    gate = Gcra(1.0, 1, size=2, now=Time())
    assert [gate.take(client).wait for client in ("a", "b", "c", "a")] == [0.0, 0.0, 0.0, 0.0]
    assert len(gate) == 2


def test_who_goes_on_asking_is_not_forgotten_with_what_they_owe():
    gate = Gcra(1.0, 1, size=2, now=Time())
    gate.take("a")
    for number in range(10):
        gate.take(f"other {number}")
        assert gate.take("a").wait > 0


def test_what_cannot_be_refused_makes_no_debt_beyond_the_burst():
    gate = Gcra(1.0, 10, now=Time())
    for _ in range(100):
        gate.spend("a", 7)
    assert gate.take("a", 1).wait == 1.0


def test_what_costs_more_than_there_ever_is_costs_all_there_is():
    gate = Gcra(1.0, 10, now=Time())
    assert gate.take("a", 1000) == (0.0, 0, 10.0)


def test_each_replica_gives_out_its_part_and_the_floor_at_least():
    time = Time()
    gate = Gcra(10.0, 100, floor=40, now=time)
    gate.share(2)
    assert (gate.limit, gate.restored) == (50, 5.0)
    gate.share(4)
    assert (gate.limit, gate.restored) == (40, 2.5)
    assert gate.take("a", 40).wait == 0.0


def test_a_client_waits_as_long_as_before_when_a_replica_joins():
    gate = Gcra(10.0, 100, now=Time())
    gate.take("a", 100)
    before = gate.take("a", 100).wait
    gate.share(2)
    assert gate.take("a", 50).wait == pytest.approx(before)


STEPS = st.lists(st.tuples(st.floats(0, 3), st.integers(1, 6)), max_size=60)


@given(STEPS)
def test_in_no_span_more_goes_through_than_burst_and_rate_allow(steps):
    time = Time()
    gate = Gcra(2.0, 6, now=time)
    passed = []
    for pause, points in steps:
        time.now += pause
        if gate.take("a", points).wait == 0.0:
            passed.append((time.now, points))
    for first, (begin, _) in enumerate(passed):
        total = 0
        for end, points in passed[first:]:
            total += points
            assert total <= 6 + 2.0 * (end - begin) + 1e-6


@given(STEPS, st.integers(2, 5))
def test_replicas_together_let_no_more_through_than_one_would(steps, replicas):
    time = Time()
    gates = [Gcra(2.0, 12, now=time) for _ in range(replicas)]
    for gate in gates:
        gate.share(replicas)
    total = 0
    for number, (pause, points) in enumerate(steps):
        time.now += pause
        if points <= gates[0].limit and gates[number % replicas].take("a", points).wait == 0.0:
            total += points
    assert total <= 12 + 2.0 * time.now + 1e-6


@given(STEPS, st.integers(0, 6))
def test_who_gets_points_back_stands_as_if_they_had_not_been_taken(steps, actual):
    time = Time()
    plain, refunding = Gcra(2.0, 20, now=time), Gcra(2.0, 20, now=time)
    for pause, _ in steps:
        time.now += pause
        if refunding.take("a", 6).wait == 0.0:
            refunding.refund("a", 6 - actual)
            if actual:
                assert plain.take("a", actual).wait == 0.0
    assert plain.take("b").remaining == refunding.take("b").remaining
    assert plain.take("a").remaining == refunding.take("a").remaining


@given(STEPS)
def test_after_the_wait_that_was_told_the_points_are_there(steps):
    time = Time()
    gate = Gcra(2.0, 6, now=time)
    for pause, points in steps:
        time.now += pause
        wait = gate.take("a", points).wait
        if wait > 0:
            time.now += wait
            assert gate.take("a", points).wait == 0.0


def budget():
    return Budget(Gcra(1.0, 100, now=Time()), Gcra(1.0, 10, now=Time()), Gcra(1.0, 10, now=Time()))


def test_people_pay_for_themselves_and_everybody_else_by_their_address():
    shared = budget()
    shared.account(ANNA, "1.2.3.4").take(100)
    assert shared.account(ANNA, "5.6.7.8").take(1)[1] > 0
    assert shared.account(BEN, "1.2.3.4").take(100)[1] == 0.0
    shared.account(ANONYMOUS, "1.2.3.4").take(10)
    assert shared.account(ANONYMOUS, "1.2.3.4").take(1)[1] > 0
    assert shared.account(ANONYMOUS, "1.2.3.5").take(1)[1] == 0.0


def test_the_headers_say_what_is_left_and_when_all_is_back():
    paid, wait = budget().account(ANNA, "").take(30)
    assert wait == 0.0
    assert paid.headers() == {"RateLimit-Policy": '"points";q=100;w=100', "RateLimit": '"points";r=70;t=30'}


def test_an_operation_gives_back_what_it_did_not_need():
    account = budget().account(ANNA, "")
    paid, _ = account.take(30)
    assert account.refund(paid, 10) == (10, 100, 90, 10.0, 1.0)
    assert account.refund(paid, 40) is paid


def asked_from(peer, forwarded=(), proxies=""):
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return Addresses(networks(proxies)).of(Request({"type": "http", "client": (peer, 1), "headers": headers}))


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "address"),
    [
        ("1.2.3.4", (), "", "1.2.3.4"),
        ("1.2.3.4", ("9.9.9.9",), "", "1.2.3.4"),
        ("1.2.3.4", ("9.9.9.9",), "10.0.0.0/8", "1.2.3.4"),
        ("10.0.0.1", ("9.9.9.9",), "10.0.0.0/8", "9.9.9.9"),
        ("10.0.0.1", ("6.6.6.6, 9.9.9.9",), "10.0.0.0/8", "9.9.9.9"),
        ("10.0.0.1", ("6.6.6.6", "9.9.9.9, 10.1.1.1"), "10.0.0.0/8", "9.9.9.9"),
        ("10.0.0.1", ("nonsense",), "10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.1", (), "10.0.0.0/8", "10.0.0.1"),
        ("::ffff:1.2.3.4", (), "", "1.2.3.4"),
        ("2001:db8:1:2:3:4:5:6", (), "", "2001:db8:1:2::/64"),
        ("testclient", (), "", "testclient"),
    ],
)
def test_a_client_is_known_by_the_last_address_that_a_trusted_proxy_saw(peer, forwarded, proxies, address):
    assert asked_from(peer, forwarded, proxies) == address


def test_the_same_key_of_the_same_actor_is_the_same_command():
    assert command_id(ANNA, "k") == command_id(ANNA, "k")
    assert len({command_id(ANNA, "k"), command_id(ANNA, "l"), command_id(BEN, "k")}) == 3


def test_positions_are_read_by_service_and_nonsense_is_ignored():
    assert positions("session/e:1, ideas/f:2, nonsense") == {"session": "e:1", "ideas": "f:2"}
    assert positions(None) == {}
