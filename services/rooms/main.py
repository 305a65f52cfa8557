# SPDX-License-Identifier: Apache-2.0
"""Rooms as a process: `quartier serve rooms`."""

from services.chassis.database import migrations_of
from services.chassis.service import Runtime, Service
from services.chassis.settings import Settings, load_settings
from services.rooms.adapters.livekit import LiveKitRooms
from services.rooms.adapters.provisioning import provision
from services.rooms.api import api
from services.rooms.domain.arrival import ARRIVAL
from services.rooms.domain.venue import VENUE
from services.rooms.policies import policies
from services.rooms.publishing import publish
from services.rooms.readmodel.room_work import ROOM_WORK
from services.rooms.readmodel.venues import VENUES
from services.rooms.settings import RoomsSettings


async def follow_placements(runtime: Runtime) -> None:
    """Lets LiveKit make and close rooms, where there is a LiveKit."""
    settings = runtime.settings
    if not isinstance(settings, RoomsSettings) or settings.livekit_url is None or settings.livekit_api_secret is None:
        return
    secret = settings.livekit_api_secret.get_secret_value()
    async with LiveKitRooms(settings.livekit_url, settings.livekit_api_key or "", secret) as rooms:
        await provision(runtime.db, rooms)


def build(settings: Settings) -> Service:
    """The service with these settings."""
    return Service(
        name="rooms",
        settings=settings,
        deciders=(VENUE, ARRIVAL),
        api=api,
        policies=policies,
        publish=publish,
        projections=(VENUES, ROOM_WORK),
        loops=(follow_placements,),
        migrations=(migrations_of("services.rooms"),),
    )


def main() -> int:
    """Runs until SIGTERM; the exit status."""
    return build(load_settings(RoomsSettings)).main()


if __name__ == "__main__":
    raise SystemExit(main())
