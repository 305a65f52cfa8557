# SPDX-License-Identifier: Apache-2.0
"""An app of somebody else: it registers itself, the city approves it, keys let it in. Or the city's provider of OpenID
Connect vouches for it with its tokens: then it is known from its first visit on, and the city may suspend it as well.

Who answers for it is in the vault. Of a key only the hash of its secret is known.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, assert_never

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal, Sealed, Snapshotted


class AppRegistered(Event, frozen=True, kw_only=True):
    """Somebody wants their app to use the API. What for is sealed with the app's key."""

    TOPIC = "registration.app_registered"
    app_id: str
    name: str
    purpose: Sealed
    licence: str
    scopes: tuple[str, ...]


class AppSeen(Event, frozen=True, kw_only=True):
    """The app came with a token of the city's provider for the first time, which calls it `client`. It may use the API
    as far as its tokens say."""

    TOPIC = "registration.app_seen"
    app_id: str
    client: str


class AppApproved(Event, frozen=True, kw_only=True):
    """The app may use the API with these scopes."""

    TOPIC = "registration.app_approved"
    app_id: str
    scopes: tuple[str, ...]


class AppRejected(Event, frozen=True, kw_only=True):
    """The app may not use the API."""

    TOPIC = "registration.app_rejected"
    app_id: str


class AppSuspended(Event, frozen=True, kw_only=True):
    """The app may not use the API any more."""

    TOPIC = "registration.app_suspended"
    app_id: str


class AppErased(Event, frozen=True, kw_only=True):
    """The app is gone, with its contact, its key and its keys."""

    TOPIC = "registration.app_erased"
    app_id: str


class AppKeyIssued(Event, frozen=True, kw_only=True):
    """The app has a new key; the one before it ends by `older_until`, any older one at once."""

    TOPIC = "registration.app_key_issued"
    app_id: str
    key_id: str
    secret_hash: str
    expires_at: datetime
    older_until: datetime


class AppKeyRevoked(Event, frozen=True, kw_only=True):
    """A key lets nobody in any more."""

    TOPIC = "registration.app_key_revoked"
    app_id: str
    key_id: str


class AppKeyUsed(Event, frozen=True, kw_only=True):
    """A key was used on this day, for the first time since midnight UTC."""

    TOPIC = "registration.app_key_used"
    app_id: str
    key_id: str
    day: str


AppEvent = (
    AppRegistered
    | AppSeen
    | AppApproved
    | AppRejected
    | AppSuspended
    | AppErased
    | AppKeyIssued
    | AppKeyRevoked
    | AppKeyUsed
)


class Key(msgspec.Struct, frozen=True):
    """A key that lets the app in until it expires."""

    key_id: str
    secret_hash: str
    expires_at: datetime
    last_used_on: str | None = None


class Unregistered(msgspec.Struct, frozen=True):
    """Nobody has registered the app."""


Status = Literal["WAITING", "APPROVED", "REJECTED", "SUSPENDED"]
"""How far the city has decided."""


class Registered(msgspec.Struct, frozen=True):
    """The app is known; `scopes` are those it may use, `keys` at most two, the older one first.

    Of one that the city's provider vouches for, `facts` are None, `client` is its name there, and no `scopes` are what
    its tokens say.
    """

    facts: AppRegistered | None
    status: Status = "WAITING"
    scopes: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    client: str | None = None

    def key(self, key_id: str) -> Key | None:
        """The key with this id."""
        return next((key for key in self.keys if key.key_id == key_id), None)


class Erased(msgspec.Struct, frozen=True):
    """The app was erased. It registers anew under another id."""


App = Unregistered | Registered | Erased


class RegisterApp(Command, frozen=True, kw_only=True):
    """Registers the app."""

    app_id: str
    name: str
    purpose: Sealed
    licence: str
    scopes: tuple[str, ...]


class NoteApp(Command, frozen=True, kw_only=True):
    """The app came with a token of the city's provider."""

    app_id: str
    client: str


class ApproveApp(Command, frozen=True, kw_only=True):
    """Lets the app in, with these scopes."""

    app_id: str
    scopes: tuple[str, ...]


class RejectApp(Command, frozen=True, kw_only=True):
    """Turns the app down."""

    app_id: str


class SuspendApp(Command, frozen=True, kw_only=True):
    """Shuts the app out."""

    app_id: str


class EraseApp(Command, frozen=True, kw_only=True):
    """Erases the app."""

    app_id: str


class IssueKey(Command, frozen=True, kw_only=True):
    """Gives the app a key."""

    app_id: str
    key_id: str
    secret_hash: str
    expires_at: datetime
    older_until: datetime


class RevokeKey(Command, frozen=True, kw_only=True):
    """Ends a key."""

    app_id: str
    key_id: str


class NoteUse(Command, frozen=True, kw_only=True):
    """A key was used on this day."""

    app_id: str
    key_id: str
    day: str


AppCommand = RegisterApp | NoteApp | ApproveApp | RejectApp | SuspendApp | EraseApp | IssueKey | RevokeKey | NoteUse


class AppIs(Refusal, frozen=True, kw_only=True):
    """An app with this status cannot do that, or have that done to it."""

    status: str


class UnknownApp(Refusal, frozen=True, kw_only=True):
    """There is no such app (any more)."""

    app_id: str


class TooManyAppsWait(Refusal, frozen=True, kw_only=True):
    """So many apps wait for the city's approval that no further one is taken before some were decided."""

    waiting: int


def decide(app: App, command: AppCommand) -> Sequence[AppEvent] | Refusal:
    """An app is registered once and is in the city's hands from then on; what already holds changes nothing."""
    if isinstance(command, RegisterApp):
        if not isinstance(app, Unregistered):
            return AppIs(status=app.status if isinstance(app, Registered) else "ERASED")
        return [
            AppRegistered(
                app_id=command.app_id,
                name=command.name,
                purpose=command.purpose,
                licence=command.licence,
                scopes=command.scopes,
            )
        ]
    if isinstance(command, NoteApp):
        if isinstance(app, Erased):
            return AppIs(status="ERASED")
        return [] if isinstance(app, Registered) else [AppSeen(app_id=command.app_id, client=command.client)]
    if not isinstance(app, Registered):
        erased_already = isinstance(app, Erased) and isinstance(command, EraseApp)
        return [] if erased_already else UnknownApp(app_id=command.app_id)
    return _decide(app, command)


def _decide(
    app: Registered, command: ApproveApp | RejectApp | SuspendApp | EraseApp | IssueKey | RevokeKey | NoteUse
) -> Sequence[AppEvent] | Refusal:
    match command:
        case ApproveApp():
            same = app.status == "APPROVED" and app.scopes == command.scopes
            return [] if same else [AppApproved(app_id=command.app_id, scopes=command.scopes)]
        case RejectApp():
            if app.status == "WAITING":
                return [AppRejected(app_id=command.app_id)]
            return [] if app.status == "REJECTED" else AppIs(status=app.status)
        case SuspendApp():
            if app.status == "APPROVED":
                return [AppSuspended(app_id=command.app_id)]
            return [] if app.status == "SUSPENDED" else AppIs(status=app.status)
        case EraseApp():
            return [AppErased(app_id=command.app_id)]
        case IssueKey():
            if app.status != "APPROVED":
                return AppIs(status=app.status)
            if app.key(command.key_id) is not None:
                return []
            return [
                AppKeyIssued(
                    app_id=command.app_id,
                    key_id=command.key_id,
                    secret_hash=command.secret_hash,
                    expires_at=command.expires_at,
                    older_until=command.older_until,
                )
            ]
        case RevokeKey():
            known = app.key(command.key_id)
            return [] if known is None else [AppKeyRevoked(app_id=command.app_id, key_id=command.key_id)]
        case NoteUse():
            known = app.key(command.key_id)
            if known is None or (known.last_used_on or "") >= command.day:
                return []
            return [AppKeyUsed(app_id=command.app_id, key_id=command.key_id, day=command.day)]
        case _:
            assert_never(command)


def evolve(app: App, event: AppEvent) -> App:
    """Status, scopes and keys follow from what was decided."""
    if isinstance(event, AppRegistered):
        return Registered(facts=event)
    if isinstance(event, AppSeen):
        return Registered(facts=None, status="APPROVED", client=event.client)
    if isinstance(event, AppErased) or not isinstance(app, Registered):
        return Erased() if isinstance(event, AppErased) else app
    return _evolve(app, event)


def _evolve(
    app: Registered, event: AppApproved | AppRejected | AppSuspended | AppKeyIssued | AppKeyRevoked | AppKeyUsed
) -> Registered:
    change = msgspec.structs.replace
    match event:
        case AppApproved():
            return change(app, status="APPROVED", scopes=event.scopes)
        case AppRejected():
            return change(app, status="REJECTED")
        case AppSuspended():
            return change(app, status="SUSPENDED")
        case AppKeyIssued():
            older = [change(key, expires_at=min(key.expires_at, event.older_until)) for key in app.keys[-1:]]
            return change(app, keys=(*older, Key(event.key_id, event.secret_hash, event.expires_at)))
        case AppKeyRevoked():
            return change(app, keys=tuple(key for key in app.keys if key.key_id != event.key_id))
        case AppKeyUsed():
            used = (change(key, last_used_on=event.day) if key.key_id == event.key_id else key for key in app.keys)
            return change(app, keys=tuple(used))
        case _:
            assert_never(event)


APP: Decider[App, AppCommand, AppEvent] = Decider(
    name="registration.app",
    initial=Unregistered(),
    decide=decide,
    evolve=evolve,
    events=(
        AppRegistered,
        AppSeen,
        AppApproved,
        AppRejected,
        AppSuspended,
        AppErased,
        AppKeyIssued,
        AppKeyRevoked,
        AppKeyUsed,
    ),
    snapshot=Snapshotted((Unregistered, Registered, Erased), version=3),
)
