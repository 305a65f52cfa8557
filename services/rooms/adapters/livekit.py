# SPDX-License-Identifier: Apache-2.0
"""LiveKit's room service with deadlines and retries of our own.

livekit-api 1.2 ignores its `timeout` (it hands aiohttp an explicit None) and retries nothing on self-hosted servers.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
from livekit import api
from livekit.api.room_service import RoomService

from services.rooms.adapters.tokens import room_configuration, sources_of

T = TypeVar("T")

DEADLINE_SECONDS = 3.0
TRIES = 3
RETRYABLE = frozenset({408, 429, 500, 502, 503, 504})
PROBE_ROOM = "__probe__"


class VideoUnavailable(Exception):
    """LiveKit did not do what was asked, now; the text says which call and why, without any token."""


class LiveKitRooms:
    """The rooms of one LiveKit cluster.

    Args:
        url: of the cluster, ws(s):// or http(s)://.
        key, secret: of its API.
        deadline: seconds one call may take.
    """

    def __init__(self, url: str, key: str, secret: str, *, deadline: float = DEADLINE_SECONDS) -> None:
        self._url, self._key, self._secret, self._deadline = url, key, secret, deadline
        self._api: api.LiveKitAPI | None = None

    async def __aenter__(self) -> Self:
        self._api = api.LiveKitAPI(self._url, self._key, self._secret)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._api is not None:
            await self._api.aclose()

    @property
    def _room(self) -> RoomService:
        if self._api is None:
            raise RuntimeError("LiveKitRooms is used as an async context manager")
        return self._api.room

    async def ensure(self, room: str, *, plenary: bool) -> None:
        """Makes the room unless it exists.

        Raises:
            VideoUnavailable: it could not be made; joining still works, the token carries the room's configuration.
        """
        made = room_configuration(room, plenary=plenary)
        request = api.CreateRoomRequest(
            name=room,
            empty_timeout=made.empty_timeout,
            departure_timeout=made.departure_timeout,
            max_participants=made.max_participants,
        )
        await self._try("CreateRoom", lambda: self._room.create_room(request))

    async def delete(self, room: str) -> None:
        """Closes the room and disconnects whoever is left in it; a room that does not exist is closed.

        Raises:
            VideoUnavailable: it could not be closed; it closes by itself some time after the last person left.
        """
        request = api.DeleteRoomRequest(room=room)
        await self._try("DeleteRoom", lambda: self._room.delete_room(request), gone_is_done=True)

    async def let_speak(self, room: str, identity: str, *, speak: bool) -> None:
        """Lets a resident who is in the room publish, or only listen; who is not there needs nothing.

        Raises:
            VideoUnavailable: it could not be changed; the next token says it too.
        """
        permission = api.ParticipantPermission(
            can_subscribe=True,
            can_publish=speak,
            can_publish_data=speak,
            can_publish_sources=[source.upper() for source in sources_of("resident")],
        )
        request = api.UpdateParticipantRequest(room=room, identity=identity, permission=permission)
        await self._try("UpdateParticipant", lambda: self._room.update_participant(request), gone_is_done=True)

    async def put_out(self, room: str, identity: str) -> None:
        """Disconnects a person; who is not there is out.

        Raises:
            VideoUnavailable: they could not be disconnected.
        """
        request = api.RoomParticipantIdentity(room=room, identity=identity)
        await self._try("RemoveParticipant", lambda: self._room.remove_participant(request), gone_is_done=True)

    async def probe(self) -> None:
        """Asks for a room that does not exist, to learn whether LiveKit answers and accepts our key.

        Raises:
            VideoUnavailable: it does not.
        """
        request = api.ListRoomsRequest(names=[PROBE_ROOM])
        await self._try("ListRooms", lambda: self._room.list_rooms(request), tries=1)

    async def _try(
        self, name: str, call: Callable[[], Awaitable[object]], *, gone_is_done: bool = False, tries: int = TRIES
    ) -> None:
        for attempt in range(1, tries + 1):
            try:
                async with asyncio.timeout(self._deadline):
                    await call()
            except api.TwirpError as error:
                if gone_is_done and error.status == 404:
                    return
                problem, again = f"{error.status} {error.code}", error.status in RETRYABLE
            except (TimeoutError, aiohttp.ClientError) as error:
                problem, again = type(error).__name__, True
            else:
                return
            if not again or attempt == tries:
                raise VideoUnavailable(f"{name}: {problem}")
            # Full jitter: replicas that failed together do not come back together.
            await asyncio.sleep(random.uniform(0.2, 0.4 * 2**attempt))  # noqa: S311
