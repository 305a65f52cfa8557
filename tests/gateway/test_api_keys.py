# SPDX-License-Identifier: Apache-2.0
"""API keys at the door: what they open, how rarely registration is asked, and how they end at once."""

import asyncio
import hashlib
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.identity import api_keys
from gateway.limits.budget import APPS_AT_ONCE
from gateway.limits.gcra import Gcra
from gateway.schema.relay import global_id
from services.chassis.decider import Refusal
from services.chassis.refusals import NotFound
from services.contracts import registration
from services.registration.adapters.secrets import Secrets
from tests.gateway.city import CONFERENCE, START, City
from tests.gateway.conftest import Address
from tests.gateway.test_socket import INIT, ended, hear, opened, say

APP, KEY = "ab" * 16, "00000001"
GID = global_id("Conference", CONFERENCE)
TEXT, HASH = Secrets(b"k" * 32).app_key(APP, KEY)
VIEWER = "{ viewer { kind person { id } grants { role } } }"
GROUPS = "query($id: ID!) { conference(id: $id) { groups { run } details { title } } }"


class Registry:
    """What registration says of keys."""

    def __init__(self, city: City, *scopes: registration.Scope) -> None:
        self.city = city
        self.asked = 0
        self.key: registration.AppKey | None = registration.AppKey(
            secret_hash=HASH, scopes=scopes, expires_at=datetime.now(UTC) + timedelta(days=1)
        )
        city.say(registration.GetAppKey, self.answer)

    def answer(self, query: registration.GetAppKey) -> registration.AppKey | Refusal:
        self.asked += 1
        known = self.key is not None and (query.app_id, query.key_id) == (APP, KEY)
        return self.key if known and self.key else NotFound(what="key", id=query.key_id)

    async def end(self) -> None:
        """The key is revoked, as registration tells it."""
        self.key = None
        await self.city.tell(registration.AppAccessChanged(at=START, app_id=APP))


async def status(gateway: Address, key: str) -> int:
    headers = {"authorization": f"Bearer {key}"}
    return (await gateway.http.post("/graphql", json={"query": "{ __typename }"}, headers=headers)).status_code


async def test_a_key_is_of_an_app_within_its_scopes(city: City, gateway: Address) -> None:
    Registry(city, "admin:session")
    assert (await gateway.ask(VIEWER, TEXT))["data"]["viewer"] == {
        "kind": "APP", "person": None, "grants": [{"role": "organiser"}],
    }  # fmt: skip
    answer = await gateway.ask(GROUPS, TEXT, id=GID)
    assert answer["data"]["conference"] == {"groups": None, "details": {"title": "Stühlinger spricht"}}
    assert answer["errors"][0]["extensions"]["needs"] == "scope conference:read"


async def test_registration_is_asked_once_a_minute_and_told_of_the_use_once_a_day(city: City, gateway: Address) -> None:
    registry = Registry(city, "idea:read")
    for _ in range(5):
        assert await status(gateway, TEXT) == 200
    assert registry.asked == 1
    async with asyncio.timeout(60):
        while not city.commands:  # noqa: ASYNC110 -- it is told beside the answer
            await asyncio.sleep(0.01)
    notes = [request for request, _ in city.commands]
    today = datetime.now(UTC).date().isoformat()
    assert notes == [registration.NoteAppKeyUse(app_id=APP, key_id=KEY, day=today)]


def forged(secret: str = "0" * 40, key: str = KEY) -> str:
    text = f"qt_live_{APP}{key}_{secret}"
    return f"{text}{zlib.crc32(text.encode()):08x}"


async def test_a_made_up_key_is_refused_without_asking_and_a_well_formed_one_by_its_hash(
    city: City, gateway: Address
) -> None:
    registry = Registry(city, "idea:read")
    for wrong in ("qt_live_", TEXT[:-1], TEXT[:-1] + ("0" if TEXT[-1] != "0" else "1"), TEXT.upper(), "qt_test_x"):
        assert await status(gateway, wrong) == 401
    assert registry.asked == 0
    assert await status(gateway, forged()) == 401
    assert await status(gateway, forged(key="00000002")) == 401
    assert await status(gateway, TEXT) == 200


async def test_made_up_keys_do_not_flood_registration(city: City, gateway: Address) -> None:
    registry = Registry(city, "idea:read")
    gateway.gateway._api_keys._questions = Gcra(0.001, 5)
    found = [await status(gateway, forged(key=f"{number:08x}")) for number in range(2, 12)]
    assert found == [401] * 5 + [503] * 5
    assert registry.asked == 5


async def test_made_up_keys_do_not_hold_up_those_that_were_good_a_moment_ago(
    city: City, gateway: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    Registry(city, "idea:read")
    monkeypatch.setattr(api_keys, "KEEP_SECONDS", -1.0)  # asked about each time
    assert await status(gateway, TEXT) == 200
    gateway.gateway._api_keys._questions = Gcra(0.001, 1)
    assert [await status(gateway, forged(key=f"{number:08x}")) for number in (2, 3)] == [401, 503]
    assert await status(gateway, TEXT) == 200


async def test_an_expired_key_is_refused(city: City, gateway: Address) -> None:
    registry = Registry(city, "idea:read")
    registry.key = registration.AppKey(
        secret_hash=HASH, scopes=("idea:read",), expires_at=datetime.now(UTC) - timedelta(seconds=1)
    )
    assert await status(gateway, TEXT) == 401


async def test_a_revoked_key_ends_at_once_and_its_connections_with_it(city: City, gateway: Address) -> None:
    registry = Registry(city, "session:live")
    init: dict[str, Any] = {**INIT, "payload": {"authorization": f"Bearer {TEXT}"}}
    async with opened(gateway) as socket:
        await say(socket, init)
        assert (await hear(socket))["type"] == "connection_ack"
        await registry.end()
        assert (await ended(socket))[0] == 4403
    assert await status(gateway, TEXT) == 401


async def test_while_registration_is_away_known_keys_hold_and_others_wait(city: City, gateway: Address) -> None:
    Registry(city, "idea:read")
    assert await status(gateway, TEXT) == 200
    await city.parts["registration"].down()
    assert await status(gateway, TEXT) == 200
    assert await status(gateway, forged(key="00000002")) == 503


def test_what_the_gateway_compares_is_what_registration_stores():
    assert hashlib.sha256(TEXT[-48:-8].encode()).hexdigest() == HASH


async def test_a_key_that_is_revoked_while_it_is_asked_about_opens_nothing(city: City, gateway: Address) -> None:
    registry = Registry(city, "admin:session")
    first = registry.answer

    def revoked_meanwhile(query: registration.GetAppKey) -> registration.AppKey | Refusal:
        told = first(query)  # read before the key was revoked, arrives after that was told
        if registry.key is not None:
            registry.key = None
            gateway.gateway.identity.forget_app(APP)
        return told

    city.say(registration.GetAppKey, revoked_meanwhile)
    assert await status(gateway, TEXT) == 401
    assert registry.asked == 2


async def test_few_apps_are_registered_from_one_address(city: City, gateway: Address) -> None:
    fields = (
        '{idempotencyKey: "%s", name: "Z", contactName: "F", contactEmail: "f@z.example", purpose: "x",'
        ' licence: "x", scopes: [IDEA_READ]}'
    )
    one = "%s: registerApp(input: %s) { __typename ... on Busy { retryAfterMs } }"
    city.outcomes[registration.RegisterApp] = lambda _: registration.AppAccepted(app_id="f" * 32, secret="s")
    each = " ".join(one % (f"a{number}", fields % number) for number in range(APPS_AT_ONCE + 2))
    answers = list((await gateway.ask("mutation {" + each + "}"))["data"].values())
    assert [answer["__typename"] for answer in answers] == ["RegisterAppSuccess"] * APPS_AT_ONCE + ["Busy"] * 2
    assert 600_000 < answers[-1]["retryAfterMs"] <= 720_000
    assert len(city.commands) == APPS_AT_ONCE
