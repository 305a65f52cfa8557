# SPDX-License-Identifier: Apache-2.0
"""Compiled selections answer exactly what graphql-core answers, also where something is amiss."""

from typing import Any

import msgspec
import pytest
from graphql.execution import Executor

from gateway.client.client import document
from gateway.execution.plan import PlannedExecutor, Plans
from gateway.schema.relay import global_id
from services.contracts import session
from tests.gateway.city import CONFERENCE, City
from tests.gateway.conftest import Address
from tests.gateway.test_live import fresh, view

GID = global_id("Conference", CONFERENCE)
READS = {
    "Evening": {"id": GID},
    "EveningForStaff": {"id": GID},
    "ChatMessages": {"id": GID, "channel": "plenary"},
    "ConferenceDetails": {"id": GID},
}


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The types of the objects that a compiled selection answered."""
    used: list[str] = []
    plan = Plans.plan

    def noting(self: Plans, executor: Any, kind: Any, details: Any) -> Any:
        found = plan(self, executor, kind, details)
        if found is not None:
            used.append(kind.name)
        return found

    monkeypatch.setattr(Plans, "plan", noting)
    return used


def only_graphql_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlannedExecutor, "complete_object_value", Executor.complete_object_value)


async def answer(gateway: Address, city: City, operation: str) -> Any:
    found = await gateway.ask(document(operation), city.issuer.staff(), **READS[operation])
    if isinstance(found.get("data"), dict):
        found["data"].pop("serverTime", None)
    return found


@pytest.mark.parametrize("operation", READS)
async def test_a_query_says_the_same_either_way(
    operation: str, city: City, gateway: Address, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = await answer(gateway, city, operation)
    assert compiled
    only_graphql_core(monkeypatch)
    assert planned == await answer(gateway, city, operation)


async def test_a_snapshot_says_the_same_either_way(
    city: City, gateway: Address, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = city.issuer.staff()
    planned = await fresh(gateway, token)
    assert compiled == ["ConferenceSnapshot"]
    only_graphql_core(monkeypatch)
    plain = await fresh(gateway, token)
    for name in set(type(plain).__struct_fields__) - {"cursor", "server_time"}:
        assert getattr(planned, name) == getattr(plain, name)


async def test_what_the_schema_does_not_allow_is_said_the_same_either_way(
    city: City, gateway: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    polls = view(session.PollsView)
    city.know([msgspec.structs.replace(polls, polls=(msgspec.structs.replace(polls.polls[0], ballots=2**40),))])
    planned = await answer(gateway, city, "Evening")
    assert planned["errors"][0]["path"] == ["conference", "polls", 0, "ballots"]
    only_graphql_core(monkeypatch)
    plain = await answer(gateway, city, "Evening")
    for each in (planned, plain):
        each["errors"][0]["extensions"].pop("trace", None)
    assert planned == plain


async def test_a_document_with_directives_is_left_to_graphql_core(
    city: City, gateway: Address, compiled: list[str]
) -> None:
    query = "query($id: ID!, $who: Boolean!) { conference(id: $id) { groups { generation mode @include(if: $who) } } }"
    answers = [await gateway.ask(query, city.issuer.staff(), id=GID, who=who) for who in (True, False)]
    assert [found["data"]["conference"]["groups"] for found in answers] == [
        {"generation": 1, "mode": "MIX"},
        {"generation": 1},
    ]
    assert compiled == []
