# SPDX-License-Identifier: Apache-2.0
"""Apps of others: their way to the API, and their keys."""

from datetime import datetime
from typing import Annotated, ClassVar

import msgspec

from services.chassis.contract import Answer, CommandRequest, Done, Id, QueryRequest, Refusals
from services.contracts import refusals
from services.contracts.registration.vocabulary import SERVICE, AppStatus, KeyId, Scope, Scopes
from services.contracts.shared import Cut, Listed, LongText, ShortText


class AppAccepted(Answer, frozen=True, kw_only=True):
    """The app waits for the city's approval. `secret` is shown once; whoever has it fetches the app's keys."""

    app_id: Id
    secret: str


class RegisterApp(CommandRequest[AppAccepted], frozen=True, kw_only=True):
    """Registers an app, by whoever wrote it: what it wants to do, and who answers for it. Organisers decide."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = AppAccepted
    REFUSALS: ClassVar[Refusals] = (refusals.AppIs, refusals.TooManyAppsWait)
    name: ShortText
    contact_name: ShortText
    contact_email: Annotated[str, msgspec.Meta(min_length=3, max_length=254, pattern="^[^@\\s]+@[^@\\s]+$")]
    purpose: LongText
    licence: ShortText
    scopes: Scopes


class ApproveApp(CommandRequest[Done], frozen=True, kw_only=True):
    """Lets an app use the API with these scopes (organiser); also one that was rejected or suspended before."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.UnknownApp,)
    app_id: Id
    scopes: Scopes


class RejectApp(CommandRequest[Done], frozen=True, kw_only=True):
    """Turns down an app that waits (organiser)."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.AppIs, refusals.UnknownApp)
    app_id: Id


class SuspendApp(CommandRequest[Done], frozen=True, kw_only=True):
    """Stops an app at once, until it is approved again (organiser)."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.AppIs, refusals.UnknownApp)
    app_id: Id


class EraseApp(CommandRequest[Done], frozen=True, kw_only=True):
    """Erases an app with its contact for good (organiser): its keys end at once."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.UnknownApp,)
    app_id: Id


class ApiKey(Answer, frozen=True, kw_only=True):
    """A key for `Authorization: Bearer`. It is shown once."""

    api_key: str
    key_id: KeyId
    expires_at: datetime


class IssueAppKey(CommandRequest[ApiKey], frozen=True, kw_only=True):
    """Makes a key of an approved app, for whoever has its secret. The key before it stays good for a while."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = ApiKey
    REFUSALS: ClassVar[Refusals] = (refusals.AppIs, refusals.UnknownApp, refusals.UnknownSecret)
    app_id: Id
    secret: ShortText
    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 180
    overlap_hours: Annotated[int, msgspec.Meta(ge=0, le=720)] = 168


class RevokeAppKey(CommandRequest[Done], frozen=True, kw_only=True):
    """Ends a key at once: for whoever has the app's secret, and for organisers without it."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.UnknownApp, refusals.UnknownSecret)
    app_id: Id
    key_id: KeyId
    secret: ShortText | None = None


class NoteAppKeyUse(CommandRequest[Done], frozen=True, kw_only=True):
    """Notes on which day (`2026-11-07`) a key was used; the gateway tells it once a day."""

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.UnknownApp,)
    app_id: Id
    key_id: KeyId
    day: Annotated[str, msgspec.Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class NoteApp(CommandRequest[Done], frozen=True, kw_only=True):
    """Notes an app that came with a token of the city's provider, which calls it `client` (services only, at first
    sight).
    """

    SERVICE: ClassVar[str] = SERVICE
    REFUSALS: ClassVar[Refusals] = (refusals.AppIs,)
    app_id: Id
    client: ShortText


class AppKey(Answer, frozen=True, kw_only=True):
    """What a key may: the SHA-256 of its secret in hex digits, the scopes of its app, its end."""

    secret_hash: str
    scopes: tuple[Scope, ...]
    expires_at: datetime


class GetAppKey(QueryRequest[AppKey], frozen=True, kw_only=True):
    """One key of an approved app; only services ask."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = AppKey
    app_id: Id
    key_id: KeyId


class AppAccess(Answer, frozen=True, kw_only=True):
    """Whether an app may use the API, and with which scopes at most; None: with those that its tokens say."""

    status: AppStatus
    scopes: tuple[Scope, ...] | None


class GetAppAccess(QueryRequest[AppAccess], frozen=True, kw_only=True):
    """What an app may that comes with tokens of the city's provider; only services ask."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = AppAccess
    app_id: Id


class AppKeyView(msgspec.Struct, frozen=True, kw_only=True):
    """One key as organisers see it; `last_used_on` is a day such as `2026-11-07`, None while it is unused."""

    key_id: KeyId
    expires_at: datetime
    last_used_on: str | None


class AppView(msgspec.Struct, frozen=True, kw_only=True):
    """One app as organisers see it. Of one that comes with tokens of the city's provider, `client` is its name there,
    nothing is known of its purpose, its licence and who answers for it, and no `scopes` are those of its tokens.
    """

    app_id: Id
    name: str
    status: AppStatus
    purpose: str | None
    licence: str | None
    wanted: tuple[Scope, ...]
    scopes: tuple[Scope, ...]
    contact_name: str | None
    contact_email: str | None
    registered_at: datetime
    keys: tuple[AppKeyView, ...]
    client: str | None = None


class Apps(Listed, frozen=True, kw_only=True):
    """Apps, the newest first."""

    items: tuple[AppView, ...]


class ListApps(QueryRequest[Apps], frozen=True, kw_only=True):
    """Apps, all or those with one status (organiser). `ids`: these alone."""

    SERVICE: ClassVar[str] = SERVICE
    ANSWER: ClassVar[type[Answer]] = Apps
    cut: Cut = Cut()
    status: AppStatus | None = None
    ids: tuple[Id, ...] = ()
