# SPDX-License-Identifier: Apache-2.0
"""What the session service refuses of polls, chat and help."""

from datetime import datetime

from services.chassis.contract import Id
from services.chassis.decider import Refusal


class AlreadyClaimed(Refusal, frozen=True, kw_only=True):
    """Somebody else of the staff has the call."""

    by: Id


class AlreadyResolved(Refusal, frozen=True, kw_only=True):
    """The call is done; nobody needs to come."""

    call_id: Id


class BallotDoesNotFit(Refusal, frozen=True, kw_only=True):
    """A poll of this kind is answered otherwise: `single` and `mood` by one option, `multiple` and `ranking` by several
    different ones, `scale` and `number` by a value, `word_cloud` and `open` by words."""

    kind: str


class ChannelIsOff(Refusal, frozen=True, kw_only=True):
    """In this phase nobody writes into this channel; staff still reach everybody."""

    phase: str


class ChatIsDeleted(Refusal, frozen=True, kw_only=True):
    """The chat was deleted a day after the evening; nobody writes there any more."""

    deleted_at: datetime


class PersonIsMuted(Refusal, frozen=True, kw_only=True):
    """Staff muted the person, who writes nothing until staff let them speak again."""

    participant_id: Id


class PollIsClosed(Refusal, frozen=True, kw_only=True):
    """The voting has ended."""

    poll_id: Id


class PollIsOpen(Refusal, frozen=True, kw_only=True):
    """The voting has not ended, so there is nothing to count yet."""

    poll_id: Id


class ReportIsClosed(Refusal, frozen=True, kw_only=True):
    """Staff are done with the report."""

    report_id: Id


class TooManyCalls(Refusal, frozen=True, kw_only=True):
    """The person called a few times just now; there is room for the next call at `retry_at`."""

    retry_at: datetime


class TooManyMessages(Refusal, frozen=True, kw_only=True):
    """The person wrote a lot just now; there is room for the next message at `retry_at`."""

    retry_at: datetime


class UnknownAnswer(Refusal, frozen=True, kw_only=True):
    """There is no such answer that everybody sees."""

    answer_id: Id


class TooManyReports(Refusal, frozen=True, kw_only=True):
    """The person reported a lot just now; there is room for the next report at `retry_at`."""

    retry_at: datetime


class UnknownCall(Refusal, frozen=True, kw_only=True):
    """There is no such call in this conference."""

    call_id: Id


class UnknownOption(Refusal, frozen=True, kw_only=True):
    """The poll has `options` options, numbered from 0; `option` is none of them."""

    option: int
    options: int


class UnknownPoll(Refusal, frozen=True, kw_only=True):
    """There is no such poll."""

    poll_id: Id


class ValueOutOfBounds(Refusal, frozen=True, kw_only=True):
    """The poll takes values from `lowest` to `highest`."""

    lowest: int
    highest: int


class WrongNumberOfOptions(Refusal, frozen=True, kw_only=True):
    """The poll wants from `at_least` to `at_most` different options on a ballot."""

    at_least: int
    at_most: int


class UnknownReport(Refusal, frozen=True, kw_only=True):
    """There is no such report in this conference."""

    report_id: Id
