# SPDX-License-Identifier: Apache-2.0
"""What apps are told: public, of no person, in forms that are written down."""

import re
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec
import pytest

from gateway.schema.relay import parse_id
from gateway.schema.scalars import WebhookEventType
from gateway.webhooks.catalogue import BY_EVENT, KINDS, PING, EventType, of_event
from gateway.webhooks.examples import COMMITTED, catalogue, example, sample
from services.chassis.decider import Sealed
from services.contracts import session

PAGE = (Path(__file__).parents[4] / "docs" / "webhooks.md").read_text()
THINGS = {"Conference", "District", "Series", "Challenge", "Idea", "Webhook"}
PUBLIC_WORDS = {"state", "run", "phase", "kind", "deadline", "startsAt", "amountCents"}


def test_the_committed_catalogue_is_the_code_s():
    assert COMMITTED.read_text() == catalogue(), "run `python -m gateway.webhooks.examples --write`"


def test_the_page_lists_every_type_with_its_version():
    rows = re.findall(r"^\| `([a-z_.]+)` \| (\d+) \|", PAGE, re.MULTILINE)
    assert {(name, int(version)) for name, version in rows} == {(kind.name, kind.version) for kind in KINDS.values()}


def test_every_type_can_be_subscribed_to_except_the_test():
    assert set(KINDS) - {PING} == set(get_args(EventType)) == {kind.value for kind in WebhookEventType}


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_message_holds_ids_of_public_things_and_states_alone(kind):
    message = example(kind)
    assert set(message) == {"type", "version", "timestamp", "data"}
    for name, value in message["data"].items():
        if name not in PUBLIC_WORDS:
            thing, _ = parse_id(value)
            assert thing in THINGS
            assert thing.lower() == name
    assert len(msgspec.json.encode(message)) < 1000


@pytest.mark.parametrize("event", BY_EVENT, ids=lambda event: event.__name__)
def test_no_event_about_a_person_is_in_the_catalogue(event):
    hints = get_type_hints(event)
    assert not {"participant_id", "staff_id", "by", "juror_id", "reason"} & set(hints)
    assert Sealed not in hints.values()


@pytest.mark.parametrize("event", BY_EVENT, ids=lambda event: event.__name__)
def test_the_same_event_is_told_alike_by_every_process(event):
    assert of_event(sample(event), 7) == of_event(sample(event), 7)
    assert of_event(sample(event), 7).id != of_event(sample(event), 8).id


def test_what_is_not_in_the_catalogue_is_not_told():
    assert (
        of_event(session.PollOpened(at=sample(session.LobbyOpened).at, conference_id="c" * 32, poll_id="9" * 32), 1)
        is None
    )
