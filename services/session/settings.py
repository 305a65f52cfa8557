# SPDX-License-Identifier: Apache-2.0
"""The settings of the session service: those of every service, its scripts, and its patience."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from services.chassis.settings import Settings


class SessionSettings(Settings):
    """What session reads."""

    presence_grace: Annotated[
        float, Field(description="real seconds without a connection after which a person has left", gt=0)
    ] = 15.0
    scripts: Annotated[
        Path | None, Field(description="folder with further scripts of evenings, one YAML file each")
    ] = None
