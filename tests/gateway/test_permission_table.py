# SPDX-License-Identifier: Apache-2.0
"""The table of who may ask for what (`docs/permissions.md`), sent line by line to a gateway, as every client.

The services behind this gateway refuse nobody: what is refused here is refused by the gateway itself. Whether somebody
has a seat only the real services know.
"""

from collections.abc import AsyncIterator

import pytest

from gateway.schema.permissions import Needs
from gateway.schema.relay import global_id
from gateway.schema.table import CLIENTS, HERE, Client, allowed, lines
from services.contracts import registration
from tests.gateway.city import START, City
from tests.gateway.conftest import Address, running
from tests.gateway.provider import Provider, provider
from tests.gateway.questions import SCHEMA, question, refused
from tests.gateway.test_socket import INIT, hear, opened, say, subscribe

GID = global_id("Conference", HERE)
LINES = [(name, field, needs) for name, field, needs in lines()]


@pytest.fixture
async def issuer() -> AsyncIterator[Provider]:
    async with provider() as made:
        yield made


@pytest.fixture
async def gateway(city: City, issuer: Provider, nats_url: str, prefix: str) -> AsyncIterator[Address]:
    city.announced()
    async with running(nats_url, prefix, oidc_issuer=issuer.issuer) as address:
        yield address


async def token_of(name: str, client: Client, city: City, gateway: Address, issuer: Provider) -> str | None:
    """The token of one column of the table."""
    lifetime = -60 if name == "expired" else 600
    if client.actor.kind == "anonymous":
        return None
    if client.actor.kind == "resident":
        subject = "0e" * 16 if name == "erased" else client.actor.id
        token = city.issuer.resident(subject, client.own or "", lifetime=lifetime)
        if name == "erased":  # after their token was accepted, and is remembered
            assert "errors" not in await gateway.ask("{ viewer { kind } }", token)
            await city.tell(registration.ParticipantErased(at=START, conference_id=HERE, participant_id=subject))
            while "errors" not in await gateway.ask("{ viewer { kind } }", token):
                pass
        return token
    if client.actor.kind == "app":
        app = client.actor.id
        return issuer.token(sub=app, client_id=app, grants=[], scope=" ".join(client.scopes or ()))
    (grant,) = client.actor.grants
    if client.scopes is not None:
        granted = [{"role": grant.role, "scope": grant.scope}]
        return issuer.token(sub=client.actor.id, grants=granted, scope=" ".join(client.scopes))
    return city.issuer.staff(client.actor.id, grant.role, grant.scope, lifetime=lifetime)


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_client_may_what_the_table_says_and_nothing_else(
    name: str, city: City, gateway: Address, issuer: Provider
) -> None:
    client = CLIENTS[name]
    expected_of = client._replace(seated=True)  # the services would refuse who waits; these do not
    token = await token_of(name, client, city, gateway, issuer)
    wrong = []
    for kind, field, needs in LINES:
        if kind == "Subscription":
            continue
        query, variables = question(kind, field, GID)
        answer = await gateway.ask(query, token, **variables)
        if refused(kind, field, answer) == allowed(needs, expected_of):
            wrong.append((kind, field, answer))
    assert wrong == []


WATCH = [(field, needs) for name, field, needs in LINES if name == "Subscription"]


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize(("field", "needs"), WATCH, ids=lambda each: each if isinstance(each, str) else "")
async def test_a_client_watches_what_the_table_says(
    field: str, needs: Needs, name: str, city: City, gateway: Address, issuer: Provider
) -> None:
    token = await token_of(name, CLIENTS[name], city, gateway, issuer)
    async with opened(gateway) as socket:
        await say(socket, {**INIT, "payload": {"authorization": f"Bearer {token}"} if token else None})
        if not CLIENTS[name].known:
            await socket.wait_closed()
            assert socket.close_code == 4403
            return
        assert (await hear(socket))["type"] == "connection_ack"
        ids = {"conferenceId": GID, "roundId": global_id("JuryRound", HERE), "jobId": global_id("Job", HERE)}
        taken = [each for each in ids if each in SCHEMA.type_map["Subscription"].fields[field].args]
        passed = f"({taken[0]}: $id)" if taken else ""
        query = f"subscription{'($id: ID!)' if taken else ''} {{ {field}{passed} {{ __typename }} }}"
        await say(socket, subscribe(query, **({"id": ids[taken[0]]} if taken else {})))
        told = await hear(socket)
    codes = [error["extensions"]["code"] for error in told["payload"]] if told["type"] == "error" else []
    # A jury round that is asked for may not be there; then it says so to those who may ask.
    assert (codes == ["NOT_ALLOWED"]) != allowed(needs, CLIENTS[name])
    assert "GRAPHQL_VALIDATION_FAILED" not in codes


def test_the_table_has_a_line_for_every_field_where_a_question_begins() -> None:
    counted = {name: len(SCHEMA.type_map[name].fields) for name in ("Query", "Mutation", "Subscription", "Conference")}
    assert {name: sum(kind == name for kind, _, _ in LINES) for name in counted} == counted
