# SPDX-License-Identifier: Apache-2.0
"""What the contracts let one ask, the service answers, and nothing else."""

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

from services import contracts
from services.chassis.api import Api
from services.chassis.contract import CommandRequest, QueryRequest, Request, declared_in
from services.chassis.subjects import SERVICES


def asked_of(service: str, kind: type[Request]) -> set[str]:
    contract = importlib.import_module(f"services.contracts.{service}")
    return {
        name
        for name, value in vars(contract).items()
        if isinstance(value, type) and issubclass(value, kind) and declared_in(contract, value)
        if not name.startswith("_")
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_answers_every_command_and_query_of_its_contract(service: str) -> None:
    api: Api = importlib.import_module(f"services.{service}.api").api
    assert set(api.commands) == asked_of(service, CommandRequest)
    assert set(api.queries) == asked_of(service, QueryRequest)


PACKAGES = [area.name for area in pkgutil.iter_modules(contracts.__path__) if area.ispkg]


@pytest.mark.parametrize("name", PACKAGES)
def test_a_contract_offers_what_its_areas_declare_and_nothing_else(name: str) -> None:
    contract = importlib.import_module(f"services.contracts.{name}")
    declared: set[str] = set()
    for area in pkgutil.iter_modules(contract.__path__):
        path = Path(contract.__path__[0], f"{area.name}.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            match node:
                case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                    declared.add(name)
                case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                    declared.add(name)
    assert set(contract.__all__) == {name for name in declared if not name.startswith("_")}
