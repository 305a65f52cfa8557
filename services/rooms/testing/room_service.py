# SPDX-License-Identifier: Apache-2.0
"""`livekit.RoomService`: its methods, the grants they ask for, and their route.

Only those are in a room of this double whom a test put there (`Rooms.enter`). The methods that LiveKit sends to a node
instead of its store (SendData, MutePublishedTrack, UpdateSubscriptions, ForwardParticipant, MoveParticipant,
PerformRpc) are unknown to it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from livekit.protocol import room as messages
from starlette.requests import Request
from starlette.responses import Response

from services.rooms.testing.access import Claims, may_administrate, may_create, may_list
from services.rooms.testing.rooms import MOST_METADATA_BYTES, Rooms
from services.rooms.testing.twirp import TwirpError, bad_route, decode, encode, encoding_of

PREFIX = "/twirp/livekit.RoomService"


@dataclass(frozen=True)
class Method:
    """One method: what it reads and what it does, `do(request, claims) -> answer`; raises TwirpError."""

    reads: type[Message]
    do: Callable[[Any, Claims], Message]


def methods(rooms: Rooms) -> Mapping[str, Method]:
    """The methods over these rooms, by name."""

    def create_room(request: messages.CreateRoomRequest, claims: Claims) -> Message:
        may_create(claims)
        return rooms.create(request)

    def list_rooms(request: messages.ListRoomsRequest, claims: Claims) -> Message:
        may_list(claims)
        return messages.ListRoomsResponse(rooms=rooms.list(request.names))

    def delete_room(request: messages.DeleteRoomRequest, claims: Claims) -> Message:
        may_create(claims)
        rooms.delete(request.room)
        return messages.DeleteRoomResponse()

    def update_room_metadata(request: messages.UpdateRoomMetadataRequest, claims: Claims) -> Message:
        _check_size(request.metadata)
        may_administrate(claims, request.room)
        return rooms.update_metadata(request.room, request.metadata)

    def list_participants(request: messages.ListParticipantsRequest, claims: Claims) -> Message:
        may_administrate(claims, request.room)  # a room that does not exist is as empty as any
        return messages.ListParticipantsResponse(participants=rooms.people(request.room).values())

    def find_participant(request: messages.RoomParticipantIdentity, claims: Claims) -> Message:
        may_administrate(claims, request.room)
        return rooms.person(request.room, request.identity)

    def remove_participant(request: messages.RoomParticipantIdentity, claims: Claims) -> Message:
        may_administrate(claims, request.room)
        rooms.leave(request.room, request.identity)
        return messages.RemoveParticipantResponse()

    def update_participant(request: messages.UpdateParticipantRequest, claims: Claims) -> Message:
        _check_size(request.metadata)
        may_administrate(claims, request.room)
        info = rooms.person(request.room, request.identity)
        if request.HasField("permission"):
            info.permission.CopyFrom(request.permission)
        return info

    return {
        "CreateRoom": Method(messages.CreateRoomRequest, create_room),
        "ListRooms": Method(messages.ListRoomsRequest, list_rooms),
        "DeleteRoom": Method(messages.DeleteRoomRequest, delete_room),
        "UpdateRoomMetadata": Method(messages.UpdateRoomMetadataRequest, update_room_metadata),
        "ListParticipants": Method(messages.ListParticipantsRequest, list_participants),
        "GetParticipant": Method(messages.RoomParticipantIdentity, find_participant),
        "RemoveParticipant": Method(messages.RoomParticipantIdentity, remove_participant),
        "UpdateParticipant": Method(messages.UpdateParticipantRequest, update_participant),
    }


def endpoint(served: Mapping[str, Method]) -> Callable[[Request], Awaitable[Response]]:
    """Answers everything under `PREFIX`; the request's claims are in `request.state.claims`."""

    async def answer(request: Request) -> Response:
        try:
            return await _answer(request, served)
        except TwirpError as error:
            return error.response()

    return answer


async def _answer(request: Request, served: Mapping[str, Method]) -> Response:
    verb, path = request.method, request.url.path
    if verb != "POST":
        raise bad_route(f'unsupported method "{verb}" (only POST is allowed)', verb, path)
    method = served.get(path.removeprefix(f"{PREFIX}/"))
    if method is None:
        raise bad_route(f'no handler for path "{path}"', verb, path)
    content_type = request.headers.get("content-type", "")
    encoding = encoding_of(content_type)
    if encoding is None:
        raise bad_route(f'unexpected Content-Type: "{content_type}"', verb, path)
    wish = decode(await request.body(), encoding, method.reads)
    return encode(method.do(wish, request.state.claims), encoding)


def _check_size(metadata: str) -> None:
    if len(metadata.encode()) > MOST_METADATA_BYTES:
        raise TwirpError("invalid_argument", f"metadata size exceeds limits {MOST_METADATA_BYTES}")
