# SPDX-License-Identifier: Apache-2.0
"""`expectedPosition`: what the client saw goes with a command, as a position or as those of a subscription."""

from typing import Any

from gateway.schema.relay import global_id
from services.chassis.contract import Position
from services.chassis.refusals import StateHasChanged
from services.contracts import session
from tests.gateway.city import CONFERENCE, City
from tests.gateway.conftest import Address
from tests.gateway.test_socket import INIT, hear, opened, say, subscribe

PAUSE = """mutation($input: PauseSessionInput!) { pauseSession(input: $input) {
  __typename ... on Refusal { code path message } ... on StateHasChanged { position } } }"""


async def pause(city: City, gateway: Address, seen: str | None) -> Any:
    given = {"idempotencyKey": "1", "conferenceId": global_id("Conference", CONFERENCE), "expectedPosition": seen}
    answer = await gateway.ask(PAUSE, city.issuer.staff(), input=given)
    return answer["data"]["pauseSession"]


async def test_a_position_or_several_say_what_the_client_saw(city: City, gateway: Address) -> None:
    several = "ideas/bbb:4,session/aaa:7"
    for seen, expected in (("session/aaa:7", Position("aaa", 7)), (several, Position("aaa", 7)), (None, None)):
        assert (await pause(city, gateway, seen))["__typename"] == "PauseSessionSuccess"
        assert city.commands[-1][1].expected == expected


async def test_a_position_of_another_service_and_what_is_none_are_named(city: City, gateway: Address) -> None:
    for seen in ("ideas/aaa:7", "x", "session/", "session/aaa:7\0", "session/aaa:\u0663"):
        refused = await pause(city, gateway, seen)
        assert (refused["code"], refused["path"]) == ("INVALID_INPUT", ["input", "expectedPosition"])
    nonsense = await pause(city, gateway, "session/yesterday")
    assert (nonsense["code"], nonsense["path"]) == ("INVALID_INPUT", ["input", "expectedPosition"])
    assert city.commands == []


async def test_who_decided_on_an_older_state_is_told_where_it_is_now(city: City, gateway: Address) -> None:
    city.outcomes[session.PauseSession] = lambda _: StateHasChanged(position="aaa:9")
    refused = await pause(city, gateway, "session/aaa:7")
    assert (refused["code"], refused["position"]) == ("STATE_HAS_CHANGED", "aaa:9")


WATCH = """subscription($id: ID!) { conferenceChanges(conferenceId: $id) { __typename ... on News { positions } } }"""


async def test_a_subscriber_is_told_what_goes_with_a_command(city: City, gateway: Address) -> None:
    async with opened(gateway) as socket:
        await say(socket, {**INIT, "payload": {"authorization": f"Bearer {city.issuer.staff()}"}})
        assert (await hear(socket))["type"] == "connection_ack"
        await say(socket, subscribe(WATCH, id=global_id("Conference", CONFERENCE)))
        told = (await hear(socket))["payload"]["data"]["conferenceChanges"]
    positions = dict(each.split("/") for each in told["positions"].split(","))
    assert {"session", "ideas", "rooms"} <= set(positions)
    assert (await pause(city, gateway, told["positions"]))["__typename"] == "PauseSessionSuccess"
    (context,) = [context for request, context in city.commands if isinstance(request, session.PauseSession)]
    assert context.expected == Position.parse(positions["session"])
