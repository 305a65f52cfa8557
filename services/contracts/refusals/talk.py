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
    """A poll of this kind is answered otherwise: `single` by exactly one option, `word_cloud` by one to three words."""

    kind: str


class PersonIsMuted(Refusal, frozen=True, kw_only=True):
    """Staff muted the person, who writes nothing until staff let them speak again."""

    participant_id: Id


class PollIsClosed(Refusal, frozen=True, kw_only=True):
    """The voting has ended."""

    poll_id: Id


class PollIsOpen(Refusal, frozen=True, kw_only=True):
    """The voting has not ended, so there is nothing to count yet."""

    poll_id: Id


class TooManyCalls(Refusal, frozen=True, kw_only=True):
    """The person called a few times just now; there is room for the next call at `retry_at`."""

    retry_at: datetime


class TooManyMessages(Refusal, frozen=True, kw_only=True):
    """The person wrote a lot just now; there is room for the next message at `retry_at`."""

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
