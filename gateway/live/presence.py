# SPDX-License-Identifier: Apache-2.0
"""Tells the session service who has a live connection through this gateway: at every change, and every 5 seconds."""

import asyncio
from collections import Counter
from uuid import uuid4

import structlog

from gateway.backends import GATEWAY, Backends
from services.chassis.telemetry import apart
from services.contracts import session

log = structlog.get_logger()

REPORT_SECONDS = 5.0
PACE_SECONDS = 0.25
"""Real time between two reports of one conference: who comes and goes meanwhile is told together."""


class Presence:
    """Who is there, by conference.

    Args:
        backends: the services.
        seconds: real time between reports of the same people; the session service waits longer before it believes
            that somebody left.
    """

    def __init__(self, backends: Backends, *, seconds: float = REPORT_SECONDS) -> None:
        self._backends = backends
        self._seconds = seconds
        self._gateway = uuid4().hex
        self._here: dict[str, Counter[str]] = {}
        self._visiting: dict[str, dict[str, tuple[str, ...]]] = {}
        self._changed: dict[str, asyncio.Event] = {}
        self._reporting: dict[str, asyncio.Task[None]] = {}

    def enter(self, conference: str, person: str, visiting: tuple[str, ...] | None = None) -> None:
        """One more connection of a person.

        Args:
            conference: where.
            person: who.
            visiting: of the staff: the roles in which they are there by its series or its district.
        """
        here = self._here.setdefault(conference, Counter())
        roles = self._visiting.setdefault(conference, {})
        here[person] += 1
        changed = visiting is not None and roles.get(person, ()) != visiting
        if visiting is not None and (changed or here[person] == 1):
            roles[person] = visiting  # of several connections the newest one says in which roles they are here
        if changed or here[person] == 1:
            self._report(conference)

    def leave(self, conference: str, person: str) -> None:
        """One connection less."""
        here = self._here[conference]
        here[person] -= 1
        if not here[person]:
            del here[person]
            self._visiting[conference].pop(person, None)
            self._report(conference)

    async def close(self) -> None:
        """Reports no more; the session service notices that this gateway is silent."""
        tasks = list(self._reporting.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _report(self, conference: str) -> None:
        self._changed.setdefault(conference, asyncio.Event()).set()
        if conference not in self._reporting:
            self._reporting[conference] = asyncio.create_task(self._keep_reporting(conference), context=apart())

    async def _keep_reporting(self, conference: str) -> None:
        changed = self._changed[conference]
        while True:
            changed.clear()
            people = tuple(sorted(self._here[conference]))
            visiting = dict(self._visiting[conference])
            report = session.ReportPresence(
                conference_id=conference, gateway=self._gateway, participants=people, visiting=visiting
            )
            reply = await self._backends.command(report, GATEWAY, uuid4().hex)
            if reply.refusal is not None:
                log.debug("presence not taken", conference=conference, refusal=type(reply.refusal).__name__)
            if reply.refusal is None:  # that somebody has come without such roles is said once
                for person in [person for person, roles in visiting.items() if not roles]:
                    if self._visiting[conference].get(person) == ():
                        del self._visiting[conference][person]
            if not people and not changed.is_set() and reply.refusal is None:
                # Nobody left and it was heard: silence from now on.
                del self._here[conference], self._visiting[conference]
                del self._changed[conference], self._reporting[conference]
                return
            await asyncio.sleep(PACE_SECONDS)  # paces the reports when many come at once
            try:
                async with asyncio.timeout(self._seconds):
                    await changed.wait()
            except TimeoutError:
                continue
