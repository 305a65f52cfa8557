# SPDX-License-Identifier: Apache-2.0
"""The settings of registration beside those every service has."""

import ipaddress
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Annotated

from pydantic import AliasChoices, Field, field_validator, model_validator

from services.chassis.settings import BadSettings, Settings


class RegistrationSettings(Settings):
    """What registration reads from its environment."""

    smtp_url: Annotated[
        str,
        Field(
            validation_alias=AliasChoices("SMTP_URL", "smtp_url"),
            description="the mail server, smtp://user:password@host:port (STARTTLS where offered) or smtps://…",
            pattern="^smtps?://",
            repr=False,
        ),
    ]
    mail_from: Annotated[
        str, Field(description="who mails come from, Name <user@domain>", pattern="[^@\\s<]+@[^@\\s>]+")
    ] = "Quartier <quartier@localhost>"
    public_url: Annotated[
        str, Field(description="address of the gateway as residents' browsers see it", pattern="^https?://[^#?]+$")
    ] = "http://127.0.0.1:8000"
    issuer: Annotated[str, Field(description="the issuer (iss) in residents' tokens; empty: the public address")] = ""
    local_issuer: Annotated[
        bool, Field(description="1 on a laptop: anybody on this machine gets a staff token for the asking")
    ] = False
    retention_days: Annotated[
        int,
        Field(
            description="days after a conference until its participants are erased from the vault; 0: never",
            ge=0,
            le=36500,
        ),
    ] = 180
    four_eyes_above: Annotated[
        int,
        Field(
            description="whoever opens, or cancels, more conferences than this within 24 hours needs a second person",
            ge=0,
        ),
    ] = 5
    approval_hours: Annotated[
        float, Field(description="hours of conference time after which a job that nobody approved expires", gt=0)
    ] = 72
    signing_key_days: Annotated[float, Field(description="days after which tokens are signed with a new key", gt=0)] = (
        30
    )

    @field_validator("public_url")
    @classmethod
    def _without_last_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @model_validator(mode="after")
    def _staff_tokens_stay_on_this_machine(self) -> "RegistrationSettings":
        if self.local_issuer and not ipaddress.ip_address(self.http_bind).is_loopback:
            raise BadSettings(
                "QUARTIER_LOCAL_ISSUER=1 is refused unless QUARTIER_HTTP_BIND is a loopback address such as 127.0.0.1:"
                " whoever reaches it gets a staff token"
            )
        return self

    @property
    def token_issuer(self) -> str:
        """The issuer in tokens."""
        return self.issuer or self.public_url

    @property
    def sender(self) -> Address:
        """Who mails come from."""
        name, address = parseaddr(self.mail_from)
        user, _, domain = address.rpartition("@")
        return Address(name, user, domain)
