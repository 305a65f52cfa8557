# SPDX-License-Identifier: Apache-2.0
"""What a client may still ask for."""

from datetime import datetime

import strawberry

from gateway.limits.budget import Paid
from gateway.schema.shape import Shown, computed, graphql_type, shown


@graphql_type()
class RateLimit(Shown):
    """The points of the asking person or app; of a client without a token, of its network address."""

    view: strawberry.Private[Paid]
    limit: int = shown("Points that it may have at once.")
    cost: int = shown("Points taken for this operation; of lists shorter than they might be, some flow back.")
    remaining: int = shown("Points that it has left.")
    reset_at: datetime = shown("When it has all of them again, real time.")

    @computed
    def restored_per_second(self) -> float:
        """Points that flow back each second."""
        return self.view.restored
