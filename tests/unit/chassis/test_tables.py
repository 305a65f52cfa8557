# SPDX-License-Identifier: Apache-2.0
"""The tables of a service: what may be registered in api, policies and timers, and what may not."""

import pytest

from services.chassis.api import Api
from services.chassis.contract import CommandRequest, ContractEvent, Id
from services.chassis.decisions import request_hash
from services.chassis.policies import Policies
from services.chassis.timers import TimerPayload, Timers, timer_id


class Open(CommandRequest, frozen=True, kw_only=True):
    SERVICE = "alpha"
    conference_id: Id
    title: str = ""


class Opened(ContractEvent, frozen=True, kw_only=True):
    SERVICE = "alpha"


class Rings(TimerPayload, frozen=True, kw_only=True):
    KIND = "rings"


async def handler(*_):
    return []


def test_a_command_is_answered_by_its_own_service_alone():
    with pytest.raises(ValueError, match="answered by alpha"):
        Api("beta").command(Open)(handler)


def test_a_command_has_one_handler():
    api = Api("alpha")
    api.command(Open)(handler)
    with pytest.raises(ValueError, match="two handlers"):
        api.command(Open)(handler)


def test_a_service_does_not_consume_itself():
    with pytest.raises(ValueError, match="of alpha itself"):
        Policies("alpha").when(Opened)(handler)


def test_policies_know_their_sources_and_the_events_they_want():
    policies = Policies("beta")
    policies.write(Opened)(handler)
    assert policies.sources == ("alpha",)
    assert policies.names("alpha") == ("Opened",)
    assert policies.find("alpha", "Closed") is None


def test_timers_of_a_kind_have_one_handler():
    timers = Timers("alpha")
    timers.due(Rings)(handler)
    with pytest.raises(ValueError, match="two handlers"):
        timers.due(Rings)(handler)


def test_the_id_of_a_timer_follows_from_kind_and_key():
    assert timer_id("rings", "a") == timer_id("rings", "a") != timer_id("rings", "b")


def test_the_hash_of_a_request_follows_from_its_content():
    first = Open(conference_id="0" * 32)
    assert request_hash(first, b"key") == request_hash(Open(conference_id="0" * 32, title=""), b"key")
    assert request_hash(first, b"key") != request_hash(Open(conference_id="0" * 32, title="x"), b"key")


def test_a_guessed_request_cannot_be_confirmed_without_the_key():
    request = Open(conference_id="0" * 32, title="Anna Muster, anna@example.org")
    assert request_hash(request, b"key") != request_hash(request, b"another key")
