# SPDX-License-Identifier: Apache-2.0
"""What a running replica does by itself: sign-in on a laptop, deadlines, other services' events."""

import json

import httpx
import jwt
import pytest

from services.contracts import registration as contract


def sign_in_url(city):
    return f"http://127.0.0.1:{city.replicas[0].health.port}/local/sign-in"


async def test_a_laptop_signs_staff_in(laptop_city):
    city = laptop_city
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(sign_in_url(city), json={"role": "moderator", "name": "Mira"})
        again = await client.post(sign_in_url(city), json={"role": "moderator", "name": "Mira"})
    assert answer.status_code == 200, answer.text
    staff_id = answer.json()["staff_id"]
    assert again.json()["staff_id"] == staff_id
    keys = await city.done(contract.GetJsonWebKeys())
    key = jwt.PyJWK(keys.keys[0]).key
    claims = jwt.decode(answer.json()["token"], key, algorithms=["ES256"], audience="quartier", issuer=keys.issuer)
    assert (claims["sub"], claims["kind"]) == (staff_id, "staff")
    assert claims["grants"] == [{"role": "moderator", "scope": "city"}]
    assert claims["exp"] - claims["iat"] == 12 * 3600


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Content-Type": "text/plain"}])
async def test_a_web_page_cannot_sign_in(laptop_city, headers):
    body = json.dumps({"role": "organiser"})
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(
            sign_in_url(laptop_city), content=body, headers={"Content-Type": "application/json", **headers}
        )
    assert answer.status_code == 403


async def test_without_the_setting_there_is_no_sign_in(city):
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(sign_in_url(city), json={"role": "organiser"})
    assert answer.status_code == 404


async def test_nobody_signs_in_to_a_conference_that_does_not_exist(laptop_city):
    async with httpx.AsyncClient(trust_env=False) as client:
        wish = {"role": "moderator", "conference_id": "f" * 32}
        answer = await client.post(sign_in_url(laptop_city), json=wish)
    assert answer.status_code == 422
