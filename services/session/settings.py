# SPDX-License-Identifier: Apache-2.0
"""The settings of the session service: those of every service, its scripts, and its patience."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from services.chassis.settings import Settings
from services.session.domain.alerts import Thresholds

USUAL = Thresholds()
FOUR_EYES_ABOVE = 5
APPROVAL_HOURS = 72.0


class SessionSettings(Settings):
    """What session reads."""

    presence_grace: Annotated[
        float, Field(description="real seconds without a connection after which a person has left", gt=0)
    ] = 15.0
    scripts: Annotated[
        Path | None, Field(description="folder with further scripts of evenings, YAML or JSON files; see scripts.md")
    ] = None

    code_of_conduct: Annotated[
        Path | None, Field(description="the city's own code of conduct, a YAML file; see scripts.md")
    ] = None

    alert_late_minutes: Annotated[
        float, Field(description="minutes behind the timetable from which on the desk is alerted", gt=0)
    ] = USUAL.late / timedelta(minutes=1)
    alert_call_minutes: Annotated[
        float, Field(description="minutes after which the desk is alerted that nobody has taken a help call", gt=0)
    ] = USUAL.call / timedelta(minutes=1)
    alert_present_share: Annotated[
        float, Field(description="share of the seats below which, once it runs, the desk is alerted", ge=0, le=1)
    ] = USUAL.present

    four_eyes_above: Annotated[
        int,
        Field(
            description="whoever orders something for more evenings than this within 24 hours needs a second person",
            ge=0,
        ),
    ] = FOUR_EYES_ABOVE
    approval_hours: Annotated[
        float, Field(description="hours of conference time after which an order that nobody approved expires", gt=0)
    ] = APPROVAL_HOURS

    @property
    def thresholds(self) -> Thresholds:
        """From when on the desk is alerted."""
        return Thresholds(
            late=timedelta(minutes=self.alert_late_minutes),
            call=timedelta(minutes=self.alert_call_minutes),
            present=self.alert_present_share,
        )

    @model_validator(mode="after")
    def _the_keys_of_votes_are_wrapped(self) -> Self:
        """Better refused at the start than when the first poll is opened."""
        _ = self.key_encryption
        return self
