# SPDX-License-Identifier: Apache-2.0
"""Subjects and permissions: every conference has one partition, and nobody says what others have to say."""

from collections import Counter
from uuid import UUID, uuid5

import pytest

from services.chassis.subjects import (
    ASKED_BY_SERVICES,
    BETWEEN_SERVICES,
    GATEWAY,
    HEARD_BY_ALL,
    PARTITIONS,
    SERVICES,
    TOOL,
    partition,
    permissions,
    stream_name,
)

CONFERENCES = [uuid5(UUID(int=0), str(n)).hex for n in range(1600)]


def test_partitions_are_of_similar_size():
    sizes = Counter(partition(conference) for conference in CONFERENCES)
    assert set(sizes) == set(range(PARTITIONS))
    assert max(sizes.values()) < 2 * min(sizes.values())


def test_what_belongs_to_no_conference_has_a_partition_of_the_city():
    assert partition(None) == partition("city")


@pytest.mark.parametrize("token", ["a.b", "*", ">", "a b", "A" * 32, "x", "a" * 32 + "\n", "city\n"])
def test_what_would_not_be_a_token_is_refused(token):
    with pytest.raises(ValueError, match="not a conference id"):
        partition(token)


def test_a_partition_never_changes():
    assert [partition("0" * 31 + digit) for digit in "0123"] == [0, 6, 12, 10]


def test_streams_of_two_prefixes_differ():
    assert stream_name("session", "quartier") == "QUARTIER_EVT_SESSION"
    assert stream_name("session", "t1") != stream_name("session", "t2")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_publishes_no_commands_but_the_named_few_and_no_events_of_others(service):
    allowed = permissions(service, "quartier")["publish"]
    named = [f"quartier.cmd.{subject}" for subject in BETWEEN_SERVICES.get(service, ())]
    assert [subject for subject in allowed if subject.startswith("quartier.cmd")] == named
    assert [subject for subject in allowed if ".evt." in subject] == [f"quartier.evt.{service}.>"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_asks_others_nothing_but_the_named_few(service):
    allowed = permissions(service, "quartier")["publish"]
    named = [f"quartier.qry.{subject}" for subject in ASKED_BY_SERVICES.get(service, ())]
    assert [subject for subject in allowed if subject.startswith("quartier.qry")] == named


@pytest.mark.parametrize("service", ["session", "ideas"])
def test_where_people_write_their_keys_may_be_made(service):
    assert "quartier.cmd.registration.*.*.EnsureKeys" in permissions(service, "quartier")["publish"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_overhears_no_events_but_the_end_of_keys(service):
    heard = permissions(service, "quartier")["subscribe"]
    assert [subject for subject in heard if ".evt." in subject] == [f"quartier.evt.{event}" for event in HEARD_BY_ALL]


def test_the_gateway_publishes_no_events():
    assert not any(".evt." in subject for subject in permissions(GATEWAY, "quartier")["publish"])


def test_the_tool_may_do_all_that_the_operator_needs():
    assert "quartier.>" in permissions(TOOL, "quartier")["publish"]


def test_an_unknown_user_has_no_permissions():
    with pytest.raises(ValueError, match="no such user"):
        permissions("stranger", "quartier")
