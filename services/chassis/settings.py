# SPDX-License-Identifier: Apache-2.0
"""The settings every process has: environment only, checked at the start, frozen afterwards.

A process with more of them subclasses: services `Settings`, others `ProcessSettings`. A bad value ends the process
with one sentence that names the variable and says what it should be.
"""

import hashlib
import hmac
import ipaddress
from typing import Annotated, Self, TypeVar

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from services.chassis.clock import Clock


def _clock(value: object) -> object:
    return Clock.parse(value) if isinstance(value, str) else value


def _an_address(value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        raise ValueError("not an IP address") from None
    return value


def _32_bytes(value: SecretStr) -> SecretStr:
    if len(bytes.fromhex(value.get_secret_value())) != 32:
        raise ValueError("not 32 bytes")
    return value


Key = Annotated[SecretStr, AfterValidator(_32_bytes)]
"""32 secret bytes as 64 hex digits."""


class CannotStart(SystemExit):
    """The process cannot start; the text is one sentence for the operator.

    Nobody needs to catch it: the interpreter prints the sentence and ends the process with status 1.
    """


class BadSettings(CannotStart):
    """A setting is missing or has a value that cannot be meant."""


class ProcessSettings(BaseSettings):
    """What every process reads. A field `public_url` of a subclass is read from `QUARTIER_PUBLIC_URL`."""

    model_config = SettingsConfigDict(
        env_prefix="QUARTIER_", frozen=True, arbitrary_types_allowed=True, extra="ignore", env_ignore_empty=True
    )

    nats_url: Annotated[
        str,
        Field(
            validation_alias=AliasChoices("NATS_URL", "nats_url"),
            description="address of the NATS servers with this process's user, nats://user:password@host:port",
            pattern="^(nats|tls)://",
            repr=False,
        ),
    ]
    prefix: Annotated[
        str, Field(description="first token of every NATS subject: letters, digits, -", pattern="^[A-Za-z0-9-]+$")
    ] = "quartier"
    embedded: Annotated[bool, Field(description="1 when `quartier up` runs everything on one machine, else 0")] = False
    clock: Annotated[
        Clock,
        NoDecode,
        BeforeValidator(_clock),
        Field(description="<epoch>,<pace>: a faster clock, in an embedded city only"),
    ] = Clock()
    http_bind: Annotated[
        str,
        Field(description="address to listen on: the API of the gateway, /livez, /readyz and /metrics of each process"),
        AfterValidator(_an_address),
    ] = "127.0.0.1"
    http_port: Annotated[int, Field(description="port to listen on", ge=0)] = 8000
    drain_seconds: Annotated[float, Field(description="seconds that work in progress gets on SIGTERM", gt=0)] = 10.0

    @model_validator(mode="after")
    def _the_city_keeps_the_time_of_the_wall(self) -> Self:
        if self.clock.pace != 1.0 and not self.embedded:
            raise BadSettings(
                "QUARTIER_CLOCK is refused outside an embedded city: unset it, or set QUARTIER_EMBEDDED=1"
            )
        return self


class Settings(ProcessSettings):
    """What every service reads."""

    database_url: Annotated[
        str,
        Field(
            validation_alias=AliasChoices("DATABASE_URL", "database_url"),
            description="address of this service's own database, postgresql://user:password@host:port/name",
            pattern="^postgres(ql)?://",
            repr=False,
        ),
    ]
    key_encryption_key: Annotated[
        Key | None, Field(description="32 bytes as 64 hex digits, under which the keys in the database are sealed")
    ] = None
    database_connections: Annotated[int, Field(description="connections of the pool to the database", ge=2)] = 8
    stream_replicas: Annotated[int, Field(description="copies of each JetStream stream: 1, 3 or 5", ge=1, le=5)] = 1

    @property
    def key_encryption(self) -> bytes:
        """The 32 bytes of `QUARTIER_KEY_ENCRYPTION_KEY`.

        Raises:
            BadSettings: it is not set; services that seal nothing do not need it.
        """
        if self.key_encryption_key is None:
            raise BadSettings("QUARTIER_KEY_ENCRYPTION_KEY is not set: this service needs 32 bytes as 64 hex digits")
        return bytes.fromhex(self.key_encryption_key.get_secret_value())

    @property
    def request_key(self) -> bytes:
        """The key under which requests are remembered against repetition, derived from `key_encryption`.

        A service that seals nothing is asked nothing that a person wrote, and needs no secret for it.
        """
        if self.key_encryption_key is None:
            return b"requests"
        return hmac.digest(self.key_encryption, b"requests", hashlib.sha256)


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load_settings(kind: type[SettingsT]) -> SettingsT:
    """Reads the settings of this process from its environment.

    Args:
        kind: the class of the settings.

    Raises:
        BadSettings: one sentence that names the variable; the value itself is not repeated, it may be a secret.
    """
    try:
        return kind()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        location = str(first["loc"][0]) if first["loc"] else ""
        field = next((name for name in kind.model_fields if location in (name, variable(kind, name))), location)
        info = kind.model_fields.get(field)
        meaning = (info.description if info else None) or first["msg"]
        state = "is not set" if first["type"] == "missing" else f"has a value that cannot be used ({first['msg']})"
        raise BadSettings(f"{variable(kind, field)} {state}: it is the {meaning}") from None


def variable(kind: type[BaseSettings], field: str) -> str:
    """The environment variable of one field."""
    info = kind.model_fields.get(field)
    alias = info.validation_alias if info else None
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0])
    if isinstance(alias, str):
        return alias
    return f"{kind.model_config.get('env_prefix', '')}{field}".upper()
