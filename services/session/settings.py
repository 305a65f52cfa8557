# SPDX-License-Identifier: Apache-2.0
"""The settings of the session service: those of every service, its scripts, and its patience."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from services.chassis.settings import Settings


class SessionSettings(Settings):
    """What session reads."""

    presence_grace: Annotated[
        float, Field(description="real seconds without a connection after which a person has left", gt=0)
    ] = 15.0
    scripts: Annotated[
        Path | None, Field(description="folder with further scripts of evenings, YAML or JSON files; see scripts.md")
    ] = None

    @model_validator(mode="after")
    def _the_keys_of_votes_are_wrapped(self) -> Self:
        """Better refused at the start than when the first poll is opened."""
        _ = self.key_encryption
        return self
