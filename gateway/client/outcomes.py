# SPDX-License-Identifier: Apache-2.0
"""How it can end when somebody asks the API, beside success."""

from typing import Any

import msgspec


class ClientError(Exception):
    """The API answered with errors and without the data asked for.

    Args:
        errors: as they came: `message`, `path`, `extensions.code`.
    """

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(str(error.get("message")) for error in errors))
        self.errors = errors

    @property
    def codes(self) -> list[str]:
        """The codes of the errors, such as `UNAVAILABLE`."""
        return [str(error.get("extensions", {}).get("code", "")) for error in self.errors]


class Unreached(Exception):
    """The gateway did not answer.

    Args:
        why: what happened instead.
        sent: whether the operation may have been carried out all the same.
    """

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.why = why
        self.sent = sent


class Closed(Exception):
    """The server ended the connection for a reason that connecting again does not cure.

    Args:
        code: the WebSocket close code, for example 4403.
        reason: what the server said.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class Refused(msgspec.Struct, frozen=True):
    """A command was not carried out.

    Args:
        kind: the GraphQL type of the refusal, for example `PollIsClosed`.
        code: its stable code, for example `POLL_IS_CLOSED`.
        message: short English for developers.
        path: which part of the input, where that can be said.
    """

    kind: str = msgspec.field(name="__typename")
    code: str
    message: str
    path: tuple[str, ...] | None = None
