# SPDX-License-Identifier: Apache-2.0
"""The settings of the rooms service: those of every service, and where LiveKit is."""

from typing import Annotated

from pydantic import AliasChoices, Field, SecretStr, model_validator

from services.chassis.settings import BadSettings, Settings


class RoomsSettings(Settings):
    """What rooms reads. Without `LIVEKIT_URL` evenings run on text."""

    livekit_url: Annotated[
        str | None,
        Field(
            validation_alias=AliasChoices("LIVEKIT_URL", "livekit_url"),
            description="address of the LiveKit server, wss://host or ws://host:port",
            pattern="^(ws|wss|http|https)://",
        ),
    ] = None
    livekit_api_key: Annotated[
        str | None,
        Field(validation_alias=AliasChoices("LIVEKIT_API_KEY", "livekit_api_key"), description="key of LiveKit's API"),
    ] = None
    livekit_api_secret: Annotated[
        SecretStr | None,
        Field(
            validation_alias=AliasChoices("LIVEKIT_API_SECRET", "livekit_api_secret"),
            description="secret of LiveKit's API, at least 32 characters",
        ),
    ] = None

    @model_validator(mode="after")
    def _video_is_configured_whole_or_not_at_all(self) -> "RoomsSettings":
        if self.livekit_url is None:
            return self
        if not self.livekit_api_key or not self.livekit_api_secret:
            raise BadSettings("LIVEKIT_URL is set: LIVEKIT_API_KEY and LIVEKIT_API_SECRET must be set with it")
        if len(self.livekit_api_secret.get_secret_value()) < 32:
            raise BadSettings("LIVEKIT_API_SECRET is too short: LiveKit's tokens need a secret of 32 characters")
        return self
