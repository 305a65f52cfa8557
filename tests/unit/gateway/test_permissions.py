# SPDX-License-Identifier: Apache-2.0
"""Who may ask for what: declared on every field that begins somewhere, and the same that the services say."""

import importlib
from typing import get_args

import msgspec
import pytest
from graphql import GraphQLObjectType

from gateway.schema.build import build_schema, core
from gateway.schema.command_needs import COMMAND_NEEDS
from gateway.schema.doors import needs_of
from gateway.schema.mutations import MODULES, commands
from gateway.schema.permissions import (
    ALL_ADMIN,
    GRANTED,
    PUBLIC,
    ROLES,
    SCOPES,
    Needs,
    directive_of,
    expanded,
    lacking,
    standing,
)
from gateway.schema.table import COMMITTED, page
from services.chassis.api import Api
from services.chassis.identity import ANONYMOUS, Actor, Grant
from services.contracts import ideas, registration
from tests.contract.golden.example import example

HERE, ELSEWHERE = "c0" * 16, "ff" * 16
WITHIN = (f"series:{'5e' * 16}", f"district:{'d1' * 16}")
SCHEMA = core(build_schema())
ALL_COMMANDS = [kind for module in MODULES for kind in commands(module)]
COMMANDS = [kind for kind in ALL_COMMANDS if kind.SERVICE != "gateway"]


def staff(role: str, scope: str) -> Actor:
    return Actor("e0" * 16, "staff", (Grant(role, scope),))


@pytest.mark.parametrize("name", ["Query", "Mutation", "Subscription", "Conference"])
def test_every_field_where_a_question_begins_declares_who_may(name):
    kind = SCHEMA.type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    assert [field for field, definition in kind.fields.items() if needs_of(definition) is None] == []


def test_every_declared_scope_and_role_is_one_that_there_is():
    with pytest.raises(ValueError, match="mayor"):
        directive_of(Needs(("mayor",)))
    with pytest.raises(ValueError, match="idea:burn"):
        directive_of(Needs(("public",), ("idea:burn",)))


def test_every_scope_opens_something_and_every_role_may_something():
    fields = [field for kind in SCHEMA.type_map.values() for field in getattr(kind, "fields", {}).values()]
    needs = [needs_of(field) or PUBLIC for field in fields]
    assert {scope for need in needs for scope in need.scopes} == set(SCOPES)
    assert {role for need in needs for role in need.roles} == set(ROLES)


def test_an_app_can_ask_for_every_scope():
    assert set(get_args(registration.Scope)) == {*SCOPES, ALL_ADMIN}


def test_every_command_has_one_line():
    assert set(COMMAND_NEEDS) == set(ALL_COMMANDS)


def route(kind):
    api: Api = importlib.import_module(f"services.{kind.SERVICE}.api").api
    return api.commands[kind.__name__]


def request_of(kind):
    given = example(kind)
    if "conference_id" in given:
        given["conference_id"] = HERE
    return msgspec.convert(given, kind)


@pytest.mark.parametrize("role", sorted(GRANTED))
@pytest.mark.parametrize("scope", ["city", HERE, ELSEWHERE, *WITHIN, f"series:{ELSEWHERE}", f"district:{ELSEWHERE}"])
@pytest.mark.parametrize("kind", [kind for kind in COMMANDS if route(kind).needs is not None], ids=lambda k: k.__name__)
def test_a_line_says_of_every_role_what_the_service_says(kind, scope, role):
    request = request_of(kind)
    actor = staff(role, scope).within(request.conference, WITHIN)
    needs = COMMAND_NEEDS[kind]
    roles = standing(actor, None, request.conference, anywhere=needs.place == "anywhere") - {"self"}
    if kind in (ideas.ScoreIdea, ideas.RecuseMyself):  # the service knows the jurors of the round by their ids
        assert route(kind).needs(request, actor)
    else:
        assert (lacking(needs, roles, None) is None) == route(kind).needs(request, actor)


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda k: k.__name__)
def test_who_has_no_token_sends_only_what_is_public_past_both(kind):
    refused = lacking(COMMAND_NEEDS[kind], standing(ANONYMOUS, None, HERE), None) is not None
    assert refused == (COMMAND_NEEDS[kind] != PUBLIC)
    if route(kind).needs is not None:
        assert not route(kind).needs(request_of(kind), ANONYMOUS)


def test_a_resident_stands_at_their_own_conference_alone():
    anna = Actor("a0" * 16, "resident")
    assert standing(anna, HERE, HERE) == {"public", "resident", "seated"}
    assert standing(anna, HERE, ELSEWHERE) == {"public"}
    assert standing(anna, HERE, None) == {"public"}


def test_a_token_grants_no_role_that_is_none():
    actor = Actor("e0" * 16, "staff", (Grant("resident", "city"), Grant("seated", HERE), Grant("public", "city")))
    assert standing(actor, None, HERE) == {"public", "self", "invited"}


def test_a_role_in_the_city_holds_everywhere_and_one_at_a_conference_only_there():
    assert "moderator" in standing(staff("moderator", "city"), None, HERE)
    assert "moderator" in standing(staff("moderator", HERE), None, HERE)
    assert "moderator" not in standing(staff("moderator", HERE), None, ELSEWHERE)
    assert "moderator" not in standing(staff("moderator", HERE), None, None)


@pytest.mark.parametrize("scope", WITHIN)
def test_a_role_in_a_series_or_a_district_holds_at_its_conferences_and_not_in_the_city(scope):
    mia = staff("moderator", scope)
    assert standing(mia.within(HERE, WITHIN), None, HERE) >= {"moderator", "invited"}
    assert "moderator" not in standing(mia.within(ELSEWHERE, ()), None, ELSEWHERE)
    assert "moderator" not in standing(mia.within(None, WITHIN), None, None)
    assert "moderator" in standing(mia, None, None, anywhere=True)


def test_the_id_of_a_series_is_no_scope_by_itself():
    assert "moderator" not in standing(staff("moderator", "5e" * 16).within(HERE, WITHIN), None, HERE)


def test_an_app_for_a_person_may_what_both_may():
    needs = Needs(("moderator",), ("admin:session",))
    may = standing(staff("moderator", HERE), None, HERE)
    assert lacking(needs, may, frozenset({"admin:session"})) is None
    assert lacking(needs, may, frozenset({"idea:read"})) == "scope admin:session"
    assert lacking(needs, frozenset({"public"}), frozenset({"admin:session"})) == "moderator"


def test_what_names_no_scope_is_for_no_app():
    assert lacking(Needs(("resident",)), frozenset({"public", "resident"}), frozenset(SCOPES)) == "to come by no app"


def test_all_of_administration_is_each_of_it_and_unknown_scopes_are_nothing():
    assert expanded(["admin:*", "openid"]) == {scope for scope in SCOPES if scope.startswith("admin:")}


def test_the_committed_table_is_the_schema_s():
    assert COMMITTED.read_text() == page(), "run `python -m gateway.schema.table --write`"
