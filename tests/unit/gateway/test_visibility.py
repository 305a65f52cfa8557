# SPDX-License-Identifier: Apache-2.0
"""Who is missing: placed somewhere, here, and not there in time."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.live.visibility import ON_THE_WAY, missing
from services.contracts import rooms, session

NOW = datetime(2027, 3, 12, 19, tzinfo=UTC)
MIA = "1" * 32
LONG_AGO, JUST_NOW = NOW - ON_THE_WAY, NOW - ON_THE_WAY + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("present", "confirmed", "placed_at", "found"),
    [
        (True, False, LONG_AGO, [MIA]),
        (True, False, None, [MIA]),
        (True, False, JUST_NOW, []),
        (True, True, LONG_AGO, []),
        (False, False, LONG_AGO, []),
    ],
    ids=["not there in time", "since nobody knows when", "still on the way", "there", "not even here"],
)
def test_who_is_here_and_not_where_they_belong_is_missing_after_twenty_seconds(
    present: bool, confirmed: bool, placed_at: datetime | None, found: list[str]
) -> None:
    entry = rooms.PlacementEntry(participant_id=MIA, room="r", confirmed=confirmed, placed_at=placed_at)
    venue = rooms.VenueView(
        conference_id="f" * 32, generation=1, video=True, open=True, rooms=("plenary",), placements=(entry,)
    )
    here = session.PresenceView(conference_id="f" * 32, seated=(MIA,), present=(MIA,) if present else (), staff={})
    assert missing(venue, here, NOW) == found
