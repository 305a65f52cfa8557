# SPDX-License-Identifier: Apache-2.0
"""Every subscription is bound to the subjects of what it shows: in the schema, in the views, in what may be heard."""

import re
from typing import Any

import pytest
from graphql import GraphQLSchema

from gateway.live.topics import CONFERENCE, TOPICS, BadSubject, Topic, arguments, rendered, told
from gateway.schema.build import build_schema, core
from gateway.schema.doors import needs_of
from gateway.schema.export import exported
from gateway.schema.news import TOPIC
from services.chassis.bus import Bus
from services.chassis.subjects import permissions
from services.contracts import ideas, session

SCOPE = "c" * 32
VALUES = {"conferenceId": SCOPE, "roundId": SCOPE, "jobId": SCOPE}


def bindings() -> dict[str, Topic]:
    """The topic of every subscription field."""
    schema: GraphQLSchema = core(build_schema())
    assert schema.subscription_type is not None
    found = {}
    for name, field in schema.subscription_type.fields.items():
        definition: Any = field.extensions["strawberry-definition"]
        found[name] = definition.metadata[TOPIC]
    return found


BINDINGS = bindings()


def matches(pattern: str, subject: str) -> bool:
    """Whether a subject is one of a NATS pattern."""
    tokens = re.escape(pattern).replace(r"\*", "[^.]+").replace(">", ".+")
    return re.fullmatch(tokens, subject) is not None


def test_every_subscription_is_bound_and_every_topic_can_be_watched():
    assert set(BINDINGS.values()) == set(TOPICS)
    assert len(BINDINGS) == len(TOPICS)


@pytest.mark.parametrize("field", BINDINGS)
def test_what_a_subscription_is_bound_to_stands_in_the_schema(field):
    subscription = exported().partition("type Subscription {")[2]
    declared = subscription.partition(f"  {field}(")[2].partition("@subjects(patterns: [")[2].partition("])")[0]
    assert tuple(re.findall(r'"([^"]+)"', declared)) == BINDINGS[field].subjects


@pytest.mark.parametrize("field", BINDINGS)
def test_the_arguments_of_subjects_are_arguments_of_the_field(field):
    schema = core(build_schema())
    assert schema.subscription_type is not None
    named = {name for subject in BINDINGS[field].subjects for name in arguments(subject)}
    assert named <= set(schema.subscription_type.fields[field].args)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_message_that_makes_a_view_out_of_date_is_heard(topic):
    patterns = [rendered(subject, "q", VALUES) for subject in topic.subjects]
    bus = Bus.__new__(Bus)
    bus.prefix = "q"
    for message in {message for view in topic.views.values() for message in view.messages}:
        live = told(message).startswith("live.")
        subject = (bus.subject_live if live else bus.subject_event)(message.SERVICE, SCOPE, message.__name__)
        assert any(matches(pattern, subject) for pattern in patterns), subject


def test_nothing_is_listened_for_in_vain():
    for topic in TOPICS:
        if topic is not CONFERENCE:  # which hears all of one conference
            shown = {told(message) for view in topic.views.values() for message in view.messages}
            wanted = {re.sub(r"\{\w+\}", "*", subject) for subject in topic.subjects}
            assert wanted == shown


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_the_gateway_may_hear_what_it_listens_to(topic):
    allowed = permissions("gateway", "q")["subscribe"]
    for subject in topic.subjects:
        own = rendered(subject, "q", VALUES)
        assert any(own.startswith(prefix.removesuffix(">")) for prefix in allowed)


@pytest.mark.parametrize("value", ["", "*", ">", "a.b", "a b", "a\n", "ä", "{x}"])
def test_an_argument_is_one_plain_token(value):
    with pytest.raises(BadSubject):
        rendered("evt.*.*.{conferenceId}.>", "q", {"conferenceId": value})


def test_an_argument_without_a_value_is_a_mistake():
    with pytest.raises(KeyError):
        rendered("evt.*.*.{conferenceId}.>", "q", {})


def test_a_message_is_found_in_all_conferences():
    assert told(session.PhaseStarted) == "evt.session.*.*.PhaseStarted"
    assert told(ideas.JuryRoundChanged) == "live.ideas.*.*.JuryRoundChanged"


def test_every_subscription_says_who_may_watch():
    schema = core(build_schema())
    assert schema.subscription_type is not None
    assert all(needs_of(field) is not None for field in schema.subscription_type.fields.values())
