# SPDX-License-Identifier: Apache-2.0
"""Which failures pass by themselves, so that trying again makes sense, and which are defects."""

import asyncpg
import nats.errors

from services.chassis.groupcommit import UNREACHABLE
from services.chassis.policies import Transient
from services.chassis.records import LogSetBack, StoreBusy, StoreUnavailable
from services.chassis.refusals import Busy, ConcurrentChange, Unavailable
from services.chassis.requests import Refused

_PASSING = (
    *UNREACHABLE,
    Transient,
    StoreUnavailable,
    StoreBusy,
    LogSetBack,
    nats.errors.Error,
    asyncpg.exceptions.TransactionRollbackError,
    asyncpg.exceptions.LockNotAvailableError,
)


def passes(error: BaseException) -> bool:
    """Whether the failure is one of circumstances: a server that is away, a lost race."""
    if isinstance(error, Refused):
        return isinstance(error.refusal, Busy | ConcurrentChange | Unavailable)
    return isinstance(error, _PASSING)
