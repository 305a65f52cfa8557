# SPDX-License-Identifier: Apache-2.0
"""A city that answers a simulated app what a test says."""

import random
from typing import Any

from gateway.client import ClientError, Refused


class Hasty(random.Random):
    """Nobody waits in a test."""

    def uniform(self, a: float, b: float) -> float:
        return 0.0


class City:
    """Answers what the test says, one thing for each try."""

    token = "old"

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.keys: list[str] = []

    async def command(self, name: str, /, *, idempotency_key: str, **fields: Any) -> Any:
        self.keys.append(idempotency_key)
        return self._next()

    async def execute(self, operation: str, variables: Any) -> Any:
        return self._next()

    def _next(self) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def refused(kind: str) -> Refused:
    return Refused(kind, kind.upper(), "")


def error(code: str) -> ClientError:
    return ClientError([{"message": code, "extensions": {"code": code}}])
