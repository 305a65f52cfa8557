# SPDX-License-Identifier: Apache-2.0
"""What the rooms service refuses."""

from services.chassis.contract import Id
from services.chassis.decider import Refusal


class GroupHasNoRoom(Refusal, frozen=True, kw_only=True):
    """The group is none of the running round."""

    group_id: Id


class PlacementChanged(Refusal, frozen=True, kw_only=True):
    """The client knows an older generation: it asks where the person belongs now."""

    generation: int


class VenueIsClosed(Refusal, frozen=True, kw_only=True):
    """The evening of this conference is over, or its venue is not ready yet."""

    conference_id: Id
