# SPDX-License-Identifier: Apache-2.0
"""Twirp and tokens on the wire, as LiveKit's server reads and answers them."""

import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from livekit.protocol.room import ListRoomsRequest, ListRoomsResponse

PROTOBUF = {"Content-Type": "application/protobuf"}
JSON = {"Content-Type": "application/json"}
LIST = ListRoomsRequest(names=["contract-suite.none"]).SerializeToString()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def lister(server) -> dict[str, str]:
    return bearer(server.token(room_list=True))


def error_of(answer) -> tuple[int, str]:
    assert answer.kind.startswith("application/json")
    return answer.status, json.loads(answer.body)["code"]


async def test_protobuf_is_answered_in_protobuf(server, post, lister):
    answer = await post(server.path("ListRooms"), LIST, PROTOBUF | lister)
    assert (answer.status, answer.kind) == (200, "application/protobuf")
    assert list(ListRoomsResponse.FromString(answer.body).rooms) == []


async def test_json_is_answered_in_json_with_the_names_of_the_proto_file(server, post, room):
    headers = JSON | bearer(server.token(room_create=True))
    answer = await post(server.path("CreateRoom"), json.dumps({"name": room, "emptyTimeout": 60}).encode(), headers)
    assert (answer.status, answer.kind) == (200, "application/json")
    made = json.loads(answer.body)
    assert (made["name"], made["empty_timeout"], made["num_participants"]) == (room, 60, 0)
    assert isinstance(made["creation_time"], str)  # as protobuf's JSON writes 64 bits


async def test_fields_that_json_does_not_know_are_ignored(server, post, lister):
    answer = await post(server.path("ListRooms"), b'{"names": ["contract-suite.none"], "new": 1}', JSON | lister)
    assert answer.status == 200


async def test_a_charset_in_the_content_type_is_accepted(server, post, lister):
    headers = {"Content-Type": "application/json; charset=utf-8"} | lister
    assert (await post(server.path("ListRooms"), b"{}", headers)).status == 200


async def test_only_post_is_a_route(server, post, lister):
    assert error_of(await post(server.path("ListRooms"), b"", lister, verb="GET")) == (404, "bad_route")


async def test_an_unknown_method_is_no_route(server, post, lister):
    assert error_of(await post(server.path("NoSuchMethod"), LIST, PROTOBUF | lister)) == (404, "bad_route")


async def test_an_unknown_content_type_is_no_route(server, post, lister):
    headers = {"Content-Type": "text/plain"} | lister
    assert error_of(await post(server.path("ListRooms"), LIST, headers)) == (404, "bad_route")


async def test_a_bad_route_names_itself(server, post, lister):
    answer = await post(server.path("NoSuchMethod"), LIST, PROTOBUF | lister)
    told = json.loads(answer.body)["meta"]["twirp_invalid_route"]
    assert told == "POST /twirp/livekit.RoomService/NoSuchMethod"


async def test_an_unknown_service_is_not_found(server, post, lister):
    answer = await post(f"{server.http}/twirp/livekit.NoSuchService/ListRooms", LIST, PROTOBUF | lister)
    assert answer.status == 404


@pytest.mark.parametrize(("headers", "body"), [(PROTOBUF, b"\xff\xff"), (JSON, b"{")])
async def test_what_cannot_be_decoded_is_malformed(server, post, lister, headers, body):
    assert error_of(await post(server.path("ListRooms"), body, headers | lister)) == (400, "malformed")


async def test_a_request_without_a_token_misses_the_grant(server, post):
    answer = await post(server.path("ListRooms"), LIST, PROTOBUF)
    assert error_of(answer) == (401, "unauthenticated")
    assert json.loads(answer.body)["msg"] == "permissions denied"


async def test_a_token_in_the_address_counts_too(server, post):
    url = f"{server.path('ListRooms')}?access_token={server.token(room_list=True)}"
    assert (await post(url, LIST, PROTOBUF)).status == 200


@pytest.mark.parametrize(
    ("method", "body", "grants"),
    [
        ("CreateRoom", {"name": "contract-suite.x"}, {"room_list": True}),
        ("DeleteRoom", {"room": "contract-suite.x"}, {"room_admin": True, "room": "contract-suite.x"}),
        ("ListRooms", {}, {"room_create": True}),
        ("UpdateRoomMetadata", {"room": "contract-suite.x"}, {"room_admin": True, "room": "contract-suite.y"}),
        ("UpdateRoomMetadata", {"room": "contract-suite.x"}, {"room_create": True}),
        ("ListParticipants", {"room": "contract-suite.x"}, {"room_admin": True, "room": "contract-suite.y"}),
        ("GetParticipant", {"room": "contract-suite.x", "identity": "i"}, {"room_create": True}),
        ("UpdateParticipant", {"room": "contract-suite.x", "identity": "i"}, {"room_create": True}),
        ("ListRooms", {}, {"room_join": True, "room": "contract-suite.x"}),
    ],
)
async def test_without_its_grant_a_method_is_denied(server, post, method, body, grants):
    headers = JSON | bearer(server.token(**grants))
    answer = await post(server.path(method), json.dumps(body).encode(), headers)
    assert error_of(answer) == (401, "unauthenticated")


def signed(server, **claims) -> str:
    now = datetime.now(UTC)
    usual = {"iss": server.key, "sub": "s", "nbf": now, "exp": now + timedelta(minutes=5), "video": {"roomList": True}}
    kept = {name: value for name, value in (usual | claims).items() if value is not None}
    return jwt.encode(kept, server.secret, algorithm="HS256")


async def test_a_token_of_any_maker_is_accepted(server, post):
    assert (await post(server.path("ListRooms"), LIST, PROTOBUF | bearer(signed(server)))).status == 200


async def test_a_token_that_expired_a_few_seconds_ago_is_still_accepted(server, post):
    token = signed(server, exp=datetime.now(UTC) - timedelta(seconds=20))
    assert (await post(server.path("ListRooms"), LIST, PROTOBUF | bearer(token))).status == 200


BAD = {
    "no bearer": lambda server: {"Authorization": server.token(room_list=True)},
    "no token": lambda _: bearer("nonsense"),
    "unknown key": lambda server: bearer(server.token(key="nobody", room_list=True)),
    "wrong signature": lambda server: bearer(server.token(secret="w" * 40, room_list=True)),
    "expired": lambda server: bearer(signed(server, exp=datetime.now(UTC) - timedelta(minutes=5))),
    "not yet valid": lambda server: bearer(signed(server, nbf=datetime.now(UTC) + timedelta(minutes=5))),
    "without an end": lambda server: bearer(signed(server, exp=None)),
}


@pytest.mark.parametrize("case", BAD)
async def test_a_token_that_is_not_valid_is_refused_in_plain_text(server, post, case):
    answer = await post(server.path("ListRooms"), LIST, PROTOBUF | BAD[case](server))
    assert (answer.status, answer.kind.partition(";")[0]) == (401, "text/plain")


async def test_a_token_is_looked_at_before_the_message(server, post):
    headers = PROTOBUF | bearer("nonsense")
    assert (await post(server.path("ListRooms"), b"\xff\xff", headers)).status == 401


async def test_the_message_is_decoded_before_the_grant_is_looked_at(server, post):
    headers = PROTOBUF | bearer(server.token(room_create=True))
    assert error_of(await post(server.path("ListRooms"), b"\xff\xff", headers)) == (400, "malformed")
