# SPDX-License-Identifier: Apache-2.0
"""What the services' rules refuse, as the gateway and other clients see it.

Each type stands in a domain too, with the same name and the same fields; a contract test compares them. Sorted by
service, then by name.
"""

from services.chassis.contract import Id
from services.chassis.decider import Refusal

# rooms ----------------------------------------------------------------------------------------------------------


class GroupHasNoRoom(Refusal, frozen=True, kw_only=True):
    """The group is none of the running round."""

    group_id: Id


class PlacementChanged(Refusal, frozen=True, kw_only=True):
    """The client knows an older generation: it asks where the person belongs now."""

    generation: int


class VenueIsClosed(Refusal, frozen=True, kw_only=True):
    """The evening of this conference is over, or its venue is not ready yet."""

    conference_id: Id
