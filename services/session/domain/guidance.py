# SPDX-License-Identifier: Apache-2.0
"""How a group guides itself: the steps of its phase, and who takes which role.

Roles are drawn, the same everywhere and for everybody: from the phase and the person alone. So most people keep theirs
when somebody comes or goes, and another phase draws anew.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Literal

GuidingRole = Literal["timekeeper", "note_taker", "speaker"]

ROLES: Final[tuple[GuidingRole, ...]] = ("timekeeper", "note_taker", "speaker")
"""In the order in which they are drawn."""


def roles_of(phase: str, members: Sequence[str]) -> dict[GuidingRole, str]:
    """Who takes which role; each has one at most.

    Args:
        phase: its key.
        members: of the group; with fewer than three the last roles are nobody's.
    """
    drawn: dict[GuidingRole, str] = {}
    for role in ROLES:
        left = [one for one in members if one not in drawn.values()]
        if left:
            drawn[role] = min(left, key=lambda one: sha256(f"{phase}:{role}:{one}".encode()).digest())
    return drawn
