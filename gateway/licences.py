# SPDX-License-Identifier: Apache-2.0
"""Under which terms others may use what everybody may read: a setting of the city, by whose work it is."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Works = Literal["official", "organisations", "residents"]
"""Whose work something is: the city's data, what organisations ask for, what residents wrote."""


class Terms(BaseModel):
    """A licence, and who is to be named, in both languages of the API."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    licence: Annotated[
        str, Field(description="identifier of SPDX or address", pattern=r"^(https?://\S+|[A-Za-z0-9][A-Za-z0-9.+-]*)$")
    ]
    de: Annotated[str, Field(description="who is named, in German", min_length=1, max_length=300)]
    en: Annotated[str, Field(description="who is named, in English", min_length=1, max_length=300)]


Licences: TypeAlias = Mapping[Works, Terms]
"""The city's terms. Of works without terms the city has allowed nothing."""
