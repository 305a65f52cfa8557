# SPDX-License-Identifier: Apache-2.0
"""Keys: those of people's texts, which never leave the services, and those that verify tokens."""

from typing import ClassVar

from services.chassis.contract import Answer, CommandRequest, Id, QueryRequest
from services.contracts.registration.vocabulary import SERVICE


class KeysFound(Answer, frozen=True, kw_only=True):
    """Data keys by id; destroyed and unknown keys are missing. Never leaves the services."""

    keys: dict[str, bytes]


class GetKeys(QueryRequest[KeysFound], frozen=True, kw_only=True):
    """Data keys of people and sheets; only services ask."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = KeysFound
    ids: tuple[Id, ...]


class EnsureKeys(CommandRequest[KeysFound], frozen=True, kw_only=True):
    """Data keys made when they do not exist: for joint sheets, and for staff who write. Destroyed ones stay so."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = KeysFound
    conference_id: Id | None = None
    ids: tuple[Id, ...]
    joint: bool = False
    """Whether they are of texts that several people write, so that they are never erased with one of them."""


class JsonWebKeys(Answer, frozen=True, kw_only=True):
    """The public keys of resident (and, on laptops, staff) tokens as a JWK set."""

    keys: tuple[dict[str, str], ...]
    issuer: str


class GetJsonWebKeys(QueryRequest[JsonWebKeys], frozen=True, kw_only=True):
    """The issuer's current and next public keys."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = JsonWebKeys
