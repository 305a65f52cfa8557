# SPDX-License-Identifier: Apache-2.0
"""Tells gateways, at most twice a second, that a job went on."""

import asyncio

from services.chassis.service import Runtime
from services.contracts.registration import JobChanged
from services.registration.readmodel.jobs import JOBS


async def tell_changes(runtime: Runtime) -> None:
    """Runs until it is cancelled."""

    def changed(projection: str, keys: frozenset[str], position: int) -> None:
        if projection == JOBS.name:
            for job_id in keys:
                runtime.live.send(JobChanged(conference_id=job_id, position=position))

    runtime.projector.changed.append(changed)
    try:
        await asyncio.Event().wait()
    finally:
        runtime.projector.changed.remove(changed)
