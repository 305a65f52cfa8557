# SPDX-License-Identifier: Apache-2.0
"""Webhooks through the API: made, tested, watched, listed page by page; and refused where there are none."""

import asyncio
import json

import pytest

from gateway.schema.relay import global_id
from tests.gateway.conftest import running
from tests.gateway.webhooks.world import phase, until

CREATE = """
mutation ($input: CreateWebhookInput!) {
  createWebhook(input: $input) {
    __typename
    ... on CreateWebhookSuccess { webhookId signingSecret position }
    ... on WebhookAddressNotAllowed { needs }
    ... on Refusal { code message path }
  }
}
"""
LIST = """
query ($first: Int, $after: String, $owner: String) {
  webhooks(first: $first, after: $after, owner: $owner) { nodes { id owner url } pageInfo { hasNextPage endCursor } }
}
"""
WEBHOOK = """
query ($id: ID!, $first: Int, $after: String) {
  node(id: $id) { ... on Webhook {
    owner url types conferenceIds districtIds seriesIds status failingSince bothSecretsUntil
    deliveries(first: $first, after: $after) {
      nodes { id messageId type purpose state body attempts { number status problem milliseconds answer } }
      pageInfo { hasNextPage endCursor }
    }
  } }
}
"""
DISTRICT = "RGlzdHJpY3Q6ZDFkMWQxZDFkMWQxZDFkMWQxZDFkMWQxZDFkMWQxZDE="


@pytest.fixture
def organiser(city):
    return city.issuer.staff(role="organiser", scope="city")


@pytest.fixture
async def gateway(city, world, nats_url, prefix):
    async with running(nats_url, prefix, database_url=world.dsn, webhooks_to_loopback=True) as address:
        webhooks = address.gateway.backends.webhooks
        await until(lambda: webhooks.readiness()["problem"] is None)
        yield address


def wanted(url, key="k1", **more):
    return {"idempotencyKey": key, "owner": "open-data", "url": url, **more}


async def test_a_webhook_is_made_tested_and_its_delivery_watched(gateway, organiser, receiver):
    said = await gateway.ask(
        CREATE, organiser, input=wanted(receiver.url, types=["PHASE_STARTED"], districtIds=[DISTRICT])
    )
    made = said["data"]["createWebhook"]
    assert made["signingSecret"].startswith("whsec_")
    test = """
    mutation ($input: TestWebhookInput!) {
      testWebhook(input: $input) { ... on TestWebhookSuccess { deliveryId } ... on Refusal { code } }
    }
    """
    said = await gateway.ask(test, organiser, input={"idempotencyKey": "t", "webhookId": made["webhookId"]})
    delivery = said["data"]["testWebhook"]["deliveryId"]
    (post,) = await receiver.got(1)
    assert post.is_signed_with(made["signingSecret"])
    watch = "query ($id: ID!) { node(id: $id) { ... on WebhookDelivery { state type attempts { status problem } } } }"

    async def watched():
        return (await gateway.ask(watch, organiser, id=delivery))["data"]["node"]

    async def done():
        return (await watched())["state"] != "PENDING"

    await until(done)
    assert await watched() == {"state": "DELIVERED", "type": "ping", "attempts": [{"status": 204, "problem": None}]}
    shown = (await gateway.ask(WEBHOOK, organiser, id=made["webhookId"]))["data"]["node"]
    assert shown["types"] == ["PHASE_STARTED"]
    assert shown["districtIds"] == [DISTRICT]
    assert shown["status"] == "ACTIVE"
    assert json.loads(shown["deliveries"]["nodes"][0]["body"])["type"] == "ping"


async def test_an_app_is_named_as_owner_by_the_id_that_it_was_told(gateway, organiser, receiver):
    app = "ab" * 16
    for key, owner in (("k1", app), ("k2", global_id("App", app))):
        answer = await gateway.ask(CREATE, organiser, input=wanted(receiver.url, key, owner=owner))
        assert answer["data"]["createWebhook"]["__typename"] == "CreateWebhookSuccess"
    for owner in (app, global_id("App", app)):
        nodes = (await gateway.ask(LIST, organiser, owner=owner))["data"]["webhooks"]["nodes"]
        assert [node["owner"] for node in nodes] == [app, app]


UPDATE = """
mutation ($input: UpdateWebhookInput!) {
  updateWebhook(input: $input) {
    __typename
    ... on UpdateWebhookSuccess { position }
    ... on StateHasChanged { position }
    ... on Refusal { code path }
  }
}
"""


async def test_of_two_who_change_a_webhook_by_the_same_picture_one_looks_again(gateway, organiser, receiver):
    """Given a webhook that two consoles show, when both change it, then the second one is told that it has changed."""
    made = (await gateway.ask(CREATE, organiser, input=wanted(receiver.url)))["data"]["createWebhook"]
    webhook = made["webhookId"]
    stands = "query ($id: ID!) { node(id: $id) { ... on Webhook { position } } }"
    seen = (await gateway.ask(stands, organiser, id=webhook))["data"]["node"]["position"]
    assert seen == made["position"]

    async def change(key, **more):
        given = {"idempotencyKey": key, "webhookId": webhook, "expectedPosition": seen, **more}
        return (await gateway.ask(UPDATE, organiser, input=given))["data"]["updateWebhook"]

    both = await asyncio.gather(change("a", active=False), change("b", types=["PHASE_ENDED"]))
    assert sorted(each["__typename"] for each in both) == ["StateHasChanged", "UpdateWebhookSuccess"]
    now = (await gateway.ask(stands, organiser, id=webhook))["data"]["node"]["position"]
    assert {each["position"].removeprefix("gateway/") for each in both} == {now.removeprefix("gateway/")} != {seen}
    # A repetition is answered as the first time, whatever has changed meanwhile.
    first, again = (("a", {"active": False}), both[0]) if "Success" in both[0]["__typename"] else (
        ("b", {"types": ["PHASE_ENDED"]}), both[1]
    )  # fmt: skip
    assert await change(first[0], **first[1]) == again
    elsewhere = await change("c", expectedPosition=f"gateway/{'99' * 16}:9")
    assert elsewhere["__typename"] == "StateHasChanged"
    nonsense = await change("d", expectedPosition="gateway/nonsense")
    assert (nonsense["code"], nonsense["path"]) == ("INVALID_INPUT", ["input", "expectedPosition"])


async def test_lists_come_page_by_page(gateway, organiser, receiver, world):
    for number in range(5):
        await gateway.ask(CREATE, organiser, input=wanted(f"{receiver.url}/{number}", f"k{number}"))
    urls, after = [], None
    for _ in range(3):
        page = (await gateway.ask(LIST, organiser, first=2, after=after))["data"]["webhooks"]
        urls += [node["url"][-1] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert urls == list("01234")
    assert not page["pageInfo"]["hasNextPage"]
    assert (await gateway.ask(LIST, organiser, owner="nobody"))["data"]["webhooks"]["nodes"] == []
    webhook = (await gateway.ask(LIST, organiser, first=1))["data"]["webhooks"]["nodes"][0]["id"]
    await world.tell(*(phase(run, "c0" * 16) for run in range(1, 6)))
    await receiver.got(25)
    runs, after = [], None
    for _ in range(3):
        page = (await gateway.ask(WEBHOOK, organiser, id=webhook, first=2, after=after))["data"]["node"]["deliveries"]
        runs += [json.loads(node["body"])["data"]["run"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert runs == [5, 4, 3, 2, 1]


@pytest.mark.parametrize("url", ["http://example.org/", "https://169.254.169.254/latest", "https://me:pw@example.org/"])
async def test_an_address_inside_is_refused_with_what_it_needs(gateway, organiser, url):
    said = (await gateway.ask(CREATE, organiser, input=wanted(url)))["data"]["createWebhook"]
    assert (said["code"], bool(said["needs"])) == ("WEBHOOK_ADDRESS_NOT_ALLOWED", True)


async def test_nobody_but_the_organisers_of_the_city_and_apps_may(gateway, city, receiver, organiser):
    made = (await gateway.ask(CREATE, organiser, input=wanted(receiver.url)))["data"]["createWebhook"]
    for token in (None, city.issuer.resident(), city.issuer.staff(), city.issuer.staff(role="organiser")):
        said = await gateway.ask(CREATE, token, input=wanted(receiver.url, "k2"))
        assert said["data"]["createWebhook"]["code"] == "NOT_ALLOWED"
        said = await gateway.ask(LIST, token)
        assert said["errors"][0]["extensions"]["code"] == "NOT_ALLOWED"
        said = await gateway.ask(WEBHOOK, token, id=made["webhookId"])
        assert said["data"]["node"] is None


async def test_everybody_may_see_what_is_told(gateway):
    said = await gateway.ask("{ webhookEventKinds { type version description example jsonSchema } }")
    kinds = {kind["type"]: kind for kind in said["data"]["webhookEventKinds"]}
    assert json.loads(kinds["phase.started"]["example"])["data"]["phase"] == "exchange"
    assert "$ref" in json.loads(kinds["phase.started"]["jsonSchema"])


async def test_without_a_database_there_are_none_and_everything_else_goes_on(city, nats_url, prefix):
    token = city.issuer.staff(role="organiser", scope="city")
    async with running(nats_url, prefix) as gateway:
        said = await gateway.ask(CREATE, token, input=wanted("https://example.org/"))
        assert said["data"]["createWebhook"]["__typename"] == "WebhooksNotOffered"
        said = await gateway.ask(LIST, token)
        assert said["errors"][0]["extensions"]["code"] == "WEBHOOKS_NOT_OFFERED"
        assert (await gateway.http.get("/readyz")).json()["webhooks"] is None


async def test_while_the_database_is_away_webhooks_are_unavailable_and_the_gateway_is_ready(city, nats_url, prefix):
    token = city.issuer.staff(role="organiser", scope="city")
    async with running(nats_url, prefix, database_url="postgresql://nobody@127.0.0.1:9/nothing") as gateway:
        said = await gateway.ask(CREATE, token, input=wanted("https://example.org/"))
        assert said["data"]["createWebhook"]["__typename"] == "Unavailable"
        ready = await gateway.http.get("/readyz")
        assert ready.status_code == 200
        await until(lambda: gateway.gateway.backends.webhooks.readiness()["problem"].startswith("the database"))
