# SPDX-License-Identifier: Apache-2.0
"""The words that the messages of registration share: roles, scopes, where something stands."""

from typing import Annotated, Literal

import msgspec

SERVICE = "registration"
Role = Literal["organiser", "moderator", "deputy", "mentor", "guest", "juror", "partner"]
AppStatus = Literal["WAITING", "APPROVED", "REJECTED", "SUSPENDED"]
Scope = Literal[
    "conference:read",
    "session:live",
    "idea:read",
    "idea:write",
    "resource-offer:write",
    "jury:read",
    "jury:score",
    "webhook:manage",
    "admin:registration",
    "admin:session",
    "admin:ideas",
    "admin:*",
]
"""What an app may be allowed. `admin:*` stands for all that begin with `admin:`."""
Scopes = Annotated[tuple[Scope, ...], msgspec.Meta(min_length=1, max_length=20)]
KeyId = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{8}$")]
"""Which key of an app: 8 hex digits."""
SeatStatus = Literal["SUBMITTED", "SEATED", "WAITLISTED", "CANCELLED", "RELEASED", "ERASED"]
ConferenceStatus = Literal["ANNOUNCED", "OPEN", "CLOSED", "HELD", "CANCELLED"]
Attributes = dict[str, str]
"""What a person agreed to use for mixed groups, for example `{"age": "30-44", "newcomer": "yes"}`."""
