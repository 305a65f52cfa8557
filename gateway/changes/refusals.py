# SPDX-License-Identifier: Apache-2.0
"""Why there are no changes to read."""

from services.chassis.decider import Refusal


class CursorTooOld(Refusal, frozen=True, kw_only=True):
    """The feed does not know this cursor, or not any more: read everything again, without `since`, and remove what
    does not appear."""


class ChangesNotOffered(Refusal, frozen=True, kw_only=True):
    """This gateway has no database, and therefore no feed of changes."""
