# SPDX-License-Identifier: Apache-2.0
"""What the services' rules refuse, as the gateway and other clients see it.

Each type stands in a domain too, with the same name and the same fields; a contract test compares them. Sorted by
service, then by name.
"""

from datetime import datetime

from services.chassis.contract import Id
from services.chassis.decider import Refusal

# registration ---------------------------------------------------------------------------------------------------


class AccessIsClosed(Refusal, frozen=True, kw_only=True):
    """The person was excluded from the conference: their link opens nothing."""


class AlreadyAnnounced(Refusal, frozen=True, kw_only=True):
    """The conference exists with other facts; people rely on them."""

    conference_id: Id


class AppIs(Refusal, frozen=True, kw_only=True):
    """An app with this status cannot do that, or have that done to it."""

    status: str


class ApprovalNeeded(Refusal, frozen=True, kw_only=True):
    """More than `limit` conferences within 24 hours take a second person: start a job, which somebody else approves."""

    limit: int


class ConferenceIsOver(Refusal, frozen=True, kw_only=True):
    """The conference was held or cancelled."""

    status: str


class ConferenceNotOpen(Refusal, frozen=True, kw_only=True):
    """Registrations are taken while the conference is open."""

    status: str


class ConfirmationExpired(Refusal, frozen=True, kw_only=True):
    """The address was not confirmed in time; the person may register again."""

    expired_at: datetime


class JobIs(Refusal, frozen=True, kw_only=True):
    """A job with this status cannot do that, or have that done to it."""

    status: str


class NoSeatToTake(Refusal, frozen=True, kw_only=True):
    """A registration in this situation can neither be confirmed nor checked in, and opens no door."""

    status: str


class NotAnnounced(Refusal, frozen=True, kw_only=True):
    """There is no such conference."""

    conference_id: Id


class NotOfTheStaff(Refusal, frozen=True, kw_only=True):
    """Only people of the staff hold roles."""

    staff_id: Id


class NotRegistered(Refusal, frozen=True, kw_only=True):
    """The conference has no such registration (any more)."""

    participant_id: Id


class OwnJob(Refusal, frozen=True, kw_only=True):
    """Whoever started a job does not decide about it: that takes a second person. Cancelling it is allowed."""


class SeriesAlreadyCreated(Refusal, frozen=True, kw_only=True):
    """The series exists with other facts; announced conferences rely on them."""

    series_id: Id


class TooEarlyForStandbys(Refusal, frozen=True, kw_only=True):
    """Seats are kept for their owners until the published minute."""

    not_before: datetime


class TooManyAppsWait(Refusal, frozen=True, kw_only=True):
    """So many apps wait for the city's approval that no further one is taken before some were decided."""

    waiting: int


class TooManyJobs(Refusal, frozen=True, kw_only=True):
    """So many jobs run or wait for approval that no further one is taken before some have ended."""

    unfinished: int


class TooManyMails(Refusal, frozen=True, kw_only=True):
    """So many registrations of this address were asked for lately that no further mail is sent to it now."""

    retry_after_seconds: int


class UnknownApp(Refusal, frozen=True, kw_only=True):
    """There is no such app (any more)."""

    app_id: Id


class UnknownJob(Refusal, frozen=True, kw_only=True):
    """There is no such job."""

    job_id: Id


class UnknownSecret(Refusal, frozen=True, kw_only=True):
    """The secret opens nothing: it was mistyped, replaced, or what it belongs to is gone."""


# rooms ----------------------------------------------------------------------------------------------------------


class GroupHasNoRoom(Refusal, frozen=True, kw_only=True):
    """The group is none of the running round."""

    group_id: Id


class PlacementChanged(Refusal, frozen=True, kw_only=True):
    """The client knows an older generation: it asks where the person belongs now."""

    generation: int


class VenueIsClosed(Refusal, frozen=True, kw_only=True):
    """The evening of this conference is over, or its venue is not ready yet."""

    conference_id: Id


# session: phases, groups, roster ---------------------------------------------------------------------------------


class FirstPhase(Refusal, frozen=True, kw_only=True):
    """There is no phase before this one."""

    run: int


class GroupIsFull(Refusal, frozen=True, kw_only=True):
    """The group has as many people as a group may have."""

    group_id: Id
    size: int


class NoGroupsNow(Refusal, frozen=True, kw_only=True):
    """No groups are running; `generation` is that of the plenary."""

    generation: int


class NoSuchGroup(Refusal, frozen=True, kw_only=True):
    """There is no such group in the running phase."""

    group_id: Id


class NotInAGroup(Refusal, frozen=True, kw_only=True):
    """The person sits in no group of the running phase."""

    participant_id: Id


class NotOnTheRoster(Refusal, frozen=True, kw_only=True):
    """Nobody with this id has a seat."""

    participant_id: Id


class PhaseHasChanged(Refusal, frozen=True, kw_only=True):
    """The command meant another phase than the present one; `phase` is None outside of phases."""

    run: int
    phase: str | None


class PlanIsFlawed(Refusal, frozen=True, kw_only=True):
    """A plan of groups broke a rule of seating and was not stored."""

    flaw: str


class SessionIs(Refusal, frozen=True, kw_only=True):
    """The session is in a status in which the command has no meaning; None: it was never prepared."""

    status: str | None


# session: polls, chat, help -------------------------------------------------------------------------------------


class AlreadyClaimed(Refusal, frozen=True, kw_only=True):
    """Somebody else of the staff has the call."""

    by: Id


class AlreadyResolved(Refusal, frozen=True, kw_only=True):
    """The call is done; nobody needs to come."""

    call_id: Id


class BallotDoesNotFit(Refusal, frozen=True, kw_only=True):
    """A poll of this kind is answered otherwise: `single` by exactly one option, `word_cloud` by one to three words."""

    kind: str


class PollIsClosed(Refusal, frozen=True, kw_only=True):
    """The voting has ended."""

    poll_id: Id


class PollIsOpen(Refusal, frozen=True, kw_only=True):
    """The voting has not ended, so there is nothing to count yet."""

    poll_id: Id


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


# ideas ----------------------------------------------------------------------------------------------------------


class BoardIsClosed(Refusal, frozen=True, kw_only=True):
    """Cards of this kind are not welcome now; `open_kinds` are."""

    kind: str
    open_kinds: tuple[str, ...]


class BudgetExceeded(Refusal, frozen=True, kw_only=True):
    """The amount is more than what is left of the round's budget."""

    left_cents: int


class ChallengeExists(Refusal, frozen=True, kw_only=True):
    """Another challenge was posted under this id."""

    challenge_id: Id


class IdeaNotInRound(Refusal, frozen=True, kw_only=True):
    """The round does not judge this idea."""

    idea_id: Id


class JuryRoundExists(Refusal, frozen=True, kw_only=True):
    """Another round was opened under this id."""

    round_id: Id


class JuryRoundIsClosed(Refusal, frozen=True, kw_only=True):
    """The round takes no scores."""

    round_id: Id


class JuryRoundIsOpen(Refusal, frozen=True, kw_only=True):
    """That is possible only once the round is closed."""

    round_id: Id


class NoIdeas(Refusal, frozen=True, kw_only=True):
    """There is nothing to judge."""


class NoTopics(Refusal, frozen=True, kw_only=True):
    """There is no problem that could be a topic, or no topic was chosen yet."""


class NotAssigned(Refusal, frozen=True, kw_only=True):
    """The juror was not asked to review this idea."""

    idea_id: Id


class NotInGroup(Refusal, frozen=True, kw_only=True):
    """Only the members of this group, its mentor and moderators write on its sheet."""

    group_id: Id


class NotJuror(Refusal, frozen=True, kw_only=True):
    """The person does not judge in this round."""

    round_id: Id


class PassageChanged(Refusal, frozen=True, kw_only=True):
    """Somebody else changed the passage; `version` is the newer one, 0 when there never was such a passage."""

    passage_id: Id
    version: int


class PenIsTaken(Refusal, frozen=True, kw_only=True):
    """The person may not write at this conference."""


class ProblemsAreClosed(Refusal, frozen=True, kw_only=True):
    """Problems are neither collected nor dotted now."""


class RecusalTooLate(Refusal, frozen=True, kw_only=True):
    """Scores are final already."""

    round_id: Id


class SheetIsClosed(Refusal, frozen=True, kw_only=True):
    """The evening is over; nobody writes on the sheet any more."""

    sheet_id: Id


class SheetIsEmpty(Refusal, frozen=True, kw_only=True):
    """Nothing is written on the sheet."""

    sheet_id: Id


class SheetIsFull(Refusal, frozen=True, kw_only=True):
    """The sheet has as many passages as one may have."""

    limit: int


class TooManyCards(Refusal, frozen=True, kw_only=True):
    """The person pinned as many cards as one may."""

    limit: int


class TooManyDots(Refusal, frozen=True, kw_only=True):
    """More dots than one person has."""

    limit: int
    asked: int


class TooManyPassages(Refusal, frozen=True, kw_only=True):
    """The person began as many passages of the sheet as one may."""

    limit: int


class TooManyProblems(Refusal, frozen=True, kw_only=True):
    """The person proposed as many problems as one may."""

    limit: int


class TopicsAreSettled(Refusal, frozen=True, kw_only=True):
    """The wishes are already collected; topics and wishes stay as they are."""


class UnknownCard(Refusal, frozen=True, kw_only=True):
    """There is no such card."""

    card_id: Id


class UnknownChallenge(Refusal, frozen=True, kw_only=True):
    """There is no (public) challenge with this id."""

    challenge_id: Id


class UnknownCriterion(Refusal, frozen=True, kw_only=True):
    """The round has no such criterion."""

    criterion_id: str


class UnknownIdea(Refusal, frozen=True, kw_only=True):
    """There is no such idea."""

    idea_id: Id


class UnknownJuryRound(Refusal, frozen=True, kw_only=True):
    """There is no such round."""


class UnknownProblem(Refusal, frozen=True, kw_only=True):
    """There is no such problem at this conference."""

    problem_id: str


class UnknownSheet(Refusal, frozen=True, kw_only=True):
    """There is no such sheet."""

    sheet_id: Id


class UnknownTopic(Refusal, frozen=True, kw_only=True):
    """There is no such topic."""

    topic_id: Id


class VotingIsClosed(Refusal, frozen=True, kw_only=True):
    """Dots are not taken now."""
