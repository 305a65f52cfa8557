# SPDX-License-Identifier: Apache-2.0
"""What the session service refuses of the survey."""

from datetime import datetime

from services.chassis.contract import Id
from services.chassis.decider import Refusal


class AlreadyAnswered(Refusal, frozen=True, kw_only=True):
    """The person has answered this wave, differently; answers are not changed."""

    wave: str


class EndOutOfBounds(Refusal, frozen=True, kw_only=True):
    """People can be asked once more until `latest`, and only for a time that is not over."""

    latest: datetime


class ItemNotAsked(Refusal, frozen=True, kw_only=True):
    """The wave does not ask this, or not in this way: a scale takes a value, a text takes words."""

    item: str


class ItemUnanswered(Refusal, frozen=True, kw_only=True):
    """Every scale is answered, or nothing at all."""

    item: str


class SurveyIs(Refusal, frozen=True, kw_only=True):
    """The wave is in a status in which the command has no meaning; None: it was never opened."""

    wave: str
    status: str | None


class UnknownRemark(Refusal, frozen=True, kw_only=True):
    """There is no such remark among those that were counted."""

    remark_id: Id
