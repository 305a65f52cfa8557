# SPDX-License-Identifier: Apache-2.0
"""The code of conduct that residents accept."""

from typing import ClassVar

import msgspec

from services.chassis.contract import Answer, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.session.vocabulary import SERVICE, _Command
from services.contracts.shared import LocalText, ShortText


class AcceptCodeOfConduct(_Command, frozen=True, kw_only=True):
    """Accepts the code of conduct in the version that the resident has read."""

    REFUSALS: ClassVar[Refusals] = (refusals.CodeHasChanged, refusals.NotOnTheRoster)
    version: ShortText


class RuleOfConduct(msgspec.Struct, frozen=True, kw_only=True):
    """One rule; staff name it by its key when they warn somebody."""

    key: str
    text: LocalText


class CodeOfConductView(Answer, frozen=True, kw_only=True):
    """What residents agree to."""

    version: str
    rules: tuple[RuleOfConduct, ...]


class GetCodeOfConduct(QueryRequest[CodeOfConductView], frozen=True, kw_only=True):
    """What residents agree to, in its present version."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = CodeOfConductView
