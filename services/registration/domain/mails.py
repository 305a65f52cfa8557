# SPDX-License-Identifier: Apache-2.0
"""How many mails strangers may cause. Which ones were caused lately is no matter of events; the vault counts them."""

from services.chassis.decider import Refusal

MAILS_PER_HOUR = 5
"""So many registrations of one address are taken in an hour, at whatever conferences: each of them causes a mail."""


class TooManyMails(Refusal, frozen=True, kw_only=True):
    """So many registrations of this address were asked for lately that no further mail is sent to it now."""

    retry_after_seconds: int
