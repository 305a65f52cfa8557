# SPDX-License-Identifier: Apache-2.0
"""Join tokens for LiveKit, minted offline: joining depends neither on our rooms service nor on LiveKit's API.

The room's configuration travels in the token, so that LiveKit makes the room when the first person joins.
A token names ids only; whoever reads it learns no name.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from livekit import api

LIFETIME = timedelta(minutes=10)
"""Open-source LiveKit cannot revoke a token, so it must not live long; connected clients are renewed by LiveKit."""

EVENING_SECONDS = 6 * 3600
GROUP_SEATS = 12
PLENARY_SEATS = 120
"""Seats count connections: moves are made before the old connection breaks, and staff visit."""

Part = Literal["resident", "mentor", "moderator", "guest"]


@dataclass(frozen=True, slots=True)
class JoinToken:
    """A token and the instant (real time, UTC) from which it no longer opens the room."""

    token: str
    expires_at: datetime


def room_configuration(room: str, *, plenary: bool) -> api.RoomConfiguration:
    """How LiveKit keeps a room.

    A room that nobody has entered yet stays for the evening: after a crash LiveKit counts its age from the first
    creation.
    """
    return api.RoomConfiguration(
        name=room,
        empty_timeout=EVENING_SECONDS,
        departure_timeout=900 if plenary else 120,
        max_participants=PLENARY_SEATS if plenary else GROUP_SEATS,
    )


def sources_of(part: Part) -> list[str]:
    """What a person may publish from: residents and mentors do not share their screen."""
    screen = ["screen_share", "screen_share_audio"] if part in ("moderator", "guest") else []
    return ["microphone", "camera", *screen]


def mint(
    key: str,
    secret: str,
    *,
    room: str,
    identity: str,
    part: Part,
    plenary: bool,
    generation: int,
    muted: bool = False,
) -> JoinToken:
    """A token for one room and one person.

    Args:
        key, secret: of LiveKit's API.
        identity: the participant's or staff member's id.
        part: residents may not share their screen; nobody may rename themselves or administrate a room.
        generation: tells webhooks which placement the token belongs to.
        muted: whether they may only listen.
    """
    grants = api.VideoGrants(
        room_join=True,
        room=room,
        can_publish=not muted,
        can_publish_sources=sources_of(part),
        can_subscribe=True,
        can_publish_data=not muted,
        can_update_own_metadata=False,
    )
    token = (
        api.AccessToken(key, secret)
        .with_identity(identity)
        .with_attributes({"part": part, "generation": str(generation)})
        .with_ttl(LIFETIME)
        .with_grants(grants)
        .with_room_config(room_configuration(room, plenary=plenary))
    )
    return JoinToken(token.to_jwt(), datetime.now(UTC) + LIFETIME)
