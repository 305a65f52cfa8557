# SPDX-License-Identifier: Apache-2.0
"""What the contracts let one ask, the service answers, and nothing else."""

import importlib

import pytest

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
