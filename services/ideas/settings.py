# SPDX-License-Identifier: Apache-2.0
"""The settings of the ideas service: those of every service, and the key that wraps the keys of votes is needed."""

from typing import Self

from pydantic import model_validator

from services.chassis.settings import Settings


class IdeasSettings(Settings):
    """What ideas reads."""

    @model_validator(mode="after")
    def _the_keys_of_votes_are_wrapped(self) -> Self:
        """Better refused at the start than when the first voting is opened."""
        _ = self.key_encryption
        return self
