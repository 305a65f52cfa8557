# SPDX-License-Identifier: Apache-2.0
"""The settings of the gateway: environment only, checked at the start, frozen afterwards."""

import ipaddress
from typing import Annotated

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from services.chassis.clock import Clock
from services.chassis.settings import BadSettings


def _clock(value: object) -> object:
    return Clock.parse(value) if isinstance(value, str) else value


class GatewaySettings(BaseSettings):
    """What the gateway reads. A field `public_url` is read from `QUARTIER_PUBLIC_URL`."""

    model_config = SettingsConfigDict(
        env_prefix="QUARTIER_", frozen=True, arbitrary_types_allowed=True, extra="ignore", env_ignore_empty=True
    )

    nats_url: Annotated[
        str,
        Field(
            validation_alias=AliasChoices("NATS_URL", "nats_url"),
            description="address of the NATS servers with the gateway's user, nats://user:password@host:port",
            pattern="^(nats|tls)://",
            repr=False,
        ),
    ]
    key_encryption_key: Annotated[
        SecretStr,
        Field(description="32 bytes as 64 hex digits, under which cursors are signed; the same in every replica"),
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
    http_bind: Annotated[str, Field(description="address on which the API is served")] = "127.0.0.1"
    http_port: Annotated[int, Field(description="port on which the API is served", ge=0)] = 8000
    drain_seconds: Annotated[float, Field(description="seconds that work in progress gets on SIGTERM", gt=0)] = 10.0
    oidc_issuer: Annotated[
        str | None,
        Field(description="address of the city's OIDC provider, exactly as its tokens name it", pattern="^https?://"),
    ] = None
    audience: Annotated[str, Field(description="the audience (aud) that access tokens must have")] = "quartier"
    allowed_origins: Annotated[
        str, Field(description="other web origins whose pages may use the API, separated by commas")
    ] = ""
    operation_seconds: Annotated[float, Field(description="seconds that one operation may take", gt=0)] = 10.0
    operations_per_second: Annotated[float, Field(description="operations a second of one client", gt=0)] = 100.0
    operations_at_once: Annotated[int, Field(description="operations of one client in one burst", ge=1)] = 1000

    @field_validator("http_bind")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        ipaddress.ip_address(value)
        return value

    @field_validator("key_encryption_key")
    @classmethod
    def _is_32_bytes(cls, value: SecretStr) -> SecretStr:
        if len(bytes.fromhex(value.get_secret_value())) != 32:
            raise ValueError("not 32 bytes")
        return value

    @model_validator(mode="after")
    def _the_city_keeps_the_time_of_the_wall(self) -> "GatewaySettings":
        if self.clock.pace != 1.0 and not self.embedded:
            raise BadSettings(
                "QUARTIER_CLOCK is refused outside an embedded city: unset it, or set QUARTIER_EMBEDDED=1"
            )
        return self

    @property
    def cursor_key(self) -> bytes:
        """The secret under which cursors are signed."""
        return bytes.fromhex(self.key_encryption_key.get_secret_value())

    @property
    def origins(self) -> frozenset[str]:
        """The other web origins whose pages may use the API."""
        return frozenset(origin.strip() for origin in self.allowed_origins.split(",") if origin.strip())
