# SPDX-License-Identifier: Apache-2.0
"""Enumerations and small values that several areas share. Instants are RFC 3339 strings in UTC (`DateTime`)."""

from enum import Enum
from typing import TypeVar

import strawberry

from gateway.schema.shape import Shown, description_of, graphql_type, shown

EnumT = TypeVar("EnumT", bound=type[Enum])

DE = "The text in German."
EN = "The text in English."


def graphql_enum(cls: EnumT) -> EnumT:
    """Declares a GraphQL enumeration; its values are those of the contract, the docstring is its description."""
    return strawberry.enum(cls, description=description_of(cls))


@graphql_enum
class DeskAlert(Enum):
    """What somebody at the city desk should look after in one conference."""

    LATE = "LATE"
    NO_MODERATOR = "NO_MODERATOR"
    FEW_PRESENT = "FEW_PRESENT"
    LONELY_GROUP = "LONELY_GROUP"
    CALL_WAITS = "CALL_WAITS"


@graphql_enum
class PhaseKind(Enum):
    """How people sit together in a phase."""

    PLENARY = "plenary"
    GROUPS = "groups"
    BREAK = "break"


@graphql_enum
class GroupMode(Enum):
    """By what rule small groups are formed: new partners, by topic, by need and offer, or as before."""

    MIX = "mix"
    TOPIC = "topic"
    NEED_OFFER = "need_offer"
    SAME = "same"


@graphql_enum
class GuidingRole(Enum):
    """What one person does for a group that no mentor accompanies."""

    TIMEKEEPER = "timekeeper"
    NOTE_TAKER = "note_taker"
    SPEAKER = "speaker"


@graphql_enum
class SeatingRuleKind(Enum):
    """Who sits with whom: people who are kept apart or together, or of whom a group has one at most."""

    APART = "apart"
    ONE_ORGANISATION = "one_organisation"
    TOGETHER = "together"


@graphql_enum
class ChatChannel(Enum):
    """Where people can write during a phase."""

    PLENARY = "plenary"
    GROUP = "group"


@graphql_enum
class Tool(Enum):
    """What people can use during a phase."""

    POLL = "poll"
    NEEDS_OFFERS = "needs_offers"
    VALUES = "values"
    PROBLEMS = "problems"
    TOPICS = "topics"
    SHEET = "sheet"
    IDEAS = "ideas"
    SURVEY = "survey"
    STAGE = "stage"


@graphql_enum
class PollKind(Enum):
    """What is asked, hence what a ballot holds: options, a value, or words."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    SCALE = "scale"
    RANKING = "ranking"
    NUMBER = "number"
    WORD_CLOUD = "word_cloud"
    OPEN = "open"
    MOOD = "mood"


@graphql_enum
class AnswerStatus(Enum):
    """Who sees a word of a cloud or an answer to an open question."""

    WAITING = "waiting"
    SHOWN = "shown"
    HIDDEN = "hidden"


@graphql_enum
class PollResults(Enum):
    """Who sees the results of a poll: everybody while people vote, nobody, or everybody since they were revealed."""

    LIVE = "live"
    HIDDEN = "hidden"
    REVEALED = "revealed"


@graphql_enum
class SurveyWave(Enum):
    """When the same short questions are asked."""

    BEFORE = "before"
    AFTER = "after"
    FOLLOW_UP = "follow_up"


@graphql_enum
class SurveyStatus(Enum):
    """Whether people may answer."""

    OPEN = "open"
    COUNTING = "counting"
    CLOSED = "closed"


@graphql_enum
class SurveyItemKind(Enum):
    """How an item of the survey is answered."""

    SCALE = "scale"
    TEXT = "text"


@graphql_enum
class ExportFormat(Enum):
    """How a table is written."""

    CSV = "csv"
    JSON = "json"


@graphql_enum
class Readiness(Enum):
    """How a group, or a person outside of groups, stands to the end of a phase."""

    READY = "READY"
    MORE_TIME = "MORE_TIME"
    NONE = "NONE"


@graphql_enum
class SessionStatus(Enum):
    """Where an evening stands as a whole."""

    PREPARED = "PREPARED"
    LOBBY = "LOBBY"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    ENDED = "ENDED"


@graphql_enum
class Role(Enum):
    """What a person of the staff does."""

    ORGANISER = "organiser"
    MODERATOR = "moderator"
    DEPUTY = "deputy"
    MENTOR = "mentor"
    GUEST = "guest"
    JUROR = "juror"
    PARTNER = "partner"


@graphql_enum
class SeatStatus(Enum):
    """Where a registration stands."""

    SUBMITTED = "SUBMITTED"
    SEATED = "SEATED"
    WAITLISTED = "WAITLISTED"
    CANCELLED = "CANCELLED"
    RELEASED = "RELEASED"
    ERASED = "ERASED"


@graphql_enum
class ConferenceStatus(Enum):
    """Where a conference stands on its way to the evening and behind it."""

    ANNOUNCED = "ANNOUNCED"
    OPEN = "OPEN"
    CLOSED = "CLOSED"
    HELD = "HELD"
    CANCELLED = "CANCELLED"


@graphql_enum
class Language(Enum):
    """A language of the conference: German or English."""

    DE = "de"
    EN = "en"


@graphql_enum
class RoomKind(Enum):
    """Where a person belongs: in the plenary or in a small group."""

    PLENARY = "plenary"
    GROUP = "group"


@graphql_enum
class CardKind(Enum):
    """What a card says: what I need, what I offer, what I value, what I ask."""

    NEED = "NEED"
    OFFER = "OFFER"
    VALUE = "VALUE"
    QUESTION = "QUESTION"


@graphql_enum
class SheetField(Enum):
    """A field of an idea sheet."""

    TITLE = "title"
    PROBLEM = "problem"
    APPROACH = "approach"
    FIRST_STEPS = "first_steps"
    RESOURCES_NEEDED = "resources_needed"
    CONTACT = "contact"


@graphql_enum
class AppStatus(Enum):
    """Whether an app may use the API."""

    WAITING = "WAITING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    SUSPENDED = "SUSPENDED"


@graphql_enum
class JobKind(Enum):
    """What a job does for each of its rows."""

    ANNOUNCE_CONFERENCES = "ANNOUNCE_CONFERENCES"
    OPEN_CONFERENCES = "OPEN_CONFERENCES"
    CANCEL_CONFERENCES = "CANCEL_CONFERENCES"
    ASSIGN_STAFF_MEMBERS = "ASSIGN_STAFF_MEMBERS"


@graphql_enum
class JobStatus(Enum):
    """How far a job is."""

    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


@graphql_enum
class SessionAction(Enum):
    """What the city orders for many evenings."""

    START = "START"
    HOLD = "HOLD"
    RELEASE = "RELEASE"
    END = "END"


@graphql_enum
class SessionOrderStatus(Enum):
    """Where an order of the city stands."""

    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    GIVEN = "GIVEN"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


@graphql_enum
class TurnOutcome(Enum):
    """What became of an evening's turn."""

    DONE = "DONE"
    BY_HAND = "BY_HAND"
    OTHERWISE = "OTHERWISE"
    REFUSED = "REFUSED"


@graphql_enum
class Scope(Enum):
    """What an app may be allowed; a scope of a token, for example `idea:read` for IDEA_READ. ADMIN is `admin:*`."""

    CONFERENCE_READ = "conference:read"
    SESSION_LIVE = "session:live"
    IDEA_READ = "idea:read"
    IDEA_WRITE = "idea:write"
    RESOURCE_OFFER_WRITE = "resource-offer:write"
    JURY_READ = "jury:read"
    JURY_SCORE = "jury:score"
    WEBHOOK_MANAGE = "webhook:manage"
    ADMIN_REGISTRATION = "admin:registration"
    ADMIN_SESSION = "admin:session"
    ADMIN_IDEAS = "admin:ideas"
    ADMIN = "admin:*"


@graphql_enum
class ViewerKind(Enum):
    """What kind of client asks."""

    RESIDENT = "resident"
    STAFF = "staff"
    APP = "app"
    SERVICE = "service"
    ANONYMOUS = "anonymous"


@graphql_enum
class ChangeKind(Enum):
    """What became of a thing: it is there, new or other than before; or it is gone."""

    CHANGED = "CHANGED"
    REMOVED = "REMOVED"


@graphql_enum
class WebhookEventType(Enum):
    """What a webhook can be told of; `docs/webhooks.md` has the form of each."""

    CONFERENCE_ANNOUNCED = "conference.announced"
    CONFERENCE_OPENED = "conference.opened"
    CONFERENCE_CLOSED = "conference.closed"
    CONFERENCE_MOVED = "conference.moved"
    CONFERENCE_CANCELLED = "conference.cancelled"
    SESSION_LOBBY_OPENED = "session.lobby_opened"
    SESSION_STARTED = "session.started"
    SESSION_PAUSED = "session.paused"
    SESSION_RESUMED = "session.resumed"
    SESSION_ENDED = "session.ended"
    PHASE_STARTED = "phase.started"
    PHASE_EXTENDED = "phase.extended"
    PHASE_ENDED = "phase.ended"
    CHALLENGE_PUBLISHED = "challenge.published"
    IDEA_SUBMITTED = "idea.submitted"
    IDEA_WITHDRAWN = "idea.withdrawn"
    AWARD_MADE = "award.made"


@graphql_enum
class WebhookStatus(Enum):
    """Whether a webhook is sent anything: yes; switched off; its address answered 410 Gone; it failed for days; the app
    whose it is may not use the API."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    GONE = "GONE"
    FAILING = "FAILING"
    SUSPENDED = "SUSPENDED"


@graphql_enum
class WebhookDeliveryState(Enum):
    """What became of a delivery: it waits, was taken, was given up, or was dropped because the webhook was stopped."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    DISCARDED = "DISCARDED"


@graphql_enum
class WebhookDeliveryPurpose(Enum):
    """Why something is sent: it happened; it was asked for again; to test the webhook."""

    EVENT = "EVENT"
    REPLAY = "REPLAY"
    PING = "PING"


@graphql_enum
class WebhookProblem(Enum):
    """Why an attempt failed.

    An answer other than 2xx; no answer in time; no connection; a certificate that is not trusted; no address of the
    public internet.
    """

    STATUS = "STATUS"
    TIMEOUT = "TIMEOUT"
    CONNECTION = "CONNECTION"
    TLS = "TLS"
    NO_PUBLIC_ADDRESS = "NO_PUBLIC_ADDRESS"


@graphql_type()
class LocalText(Shown):
    """A text of the organisers in the languages of the conference."""

    de: str = shown(DE)
    en: str = shown(EN)
