# SPDX-License-Identifier: Apache-2.0
"""Domains and contracts speak of the same refusals."""

import importlib
import pkgutil
from types import ModuleType

import msgspec
import pytest

import services
from services.chassis.contract import declared_in
from services.chassis.decider import Refusal
from services.contracts import refusals
from tests.contract.reachable import Service


def refusals_of(module: ModuleType) -> dict[str, type[Refusal]]:
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Refusal) and declared_in(module, value)
    }


def domain_modules() -> list[str]:
    return [
        found.name
        for found in pkgutil.walk_packages(services.__path__, "services.")
        if ".domain." in found.name and not found.ispkg
    ]


CONTRACT = refusals_of(refusals)
DOMAIN = [
    (module, name, kind)
    for module in domain_modules()
    for name, kind in refusals_of(importlib.import_module(module)).items()
]


@pytest.mark.parametrize(("module", "name", "kind"), DOMAIN, ids=[f"{m}:{n}" for m, n, _ in DOMAIN])
def test_a_refusal_of_a_rule_stands_in_the_contracts_with_the_same_fields(module, name, kind):
    assert name in CONTRACT, f"{module} refuses with {name}, which services.contracts.refusals does not know"
    assert [f.name for f in msgspec.structs.fields(kind)] == [f.name for f in msgspec.structs.fields(CONTRACT[name])]


def test_the_contracts_know_no_refusal_that_nobody_makes():
    assert {name for _, name, _ in DOMAIN} >= set(CONTRACT)


@pytest.mark.parametrize("name", ["registration", "session", "rooms", "ideas"])
def test_a_command_declares_exactly_the_refusals_that_its_handler_can_give(name):
    source = Service(f"services.{name}")
    routes = importlib.import_module(f"services.{name}.api").api.commands.values()
    declared = {one.request.__name__: sorted(kind.__name__ for kind in one.request.REFUSALS) for one in routes}
    given = {one.request.__name__: sorted(kind.__name__ for kind in source.refusals(one.handler)) for one in routes}
    assert declared == given
