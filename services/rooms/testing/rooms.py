# SPDX-License-Identifier: Apache-2.0
"""The rooms of the double: what LiveKit keeps in its store, and which of them live in a node's memory."""

import secrets
import time
from collections.abc import Collection
from typing import Final

from livekit.protocol.models import ParticipantInfo, ParticipantPermission, Room
from livekit.protocol.room import CreateRoomRequest

from services.rooms.testing.twirp import TwirpError

EMPTY_TIMEOUT_SECONDS: Final = 300
DEPARTURE_TIMEOUT_SECONDS: Final = 20
MOST_NAME_BYTES: Final = 256
MOST_METADATA_BYTES: Final = 512 * 1024
_LETTERS: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class Rooms:
    """All rooms by name. A room in the store that no node has in memory is a ghost of a crash."""

    def __init__(self) -> None:
        self._stored: dict[str, Room] = {}
        self._living: set[str] = set()
        self._people: dict[tuple[str, str], ParticipantInfo] = {}

    def create(self, wish: CreateRoomRequest) -> Room:
        """A new room; a living one as it is, whatever the wish says; a ghost, revived with what the wish sets.

        Raises:
            TwirpError: `invalid_argument`, or `internal` for a recording, which needs an egress service.
        """
        if wish.HasField("egress"):
            raise TwirpError("internal", "egress not connected (redis required)")
        if len(wish.name.encode()) > MOST_NAME_BYTES:
            raise TwirpError("invalid_argument", f"room name length exceeds limits: max length {MOST_NAME_BYTES}")
        if wish.name in self._living:
            return _copy(self._stored[wish.name])
        if wish.room_preset:
            raise TwirpError("invalid_argument", "unknown room configuration in create room request")
        room = self._stored.setdefault(wish.name, _new(wish.name))
        room.empty_timeout = wish.empty_timeout or room.empty_timeout
        room.departure_timeout = wish.departure_timeout or room.departure_timeout
        room.max_participants = wish.max_participants or room.max_participants
        room.metadata = wish.metadata or room.metadata
        self._living.add(wish.name)
        return _copy(room)

    def list(self, names: Collection[str] = ()) -> list[Room]:
        """The rooms of these names, or all; ghosts are among them."""
        return [_copy(room) for name, room in self._stored.items() if not names or name in names]

    def delete(self, name: str) -> None:
        """Closes a room.

        Raises:
            TwirpError: `not_found`; `unknown` for a ghost, which nobody can close before it is created again.
        """
        self._existing(name)
        if name not in self._living:
            raise TwirpError("unknown", "could not find object")
        self._living.remove(name)
        for identity in self.people(name):
            self.leave(name, identity)
        del self._stored[name]

    def update_metadata(self, name: str, metadata: str) -> Room:
        """Sets the metadata; a ghost is revived by that.

        Raises:
            TwirpError: `not_found`.
        """
        room = self._existing(name)
        self._living.add(name)
        room.metadata = metadata
        return _copy(room)

    def enter(self, name: str, identity: str) -> None:
        """What a client does with its token; the double has no signalling, so tests put people into rooms."""
        permission = ParticipantPermission(can_subscribe=True, can_publish=True, can_publish_data=True)
        self._people[name, identity] = ParticipantInfo(identity=identity, permission=permission)

    def people(self, name: str) -> dict[str, ParticipantInfo]:
        """Who is in a room, by identity."""
        return {identity: info for (room, identity), info in self._people.items() if room == name}

    def person(self, name: str, identity: str) -> ParticipantInfo:
        """One who is in a room.

        Raises:
            TwirpError: `not_found`.
        """
        info = self._people.get((name, identity))
        if info is None:
            raise TwirpError("not_found", "participant does not exist")
        return info

    def leave(self, name: str, identity: str) -> None:
        """Puts somebody out of a room.

        Raises:
            TwirpError: `not_found`.
        """
        self.person(name, identity)
        del self._people[name, identity]

    def crash(self) -> None:
        """The node dies and its successor knows nothing: rooms stay listed as ghosts."""
        self._living.clear()

    def restart(self) -> None:
        """The only node starts again, and there is no Redis: everything is gone."""
        self._living.clear()
        self._stored.clear()
        self._people.clear()

    def _existing(self, name: str) -> Room:
        room = self._stored.get(name)
        if room is None:
            raise TwirpError("not_found", "requested room does not exist")
        return room


def _new(name: str) -> Room:
    now = time.time()
    return Room(
        sid="RM_" + "".join(secrets.choice(_LETTERS) for _ in range(12)),
        name=name,
        creation_time=int(now),
        creation_time_ms=int(now * 1000),
        empty_timeout=EMPTY_TIMEOUT_SECONDS,
        departure_timeout=DEPARTURE_TIMEOUT_SECONDS,
    )


def _copy(room: Room) -> Room:
    copied = Room()
    copied.CopyFrom(room)
    return copied
