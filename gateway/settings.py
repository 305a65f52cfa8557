# SPDX-License-Identifier: Apache-2.0
"""The settings of the gateway beside those every process has."""

from typing import Annotated, Self

from pydantic import AfterValidator, AliasChoices, Field, field_validator, model_validator

from gateway.identity.claims import read_role
from gateway.licences import Terms, Works
from gateway.limits.addresses import Network, networks
from services.chassis.settings import BadSettings, Key, ProcessSettings


def _are_roles(value: dict[str, list[str]]) -> dict[str, list[str]]:
    for roles in value.values():
        for role in roles:
            read_role(role)
    return value


def _networks(value: str) -> str:
    try:
        networks(value)
    except ValueError:
        raise ValueError("not a list of networks") from None
    return value


class GatewaySettings(ProcessSettings):
    """What the gateway reads."""

    key_encryption_key: Annotated[
        Key, Field(description="32 bytes as 64 hex digits, under which cursors are signed; the same in every replica")
    ]
    oidc_issuer: Annotated[
        str | None,
        Field(description="address of the city's OIDC provider, exactly as its tokens name it", pattern="^https?://"),
    ] = None
    audience: Annotated[str, Field(description="the audience (aud) that the provider's tokens must have")] = "quartier"
    public_url: Annotated[
        str,
        Field(
            description="address of the gateway as apps see it, the resource of their tokens",
            pattern="^https?://[^#?]+$",
        ),
    ] = "http://127.0.0.1:8000"
    own_clients: Annotated[
        str,
        Field(
            description="client_id of the city's own pages, separated by commas; there people act with all their rights"
        ),
    ] = ""
    role_claim: Annotated[
        str | None,
        Field(description="claim of the provider's tokens with groups or roles, such as groups or realm_access.roles"),
    ] = None
    roles: Annotated[
        dict[str, list[str]],
        Field(description='JSON: what each value of that claim stands for, {"mods": ["moderator@city"]}'),
        AfterValidator(_are_roles),
    ] = {}
    allowed_origins: Annotated[
        str, Field(description="other web origins whose pages may use the API, separated by commas")
    ] = ""
    licences: Annotated[
        dict[Works, Terms],
        Field(
            description="JSON: terms for public data by whose work it is (official, organisations, residents),"
            ' {"residents": {"licence": "CC-BY-4.0", "de": "Einwohner der Stadt", "en": "Residents of the city"}}'
        ),
    ] = {}
    operation_seconds: Annotated[float, Field(description="seconds that one operation may take", gt=0)] = 10.0
    sockets_per_second: Annotated[
        float, Field(description="new WebSockets and event streams a second that one process takes", gt=0)
    ] = 500.0
    sockets_at_once: Annotated[int, Field(description="new WebSockets and event streams in one burst", ge=1)] = 1000
    sockets_per_person: Annotated[int, Field(description="open WebSockets and event streams of one person", ge=1)] = 10
    sockets_per_address: Annotated[
        int, Field(description="open WebSockets and event streams without a token from one address", ge=1)
    ] = 200
    sockets_per_process: Annotated[int, Field(description="open WebSockets and event streams", ge=1)] = 20000
    slow_operation_seconds: Annotated[
        float, Field(description="seconds from which on an operation is logged as slow", gt=0)
    ] = 1.0
    points_per_second: Annotated[
        float, Field(description="points that flow back to a person or an app each second", gt=0)
    ] = 500.0
    points_at_once: Annotated[
        int, Field(description="points a person or an app may have at once, at least 5000", ge=5000)
    ] = 20_000
    anonymous_points_per_second: Annotated[
        float, Field(description="points that flow back each second to an address without a token", gt=0)
    ] = 200.0
    anonymous_points_at_once: Annotated[
        int, Field(description="points an address without a token may have at once, at least 5000", ge=5000)
    ] = 10_000
    trusted_proxies: Annotated[
        str,
        Field(description="networks of the proxies whose X-Forwarded-For is believed, separated by commas"),
        AfterValidator(_networks),
    ] = ""
    trusted_documents: Annotated[
        str, Field(description="folder of further trusted documents, or JSON file of them by their SHA-256")
    ] = ""
    only_trusted: Annotated[
        str, Field(description="doors at which only trusted documents are executed, separated by commas")
    ] = ""

    fragment_megabytes: Annotated[
        int,
        Field(
            description="megabytes of entities, and again of whole results, kept as they were written; 0: none", ge=0
        ),
    ] = 64

    database_url: Annotated[
        str | None,
        Field(
            validation_alias=AliasChoices("DATABASE_URL", "database_url"),
            description="address of the gateway's database, for webhooks and the feed of changes; without it: neither",
            pattern="^postgres(ql)?://",
            repr=False,
        ),
    ] = None
    database_connections: Annotated[int, Field(description="connections of the pool to the database", ge=2)] = 4
    webhook_days: Annotated[int, Field(description="days for which events and deliveries are kept", ge=7)] = 30
    webhooks_to_loopback: Annotated[
        bool, Field(description="1 when webhooks may call this machine itself, in an embedded city only, else 0")
    ] = False

    @model_validator(mode="after")
    def _nobody_calls_into_a_data_centre(self) -> Self:
        if self.webhooks_to_loopback and not self.embedded:
            raise BadSettings(
                "QUARTIER_WEBHOOKS_TO_LOOPBACK is refused outside an embedded city: unset it, or set QUARTIER_EMBEDDED"
            )
        return self

    @field_validator("public_url")
    @classmethod
    def _without_last_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @property
    def own_client_ids(self) -> frozenset[str]:
        """The `client_id` of the city's own pages."""
        return frozenset(client.strip() for client in self.own_clients.split(",") if client.strip())

    @property
    def cursor_key(self) -> bytes:
        """The secret under which cursors are signed."""
        return bytes.fromhex(self.key_encryption_key.get_secret_value())

    @property
    def origins(self) -> frozenset[str]:
        """The other web origins whose pages may use the API."""
        return _words(self.allowed_origins)

    @property
    def doors_for_trusted(self) -> frozenset[str]:
        """The doors at which only trusted documents are executed."""
        return _words(self.only_trusted)

    @property
    def proxies(self) -> tuple[Network, ...]:
        """The networks of the proxies before the gateway."""
        return networks(self.trusted_proxies)


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split(",") if word.strip())
