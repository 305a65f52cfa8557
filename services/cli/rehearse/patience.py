# SPDX-License-Identifier: Apache-2.0
"""How an app copes with a city under load: it asks again with the same key, and knows what it cannot know.

A try without an answer may have been carried out all the same. Its repetition is recognised by the key, except where
nothing may lead from a command back to its person: ballots and dots, whose keys are destroyed when they are counted.
So a refusal after such a try does not say that nothing happened.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from gateway.client import Client, ClientError, Refused, Unreached

PATIENCE_SECONDS = 60.0
"""Real time after which an app gives up."""

PASSING = frozenset({"Busy", "Unavailable", "ConcurrentChange", "Fault"})
"""Refusals after which an app tries again with the same key."""

NOTHING_DONE = frozenset({"ConcurrentChange"})
"""Those of them that are said only when nothing was stored; a `Busy` may follow a write that was not confirmed."""

TURNED_AWAY = frozenset({"UNAUTHENTICATED", "TOO_MANY_OPERATIONS", "ISSUER_AWAY"})
"""Errors from the door: no service has heard of the command."""

AGAIN = frozenset({"UNAVAILABLE", "BUSY", "STALE", "FAULT", "TIMEOUT", "TOO_MANY_OPERATIONS", "ISSUER_AWAY"})
"""Errors after which trying again helps."""

Renew = Callable[[str | None], Awaitable[None]]
"""Gets a new token, unless the one given is not the present one any more."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can tell whether a command was carried out.

    Args:
        refused: what answered its repetition; None: nothing did.
    """

    refused: Refused | None = None


class GivenUp(Exception):
    """An app could not cope: what it met does not pass, or did not in time.

    Args:
        what: it met.
        unknown: whether a command may have been carried out.
    """

    def __init__(self, what: str, *, unknown: bool) -> None:
        super().__init__(what)
        self.unknown = unknown


def carried_out(outcome: Any) -> bool:
    """Whether a command succeeded, for all that its sender can tell."""
    return not isinstance(outcome, Refused | Unknown)


@dataclass(slots=True)
class Patience:
    """The patience of one person.

    Args:
        retried: how often something passed by, by what it was, such as `CastBallot: Unavailable`.
        draw: spreads those who try again.
        renew: gets a new token when the city does not take the old one any more; None: the person has no other.
        seconds: real time.
    """

    retried: Counter[str]
    draw: random.Random
    renew: Renew | None = None
    seconds: float = PATIENCE_SECONDS

    async def command(self, client: Client, command: str, fields: Mapping[str, Any]) -> Any:
        """Sends a command until somebody answers it.

        Args:
            command: for example `CastBallot`.
            fields: its input, in snake_case.

        Returns:
            The struct of its success, `Refused` (it was certainly not carried out) or `Unknown`.

        Raises:
            GivenUp: no answer came, or one that no app expects.
        """
        key, unknown = uuid4().hex, False
        async for token in self._tries(client):
            try:
                outcome = await client.command(command, idempotency_key=key, **fields)
            except Unreached as error:
                unknown = unknown or error.sent
                self._passed(command, error.why)
            except ClientError as error:
                unknown = unknown or not TURNED_AWAY.issuperset(error.codes)
                await self.cure(client, command, error, token, unknown=unknown)
            else:
                if not isinstance(outcome, Refused):
                    return outcome
                if outcome.kind not in PASSING:
                    return Unknown(outcome) if unknown else outcome
                unknown = unknown or outcome.kind not in NOTHING_DONE
                self._passed(command, outcome.kind)
        raise GivenUp(f"{command} was not answered within {self.seconds:.0f} s", unknown=unknown)

    async def query(self, client: Client, operation: str, variables: Mapping[str, Any]) -> Any:
        """Asks until somebody answers.

        Raises:
            GivenUp: no answer came, or one that no app expects.
        """
        async for token in self._tries(client):
            try:
                return await client.execute(operation, variables)
            except Unreached as error:
                self._passed(operation, error.why)
            except ClientError as error:
                await self.cure(client, operation, error, token)
        raise GivenUp(f"{operation} was not answered within {self.seconds:.0f} s", unknown=False)

    async def cure(
        self, client: Client, what: str, error: ClientError, token: str | None, *, unknown: bool = False
    ) -> None:
        """Does what helps against an error.

        Args:
            what: met it.
            token: that was used.
            unknown: whether a command may have been carried out.

        Raises:
            GivenUp: nothing helps.
        """
        if "UNAUTHENTICATED" in error.codes and self.renew is not None:
            await self.renew(token)
        elif not AGAIN & set(error.codes):
            raise GivenUp(f"{what}: {error} ({', '.join(error.codes)})", unknown=unknown) from error
        self._passed(what, ", ".join(error.codes))

    async def _tries(self, client: Client) -> AsyncIterator[str | None]:
        """The token of each try; after a pause, and as long as the patience lasts, the next one."""
        until, pause = time.monotonic() + self.seconds, 0.1
        while True:
            yield client.token
            if time.monotonic() >= until:
                return
            await asyncio.sleep(pause * self.draw.uniform(0.5, 1.0))
            pause = min(2.0, pause * 2)

    def _passed(self, what: str, met: str) -> None:
        self.retried[f"{what}: {met}"] += 1
