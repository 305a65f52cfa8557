# SPDX-License-Identifier: Apache-2.0
"""The names on the wire, and who may use them: subjects, headers, streams, permissions of every NATS user."""

import re
from typing import TypedDict
from zlib import crc32

from services.chassis.contract import CITY

PARTITIONS = 16
SERVICES = ("registration", "session", "rooms", "ideas")
GATEWAY = "gateway"
TOOL = "tool"

COMMAND_ID = "Quartier-Command-Id"
ACTOR = "Quartier-Actor"
WITHIN = "Quartier-Within"
DEADLINE = "Quartier-Deadline"
AFTER = "Quartier-After"
EXPECTED = "Quartier-Expected"
ES_POSITION = "Es-Position"
ES_EPOCH = "Es-Epoch"
ES_TOPIC = "Es-Topic"
ES_DIGEST = "Es-Digest"

BETWEEN_SERVICES = {"ideas": ("registration.*.*.EnsureKeys",), "session": ("registration.*.*.EnsureKeys",)}
"""The few commands that a service may send: keys of staff who write for the first time, and of what is written
together, are made when they are needed."""

ASKED_BY_SERVICES = {"ideas": ("registration.GetKeys",), "session": ("registration.GetKeys",)}
"""The few questions that a service may ask: it could ask them in anybody's name."""

HEARD_BY_ALL = ("registration.*.*.ParticipantErased", "registration.*.*.StaffErased")
"""The few events that every replica hears besides the one that consumes them: their keys are forgotten at once."""

_CONFERENCE = re.compile(r"city|[0-9a-f]{32}")


class Permissions(TypedDict):
    """What one user may publish and subscribe to."""

    publish: list[str]
    subscribe: list[str]


def partition(conference: str | None) -> int:
    """The partition (0 to 15) of a conference; None and `city` are the city's.

    Nothing else in the code base computes it.

    Raises:
        ValueError: the id would not be a legal token of a subject.
    """
    token = conference or CITY
    if not _CONFERENCE.fullmatch(token):
        raise ValueError(f"not a conference id: {token!r}")
    return crc32(token.encode()) % PARTITIONS


def stream_name(service: str, prefix: str) -> str:
    """The name of the JetStream stream of `service` under `prefix`, for example `QUARTIER_EVT_SESSION`."""
    return f"{prefix}_EVT_{service}".upper()


def inbox(user: str) -> str:
    """First tokens of the subjects on which a user receives answers; nobody else may listen there."""
    return f"_INBOX.{user}"


def permissions(user: str, prefix: str) -> Permissions:
    """What a NATS user may do; everybody else's subjects are refused by the server.

    Commands and questions come from the gateway and the operator's tool alone, but for a few: that is why services
    may trust the actor that they name. An event comes from its own service alone.

    Args:
        user: a service, `gateway` or `tool`.
        prefix: first token of every subject.

    Raises:
        ValueError: there is no such user.
    """
    answers = f"{inbox(user)}.>"
    if user == TOOL:
        return {"publish": [f"{prefix}.>", "$JS.API.>", "$JS.ACK.>"], "subscribe": [f"{prefix}.>", answers]}
    if user == GATEWAY:
        return {
            "publish": [f"{prefix}.cmd.>", f"{prefix}.qry.>", f"{prefix}.peers.{user}", *_consuming(user, prefix)],
            "subscribe": [
                f"{prefix}.evt.>",
                f"{prefix}.live.>",
                f"{prefix}.hint.>",
                f"{prefix}.peers.{user}",
                answers,
            ],
        }
    if user not in SERVICES:
        raise ValueError(f"no such user: {user!r}")
    own = stream_name(user, prefix)
    return {
        "publish": [
            f"{prefix}.evt.{user}.>",
            f"{prefix}.live.{user}.>",
            f"{prefix}.hint.{user}",
            *(f"{prefix}.qry.{question}" for question in ASKED_BY_SERVICES.get(user, ())),
            *(f"{prefix}.cmd.{command}" for command in BETWEEN_SERVICES.get(user, ())),
            "_INBOX.>",  # answers to whoever asked
            f"$JS.API.STREAM.CREATE.{own}",
            f"$JS.API.STREAM.UPDATE.{own}",
            f"$JS.API.STREAM.DELETE.{own}",
            *_consuming(user, prefix),
        ],
        "subscribe": [
            f"{prefix}.cmd.{user}.>",
            f"{prefix}.qry.{user}.>",
            f"{prefix}.hint.{user}",
            *(f"{prefix}.evt.{event}" for event in HEARD_BY_ALL),
            answers,
        ],
    }


def _consuming(user: str, prefix: str) -> list[str]:
    """Reading every service's stream through a durable consumer that bears the user's own name."""
    allowed = ["$JS.API.INFO"]
    for service in SERVICES:
        stream = stream_name(service, prefix)
        allowed += [
            f"$JS.API.STREAM.INFO.{stream}",
            f"$JS.API.STREAM.MSG.GET.{stream}",
            f"$JS.API.DIRECT.GET.{stream}.>",
            f"$JS.API.DIRECT.GET.{stream}",
            f"$JS.API.CONSUMER.CREATE.{stream}.{user}",
            f"$JS.API.CONSUMER.CREATE.{stream}.{user}.>",
            f"$JS.API.CONSUMER.DURABLE.CREATE.{stream}.{user}",
            f"$JS.API.CONSUMER.INFO.{stream}.{user}",
            f"$JS.API.CONSUMER.DELETE.{stream}.{user}",
            f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{user}",
            f"$JS.ACK.{stream}.{user}.>",
        ]
    return allowed
