# SPDX-License-Identifier: Apache-2.0
"""The narrower doors: what is behind each, and that nothing else is."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLUnionType,
    get_named_type,
    graphql_sync,
    is_introspection_type,
    parse,
    validate,
    validate_schema,
)
from graphql import build_schema as built

from gateway.client.generate import read_operations
from gateway.schema.build import build_schema, core
from gateway.schema.doors import AUDIENCES, DOORS, needs_of, printed
from gateway.schema.export import main

OPERATIONS = read_operations()
DOOR = pytest.mark.parametrize("name", sorted(DOORS))


def reachable(schema):
    """The names of all types that a client can come to, or must know to ask."""
    found, waiting = set(), [schema.query_type, schema.mutation_type, schema.subscription_type]
    while waiting:
        kind = waiting.pop()
        if kind is None or kind.name in found:
            continue
        found.add(kind.name)
        waiting += getattr(kind, "interfaces", ())
        if isinstance(kind, GraphQLUnionType):
            waiting += kind.types
        if isinstance(kind, GraphQLInterfaceType):
            waiting += schema.get_possible_types(kind)
        for field in getattr(kind, "fields", {}).values():
            waiting.append(get_named_type(field.type))
            waiting += [get_named_type(argument.type) for argument in getattr(field, "args", {}).values()]
    return found


def own_types(schema):
    return {name: kind for name, kind in schema.type_map.items() if not is_introspection_type(kind)}


@DOOR
def test_a_door_has_a_valid_schema_of_its_own_path(name):
    door = DOORS[name]
    assert door.path == f"/{name}/graphql"
    assert validate_schema(door.schema) == []


@DOOR
def test_every_type_of_a_door_can_be_reached(name):
    schema = DOORS[name].schema
    directives = {get_named_type(arg.type).name for each in schema.directives for arg in each.args.values()}
    assert set(own_types(schema)) - directives == reachable(schema) - directives


@DOOR
def test_a_door_shows_nothing_that_is_for_others(name):
    audience = AUDIENCES[name]
    everybody = audience.reads | audience.sends | audience.watches
    for kind in own_types(DOORS[name].schema).values():
        declared = [needs_of(kind), *(needs_of(field) for field in getattr(kind, "fields", {}).values())]
        assert all(needs is None or everybody & set(needs.roles) for needs in declared), kind.name


@DOOR
def test_a_door_is_part_of_the_whole_schema(name):
    whole = core(build_schema())
    for kind in own_types(DOORS[name].schema).values():
        for field, definition in getattr(kind, "fields", {}).items():
            assert str(definition.type) == str(whole.type_map[kind.name].fields[field].type)


@DOOR
def test_the_schema_of_a_door_is_exported(name, capsys):
    assert main(["--door", name]) == 0
    exported = capsys.readouterr().out
    assert exported == printed(DOORS[name])
    assert set(own_types(built(exported))) == set(own_types(DOORS[name].schema))


def test_an_unknown_door_is_not_exported(capsys):
    assert main(["--door", "back"]) == 2


def test_the_public_door_is_read_only_and_knows_no_scores():
    schema = DOORS["public"].schema
    assert schema.mutation_type is None
    assert schema.subscription_type is None
    assert not {"JuryRound", "Review", "Score", "RankedIdea", "Criterion"} & set(schema.type_map)
    fields = {field for kind in own_types(schema).values() for field in getattr(kind, "fields", {})}
    assert not {"scores", "ranking", "queue", "raw", "corrected", "authors", "roster", "myData"} & fields


def test_participants_see_no_operations():
    schema = DOORS["participant"].schema
    assert not {"Desk", "Roster", "Venue", "HelpCall", "Presence", "JuryRound", "HelpChanged"} & set(schema.type_map)
    assert not {"startSession", "addStaff", "excludeParticipant", "hideMessage"} & set(schema.mutation_type.fields)
    assert {"castBallot", "register", "enterWithLink", "writePassage"} <= set(schema.mutation_type.fields)
    assert "conferenceChanges" in schema.subscription_type.fields


def test_jurors_score_and_do_nothing_else():
    schema = DOORS["jury"].schema
    assert set(schema.mutation_type.fields) == {"scoreIdea", "recuseMyself", "eraseStaff"}
    assert set(schema.subscription_type.fields) == {"juryRoundChanges"}
    assert {"JuryRound", "Review", "Score"} <= set(schema.type_map)


def test_operations_know_no_one_s_own_scores():
    schema = DOORS["operations"].schema
    assert "queue" not in schema.type_map["JuryRound"].fields
    assert {"Review", "PersonalData"} & set(schema.type_map) == set()
    assert {"desk", "juryRound"} <= set(schema.query_type.fields)
    assert not {"scoreIdea", "castBallot", "register"} & set(schema.mutation_type.fields)


def test_doors_for_few_do_not_tell_of_themselves():
    assert {name for name, door in DOORS.items() if door.introspection} == {"public", "participant"}


FITS = {
    "public": {"ConferenceDetails", "Conferences", "Districts", "Challenges"},
    "participant": {"Register", "EnterWithLink", "CastBallot", "MyRegistration", "JoinCredentials", "Evening"},
    "jury": {"JuryRound", "ScoreIdea"},
    "operations": {"Desk", "Roster", "StartSession", "ConferenceChanges"},
}


@pytest.mark.parametrize(
    ("name", "operation"), [(name, each) for name, those in FITS.items() for each in sorted(those)]
)
def test_what_an_audience_does_fits_through_its_door(name, operation):
    assert validate(DOORS[name].schema, parse(OPERATIONS[operation])) == []


def test_a_field_behind_a_door_is_resolved_as_in_the_whole_schema():
    now = datetime(2026, 11, 7, 15, 0, tzinfo=UTC)
    context = SimpleNamespace(clock=SimpleNamespace(now=lambda: now))
    for door in DOORS.values():
        result = graphql_sync(door.schema, "{ serverTime }", context_value=context)
        assert result.data == {"serverTime": now.isoformat()}, result.errors
