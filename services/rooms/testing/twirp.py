# SPDX-License-Identifier: Apache-2.0
"""Twirp as LiveKit serves it: which status an error code has, and how requests and answers are encoded."""

import json
from dataclasses import dataclass, field
from typing import TypeVar

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from starlette.responses import Response

M = TypeVar("M", bound=Message)

PROTOBUF = "application/protobuf"
JSON = "application/json"

STATUS = {
    "canceled": 408,
    "unknown": 500,
    "invalid_argument": 400,
    "malformed": 400,
    "deadline_exceeded": 408,
    "not_found": 404,
    "bad_route": 404,
    "already_exists": 409,
    "permission_denied": 403,
    "unauthenticated": 401,
    "resource_exhausted": 429,
    "failed_precondition": 412,
    "aborted": 409,
    "out_of_range": 400,
    "unimplemented": 501,
    "internal": 500,
    "unavailable": 503,
    "dataloss": 500,
}


@dataclass
class TwirpError(Exception):
    """An error as a method raises it.

    Args:
        code: one of `STATUS`.
        message: what the client reads.
        meta: more about it.
    """

    code: str
    message: str
    meta: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """The error as it travels: JSON, whatever the request's encoding."""
        body: dict[str, object] = {"code": self.code, "msg": self.message}
        if self.meta:
            body["meta"] = self.meta
        return Response(json.dumps(body), STATUS[self.code], media_type=JSON)


def bad_route(message: str, method: str, path: str) -> TwirpError:
    """What was asked for is no method of the service."""
    return TwirpError("bad_route", message, {"twirp_invalid_route": f"{method} {path}"})


def encoding_of(content_type: str) -> str | None:
    """The encoding that a Content-Type header names; None when Twirp does not know it."""
    named = content_type.partition(";")[0].strip().lower()
    return named if named in (PROTOBUF, JSON) else None


def decode(body: bytes, encoding: str, kind: type[M]) -> M:
    """A request's message.

    Raises:
        TwirpError: `malformed`.
    """
    try:
        if encoding == PROTOBUF:
            return kind.FromString(body)
        return json_format.Parse(body.decode(), kind(), ignore_unknown_fields=True)
    except (DecodeError, json_format.ParseError, UnicodeDecodeError) as error:
        called = "protobuf" if encoding == PROTOBUF else "json"
        raise TwirpError("malformed", f"the {called} request could not be decoded") from error


def encode(message: Message, encoding: str) -> Response:
    """An answer, in the encoding of its request."""
    if encoding == PROTOBUF:
        return Response(message.SerializeToString(), media_type=PROTOBUF)
    # Go's server names fields as the .proto file does and leaves none out.
    content = json_format.MessageToJson(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True, indent=None
    )
    return Response(content, media_type=JSON)
