# SPDX-License-Identifier: Apache-2.0
"""Tokens of the city's provider: which are accepted, and what people and apps may with them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.client import Client, Closed
from gateway.schema.relay import global_id
from services.chassis.contract import Done
from services.chassis.decider import Refusal
from services.chassis.refusals import NotFound
from services.contracts import registration
from tests.gateway.city import ANNA, CONFERENCE, City
from tests.gateway.conftest import Address, running
from tests.gateway.pictures import last
from tests.gateway.provider import OAUTH, OIDC, Provider, provider

VIEWER = "{ viewer { kind grants { role scope } } }"
ORGANISER = [{"role": "organiser", "scope": "city"}]
GID = global_id("Conference", CONFERENCE)
NOON = datetime(2026, 11, 7, 12, tzinfo=UTC)


@pytest.fixture
async def issuer() -> AsyncIterator[Provider]:
    async with provider() as made:
        yield made


@pytest.fixture
async def gateway(city: City, issuer: Provider, nats_url: str, prefix: str) -> AsyncIterator[Address]:
    async with running(nats_url, prefix, oidc_issuer=issuer.issuer, own_clients="city-pages") as address:
        yield address


async def status(gateway: Address, token: str) -> int:
    headers = {"authorization": f"Bearer {token}"}
    return (await gateway.http.post("/graphql", json={"query": "{ __typename }"}, headers=headers)).status_code


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_the_staff_come_with_tokens_of_the_city(algorithm: str, issuer: Provider, gateway: Address) -> None:
    answer = await gateway.ask(VIEWER, issuer.token(algorithm, grants=ORGANISER))
    assert answer["data"]["viewer"] == {"kind": "STAFF", "grants": ORGANISER}


@pytest.mark.parametrize("path", [OIDC, OAUTH])
async def test_either_kind_of_metadata_is_found(path: str, city: City, nats_url: str, prefix: str) -> None:
    async with provider(path) as issuer, running(nats_url, prefix, oidc_issuer=issuer.issuer) as gateway:
        assert await status(gateway, issuer.token()) == 200


async def test_a_provider_that_speaks_for_another_one_is_not_believed(issuer: Provider, gateway: Address) -> None:
    issuer.calls_itself = "https://elsewhere.example"
    assert await status(gateway, issuer.token()) == 503


WRONG: dict[str, dict[str, Any]] = {
    "an ID token": {"typ": "JWT"},
    "no client": {"client_id": None},
    "no expiry": {"exp": None},
    "no instant of issue": {"iat": None},
    "no subject": {"sub": None},
    "for another service": {"aud": "shop"},
    "of another issuer": {"iss": "https://elsewhere.example"},
    "expired": {"exp": 1_700_000_000},
    "not valid yet": {"nbf": 4_000_000_000},
    "with the key of another algorithm": {"algorithm": "ES256", "kid": "RS256"},
    "a resident": {"kind": "resident", "sub": ANNA, "conference": CONFERENCE},
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_token_that_breaks_the_profile_is_refused(wrong: str, issuer: Provider, gateway: Address) -> None:
    assert await status(gateway, issuer.token()) == 200
    assert await status(gateway, issuer.token(**WRONG[wrong])) == 401


async def test_keys_are_fetched_once_however_many_tokens_name_unknown_ones(issuer: Provider, gateway: Address) -> None:
    for number in range(5):
        assert await status(gateway, issuer.token(kid=f"x{number}")) == 401
    assert issuer.asked == 1


async def test_the_citys_provider_vouches_beside_registration(city: City, gateway: Address) -> None:
    assert await status(gateway, city.issuer.resident()) == 200


GROUPS = "query($id: ID!) { conference(id: $id) { groups { run } } }"


async def test_an_app_for_a_person_sees_what_both_may_see(issuer: Provider, gateway: Address) -> None:
    seen = await gateway.ask(GROUPS, issuer.token(grants=ORGANISER, scope="conference:read"), id=GID)
    assert seen["data"]["conference"]["groups"] == {"run": 1}
    beyond = await gateway.ask(GROUPS, issuer.token(grants=ORGANISER, scope="idea:read"), id=GID)
    assert beyond["errors"][0]["extensions"] == {"code": "NOT_ALLOWED", "needs": "scope conference:read"}
    nobody = await gateway.ask(GROUPS, issuer.token(scope="conference:read"), id=GID)
    assert nobody["errors"][0]["extensions"]["needs"] == "mentor or deputy or moderator or organiser"


async def test_by_the_citys_own_pages_no_scope_is_needed(issuer: Provider, gateway: Address) -> None:
    token = issuer.token(client_id="city-pages", grants=ORGANISER)
    assert (await gateway.ask(GROUPS, token, id=GID))["data"]["conference"]["groups"] == {"run": 1}


# Apps of the provider, as the city sees them ----------------------------------------------------------------------


class Registry:
    """What registration says of one app."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.asked = 0
        self.access: registration.AppAccess | Refusal = NotFound(what="app", id="")
        city.say(registration.GetAppAccess, self.answer)
        city.outcomes[registration.NoteApp] = self.note

    def answer(self, query: registration.GetAppAccess) -> registration.AppAccess | Refusal:
        self.asked += 1
        return self.access

    def note(self, command: registration.NoteApp) -> Done:
        if isinstance(self.access, NotFound):
            self.access = registration.AppAccess(status="APPROVED", scopes=None)
        return Done()

    @property
    def app(self) -> str:
        return self.noted[-1].app_id

    @property
    def noted(self) -> list[registration.NoteApp]:
        return [command for command, _ in self.city.commands if isinstance(command, registration.NoteApp)]


SUSPENDED = registration.AppAccess(status="SUSPENDED", scopes=None)


async def test_an_app_is_known_from_its_first_visit_on(city: City, issuer: Provider, gateway: Address) -> None:
    registry = Registry(city)
    for token in (issuer.token(), issuer.token(sub="ben"), issuer.token(sub="desk")):
        assert await status(gateway, token) == 200
    (note,) = registry.noted
    assert note.client == "desk"
    asked = registry.asked
    assert await status(gateway, issuer.token(client_id="city-pages", grants=ORGANISER)) == 200
    assert await status(gateway, city.issuer.staff()) == 200
    assert registry.asked == asked  # nobody asks about the city's own pages and tokens


async def test_a_suspended_app_is_refused_at_once_whomever_it_acts_for(
    city: City, issuer: Provider, gateway: Address
) -> None:
    registry = Registry(city)
    moderates = [{"role": "moderator", "scope": CONFERENCE}]
    theirs = issuer.token(grants=moderates, scope="session:live")
    by_itself, other = issuer.token(sub="desk"), issuer.token(grants=moderates, client_id="other", scope="session:live")
    assert await status(gateway, by_itself) == 200
    app = registry.app
    async with Client(gateway.url, theirs) as client, Client(gateway.url, other) as another:
        watching = client.subscribe("ConferenceChanges", {"conferenceId": GID})
        still = another.subscribe("ConferenceChanges", {"conferenceId": GID})
        await anext(watching)
        await anext(still)
        registry.access = SUSPENDED
        await city.tell(registration.AppAccessChanged(at=NOON, app_id=app, status="SUSPENDED"))
        with pytest.raises(Closed) as closed:
            await last(watching)
        assert closed.value.code == 4403
        assert [await status(gateway, token) for token in (theirs, by_itself)] == [401, 401]
        assert len(gateway.gateway.admission) == 1  # the other app's
    assert await status(gateway, issuer.token(client_id="city-pages", grants=ORGANISER)) == 200
    registry.access = registration.AppAccess(status="APPROVED", scopes=("session:live",))
    await city.tell(registration.AppAccessChanged(at=NOON, app_id=app, status="APPROVED"))
    async with asyncio.timeout(60):
        while await status(gateway, theirs) != 200:
            pass


async def test_what_the_city_approves_bounds_what_the_tokens_say(
    city: City, issuer: Provider, gateway: Address
) -> None:
    city.say(registration.GetAppAccess, lambda _: registration.AppAccess(status="APPROVED", scopes=("idea:read",)))
    token = issuer.token(grants=ORGANISER, scope="conference:read idea:read")
    answer = await gateway.ask(GROUPS, token, id=GID)
    assert answer["errors"][0]["extensions"]["needs"] == "scope conference:read"
    administers = await gateway.ask(VIEWER, issuer.token(sub="desk", scope="admin:session"))
    assert administers["data"]["viewer"] == {"kind": "APP", "grants": []}


async def test_an_answer_from_before_the_suspension_lets_nobody_in(
    city: City, issuer: Provider, gateway: Address
) -> None:
    clients = gateway.gateway.identity._clients
    assert clients is not None
    answers = [registration.AppAccess(status="APPROVED", scopes=None), SUSPENDED]

    def older(query: registration.GetAppAccess) -> registration.AppAccess:
        if len(answers) == 2:
            clients.forget(query.app_id)  # it is told while the answer is on its way
        return answers.pop(0)

    city.say(registration.GetAppAccess, older)
    assert await status(gateway, issuer.token()) == 401


async def test_while_registration_is_away_known_apps_go_on_and_new_ones_wait(
    city: City, issuer: Provider, gateway: Address
) -> None:
    assert await status(gateway, issuer.token()) == 200
    await city.parts["registration"].down()
    clients = gateway.gateway.identity._clients
    assert clients is not None
    for app, known in clients._known.items():
        clients._known[app] = known._replace(until=0.0)
    assert await status(gateway, issuer.token()) == 200
    assert await status(gateway, issuer.token(client_id="new")) == 503


START = """mutation($input: StartSessionInput!) { startSession(input: $input) {
  __typename ... on NotAllowed { needs } } }"""


async def test_an_app_by_itself_does_what_its_scopes_say(city: City, issuer: Provider, gateway: Address) -> None:
    given = {"idempotencyKey": "1", "conferenceId": GID}
    may = await gateway.ask(START, issuer.token(sub="desk", scope="admin:session"), input=given)
    assert may["data"]["startSession"]["__typename"] == "StartSessionSuccess"
    (command, context) = city.commands[-1]
    assert (context.actor.kind, type(command).__name__) == ("app", "StartSession")
    for scope in ("admin:ideas", "session:live", ""):
        refused = await gateway.ask(START, issuer.token(sub="desk", scope=scope), input=given)
        assert refused["data"]["startSession"]["__typename"] == "NotAllowed"
    assert len(city.commands) == 1


async def test_groups_of_the_provider_are_roles_here(city: City, issuer: Provider, nats_url: str, prefix: str) -> None:
    roles = {"team": ["organiser@city"]}
    async with running(nats_url, prefix, oidc_issuer=issuer.issuer, role_claim="groups", roles=roles) as gateway:
        answer = await gateway.ask(VIEWER, issuer.token(groups=["team", "canteen"]))
        assert answer["data"]["viewer"]["grants"] == ORGANISER
