# SPDX-License-Identifier: Apache-2.0
"""The schema as a whole: complete, described, and the one that is committed."""

import ast
from enum import Enum
from typing import Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    parse,
    validate,
)

from gateway.client.client import camel
from gateway.client.generate import RESULTS, command_operations, read_operations, results
from gateway.execution.checking import RULES
from gateway.execution.weight import Limits, weigh
from gateway.schema import scalars
from gateway.schema.build import build_schema, core
from gateway.schema.errors import all_refusals, show_refusal
from gateway.schema.export import COMMITTED, exported
from gateway.schema.mutations import HIDDEN, MODULES, commands
from gateway.schema.shape import Shown
from gateway.schema.words import MEANINGS
from services.chassis.contract import ContractEvent, Done, declared_in
from services.chassis.refusals import CHASSIS_REFUSALS
from services.contracts import refusals, rooms
from services.contracts.registration import BULK, StartJob

CONTRACTS = MODULES
SCHEMA = core(build_schema())
MANY = {camel(name): bulk.command.__name__ for name, bulk in BULK.items()}
"""The commands for many things at once, with the single one."""
OWN = {name: kind for name, kind in SCHEMA.type_map.items() if not name.startswith("__")}


def test_the_committed_schema_is_the_code_s():
    assert COMMITTED.read_text() == exported(), "run `python -m gateway.schema.export --write`"


def test_every_type_field_argument_and_value_is_described():
    missing = []
    for name, kind in OWN.items():
        if name in ("ID", "String", "Int", "Float", "Boolean"):
            continue
        if not kind.description:
            missing.append(name)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field, definition in kind.fields.items():
                if not definition.description:
                    missing.append(f"{name}.{field}")
                missing += [
                    f"{name}.{field}({argument})"
                    for argument, taken in getattr(definition, "args", {}).items()
                    if not taken.description
                ]
    assert missing == []


def test_every_field_of_a_command_has_a_meaning_of_its_own():
    fields = {
        field
        for module in CONTRACTS
        for command in commands(module)
        for struct in (command, command.ANSWER)
        for field in struct.__struct_fields__
    }
    assert sorted(fields - set(MEANINGS)) == []


def test_every_command_for_clients_is_a_mutation():
    names = {kind.__name__ for module in CONTRACTS for kind in commands(module)}
    assert {field[0].upper() + field[1:] for field in SCHEMA.mutation_type.fields if field not in MANY} == names
    assert not names & {kind.__name__ for kind in HIDDEN}


def test_every_mutation_takes_one_input_with_a_key_and_answers_a_union_with_its_refusals():
    for name, field in SCHEMA.mutation_type.fields.items():
        if name in MANY:
            continue
        (argument,) = field.args.values()
        assert "idempotencyKey" in argument.type.of_type.fields
        union = field.type  # null with an error when something fails: the rest of the answer stays
        assert isinstance(union, GraphQLUnionType)
        success, *members = union.types
        assert success.name.endswith("Success")
        assert "position" in success.fields
        assert all("Refusal" in [face.name for face in refusal.interfaces] for refusal in members)
        assert {refusal.name for refusal in members} >= {kind.__name__ for kind in CHASSIS_REFUSALS}


@pytest.mark.parametrize("name", MANY)
def test_a_command_for_many_takes_and_answers_what_the_single_one_does_for_each(name):
    single = MANY[name]
    field = SCHEMA.mutation_type.fields[name]
    assert str(field.args["input"].type.of_type.fields["items"].type) == f"[{single}Input!]!"
    success, *members = field.type.types
    assert str(success.fields["results"].type) == f"[{single}Result!]!"
    assert "ApprovalNeeded" in {refusal.name for refusal in members}
    assert all("Refusal" in [face.name for face in refusal.interfaces] for refusal in members)


def test_the_kinds_of_jobs_are_the_commands_for_many():
    assert {kind.value.lower() for kind in scalars.JobKind} == set(BULK)
    hints = get_type_hints(StartJob)
    assert {name: get_args(hints[name])[0] for name in BULK} == {name: bulk.command for name, bulk in BULK.items()}
    assert all(bulk.about in bulk.command.__struct_fields__ for bulk in BULK.values())
    assert all(issubclass(bulk.command.ANSWER, Done) for bulk in BULK.values())


def test_every_refusal_that_a_command_declares_can_be_read():
    declared = {kind for module in CONTRACTS for command in commands(module) for kind in command.REFUSALS}
    assert declared
    assert declared <= set(all_refusals())


@pytest.mark.parametrize("refusal", all_refusals(), ids=lambda kind: kind.__name__)
def test_a_refusal_has_a_type_with_its_facts(refusal):
    shown = OWN[refusal.__name__]
    assert isinstance(shown, GraphQLObjectType)
    assert set(shown.fields) == {camel(name) for name in refusal.__struct_fields__} | {"code", "message", "path"}


def test_a_refusal_that_a_command_does_not_declare_is_shown_as_unknown_with_its_facts():
    shown = show_refusal(refusals.PollIsClosed(poll_id="9" * 32), rooms.ConfirmPlacement)
    assert shown.view.name == "PollIsClosed"
    assert "9999" in shown.view.facts


def literals():
    """The choices in what clients send and read; events are told among services."""
    for module in CONTRACTS:
        for kind in vars(module).values():
            shown = isinstance(kind, type) and issubclass(kind, msgspec.Struct) and not issubclass(kind, ContractEvent)
            if shown and declared_in(module, kind):
                for hint in get_type_hints(kind).values():
                    yield from found_in(hint)


def found_in(hint):
    if get_origin(hint) is Literal:
        yield frozenset(get_args(hint))
    else:
        for argument in get_args(hint):
            yield from found_in(argument)


def test_every_choice_of_the_contracts_is_an_enumeration():
    enums = {
        frozenset(item.value for item in kind)
        for kind in vars(scalars).values()
        if isinstance(kind, type) and issubclass(kind, Enum) and kind is not Enum
    }
    assert {tuple(sorted(choice)) for choice in literals() if choice not in enums} == set()


def test_a_field_read_from_a_view_exists_there():
    for cls in subclasses(Shown):
        view = cls.__annotations__.get("view") if cls.__module__.startswith("gateway.schema") else None
        struct = get_args(view)[0] if view is not None and get_args(view) else None
        if isinstance(struct, type) and issubclass(struct, msgspec.Struct):
            read = {name for name in cls.__annotations__ if name not in ("view", "conference")}
            assert read <= set(struct.__struct_fields__) | set(dir(struct)), cls.__name__


def subclasses(kind):
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


OPERATIONS = read_operations()


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_operation_of_the_client_is_valid_and_light(name):
    document = parse(OPERATIONS[name])
    assert validate(SCHEMA, document, RULES) == []
    (weighed,) = weigh(SCHEMA, parse(OPERATIONS[name], max_tokens=Limits.tokens))
    assert Limits().exceeded(weighed) is None
    assert weighed.cost({"first": 100}) <= Limits.cost


def test_every_command_has_an_operation():
    for name, text in command_operations(SCHEMA):
        assert OPERATIONS[name] == text, "run `python -m gateway.client.generate`"


def test_the_types_of_the_client_follow_from_schema_and_operations():
    written = ast.dump(ast.parse(RESULTS.read_text()))
    assert written == ast.dump(ast.parse(results(SCHEMA, OPERATIONS))), "run `python -m gateway.client.generate`"


def test_enumerations_are_upper_case():
    for kind in OWN.values():
        if isinstance(kind, GraphQLEnumType):
            assert all(value == value.upper() for value in kind.values)
