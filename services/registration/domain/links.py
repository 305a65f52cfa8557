# SPDX-License-Identifier: Apache-2.0
"""Why a link opens nothing. The secrets themselves are no matter of events; the vault finds their owners."""

from services.chassis.decider import Refusal


class UnknownSecret(Refusal, frozen=True, kw_only=True):
    """The secret opens nothing: it was mistyped, replaced, or what it belongs to is gone."""


class AccessIsClosed(Refusal, frozen=True, kw_only=True):
    """The person was excluded from the conference: their link opens nothing."""
