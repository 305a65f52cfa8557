# SPDX-License-Identifier: Apache-2.0
"""The rooms service, put together."""

from importlib.resources import files

from services.chassis.service import Runtime, Service
from services.chassis.settings import load_settings
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


def main() -> int:
    """Runs the service until SIGTERM; returns the exit status."""
    return Service(
        name="rooms",
        settings=load_settings(RoomsSettings),
        deciders=(VENUE, ARRIVAL),
        api=api,
        policies=policies,
        publish=publish,
        projections=(VENUES, ROOM_WORK),
        loops=(follow_placements,),
        migrations=(files("services.rooms") / "migrations",),
    ).main()


if __name__ == "__main__":
    raise SystemExit(main())
