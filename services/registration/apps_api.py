# SPDX-License-Identifier: Apache-2.0
"""How apps register, are approved, and get keys.

What is shown once, an app's secret and its keys, follows from the key of keys and is stored nowhere: such a command is
stored first, without its answer, and answered then. Repeating it gives the same answer.
"""

from datetime import UTC, datetime, timedelta
from uuid import uuid4, uuid5

from services.chassis.api import Api, Context, Decide
from services.chassis.contract import CommandRequest, Done
from services.chassis.decider import Command, Refusal
from services.chassis.decisions import Envelope, Step, request_hash
from services.chassis.keys import new_key, seal, unseal, wrap
from services.chassis.paging import one_page
from services.chassis.refusals import InvalidInput, NotAllowed, NotFound
from services.chassis.store import Statement
from services.contracts import registration as contract
from services.registration import access
from services.registration.adapters.app_contacts import Contact, apps_of, contacts, enter_contact, erase_contact
from services.registration.adapters.office import office_of
from services.registration.adapters.secrets import Secrets
from services.registration.domain import app as domain
from services.registration.domain.app import APP, Registered
from services.registration.domain.links import UnknownSecret
from services.registration.readmodel import apps
from services.registration.readmodel.cursors import BadCursor, read_cursor, write_cursor

WAITING = 200
"""So many apps may wait for the city at the same time: anybody may register one."""
WAITING_OF_ONE = 5
"""So many of them with the same address of who answers for them."""


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    organisers = access.organisers_of_the_city
    api.command(contract.RegisterApp)(register_app)
    api.command(contract.ApproveApp, needs=organisers)(approve_app)
    api.command(contract.RejectApp, needs=organisers)(reject_app)
    api.command(contract.SuspendApp, needs=organisers)(suspend_app)
    api.command(contract.EraseApp, needs=organisers)(erase_app)
    api.command(contract.IssueAppKey)(issue_app_key)
    api.command(contract.RevokeAppKey)(revoke_app_key)
    api.command(contract.NoteAppKeyUse, needs=access.service)(note_app_key_use)
    api.command(contract.NoteApp, needs=access.service)(note_app)
    api.query(contract.GetAppAccess, needs=access.service)(get_app_access)
    api.query(contract.GetAppKey, needs=access.service)(get_app_key)
    api.query(contract.ListApps, needs=organisers)(list_apps)


def _secrets(ctx: Context) -> Secrets:
    return office_of(ctx.db, ctx.settings).vault.secrets


def _step(app_id: str, command: Command) -> Step:
    return Step(APP, app_id, command, conference=None)


async def _store(
    request: CommandRequest[contract.AppAccepted] | CommandRequest[contract.ApiKey],
    ctx: Context,
    step: Step,
    effects: list[Statement],
) -> Refusal | None:
    """Carries a step out under the command's own id, with an answer that tells nothing."""
    hashed = request_hash(request, ctx.settings.request_key)
    envelope = Envelope(ctx.command_id, hashed, ctx.actor.id or ctx.actor.kind, ctx.trace, expected=ctx.expected)
    done = await ctx.repository.execute([step], envelope, Done(), effects)
    return done if isinstance(done, Refusal) else None


async def register_app(request: contract.RegisterApp, ctx: Context) -> contract.AppAccepted | Refusal:
    """Registers an app of whoever asks; it waits for the city."""
    waiting = await apps.count_waiting(ctx.db)
    if waiting >= WAITING:
        return domain.TooManyAppsWait(waiting=waiting)
    address = _secrets(ctx).address(request.contact_email)
    theirs = await apps.count_waiting(ctx.db, await apps_of(ctx.db, address))
    if theirs >= WAITING_OF_ONE:
        return domain.TooManyAppsWait(waiting=theirs)
    app_id = uuid5(ctx.command_id, "app").hex if ctx.command_id else uuid4().hex
    key = new_key()
    command = domain.RegisterApp(
        now=ctx.now,
        app_id=app_id,
        name=request.name,
        purpose=seal(app_id, key, request.purpose),
        licence=request.licence,
        scopes=request.scopes,
    )
    contact = Contact(name=request.contact_name, email=request.contact_email)
    wrapped = wrap(ctx.settings.key_encryption, key, bytes.fromhex(app_id))
    refusal = await _store(
        request, ctx, _step(app_id, command), [*enter_contact(app_id, contact, address, key, wrapped)]
    )
    return refusal or contract.AppAccepted(app_id=app_id, secret=_secrets(ctx).app(app_id))


async def approve_app(request: contract.ApproveApp, ctx: Context) -> Decide:
    """Lets an app in."""
    scopes = tuple(dict.fromkeys(request.scopes))
    return Decide(_step(request.app_id, domain.ApproveApp(now=ctx.now, app_id=request.app_id, scopes=scopes)))


async def reject_app(request: contract.RejectApp, ctx: Context) -> Decide:
    """Turns an app down."""
    return Decide(_step(request.app_id, domain.RejectApp(now=ctx.now, app_id=request.app_id)))


async def suspend_app(request: contract.SuspendApp, ctx: Context) -> Decide:
    """Shuts an app out."""
    return Decide(_step(request.app_id, domain.SuspendApp(now=ctx.now, app_id=request.app_id)))


async def erase_app(request: contract.EraseApp, ctx: Context) -> Decide:
    """Erases an app and its contact in one transaction."""
    step = _step(request.app_id, domain.EraseApp(now=ctx.now, app_id=request.app_id))
    return Decide(step, effects=erase_contact(request.app_id))


async def issue_app_key(request: contract.IssueAppKey, ctx: Context) -> contract.ApiKey | Refusal:
    """Makes a key for whoever has the app's secret. Its end is in real time, as that of every token."""
    if not _secrets(ctx).is_app(request.app_id, request.secret):
        return UnknownSecret()
    key_id = (uuid5(ctx.command_id, "key") if ctx.command_id else uuid4()).hex[:8]
    text, secret_hash = _secrets(ctx).app_key(request.app_id, key_id)
    now = datetime.now(UTC)
    command = domain.IssueKey(
        now=ctx.now,
        app_id=request.app_id,
        key_id=key_id,
        secret_hash=secret_hash,
        expires_at=now + timedelta(days=request.days),
        older_until=now + timedelta(hours=request.overlap_hours),
    )
    refusal = await _store(request, ctx, _step(request.app_id, command), [])
    if refusal is not None:
        return refusal
    app = (await ctx.load(APP, request.app_id)).state
    key = app.key(key_id) if isinstance(app, Registered) else None
    if key is None:  # two more were made since, or it was revoked
        return UnknownSecret()
    return contract.ApiKey(api_key=text, key_id=key_id, expires_at=key.expires_at)


async def revoke_app_key(request: contract.RevokeAppKey, ctx: Context) -> Decide | Refusal:
    """Ends a key, for organisers and for whoever has the app's secret."""
    if not access.organisers_of_the_city(request, ctx.actor):
        if request.secret is None:
            return NotAllowed(needs="organiser, or the secret of the app")
        if not _secrets(ctx).is_app(request.app_id, request.secret):
            return UnknownSecret()
    command = domain.RevokeKey(now=ctx.now, app_id=request.app_id, key_id=request.key_id)
    return Decide(_step(request.app_id, command))


async def note_app_key_use(request: contract.NoteAppKeyUse, ctx: Context) -> Decide:
    """Keeps the last day on which a key was used."""
    command = domain.NoteUse(now=ctx.now, app_id=request.app_id, key_id=request.key_id, day=request.day)
    return Decide(_step(request.app_id, command))


async def note_app(request: contract.NoteApp, ctx: Context) -> Decide:
    """Makes an app known for which the city's provider vouches."""
    return Decide(_step(request.app_id, domain.NoteApp(now=ctx.now, app_id=request.app_id, client=request.client)))


async def get_app_access(request: contract.GetAppAccess, ctx: Context) -> contract.AppAccess | Refusal:
    """What an app may, read from the log itself: one that was suspended a moment ago is."""
    app = (await ctx.load(APP, request.app_id)).state
    if isinstance(app, domain.Erased):
        return domain.AppIs(status="ERASED")
    if not isinstance(app, Registered):
        return NotFound(what="app", id=request.app_id)
    return contract.AppAccess(
        status=app.status,
        scopes=None if app.client is not None and not app.scopes else _scopes(app.scopes),
    )


async def get_app_key(request: contract.GetAppKey, ctx: Context) -> contract.AppKey | Refusal:
    """One key of an approved app, read from the log itself: what was revoked a moment ago is not found."""
    app = (await ctx.load(APP, request.app_id)).state
    key = app.key(request.key_id) if isinstance(app, Registered) and app.status == "APPROVED" else None
    if key is None or not isinstance(app, Registered):
        return NotFound(what="key", id=request.key_id)
    return contract.AppKey(secret_hash=key.secret_hash, scopes=_scopes(app.scopes), expires_at=key.expires_at)


async def list_apps(request: contract.ListApps, ctx: Context) -> contract.Apps | Refusal:
    """One page of apps with who answers for them."""
    cut = request.cut
    try:
        after, before = (read_cursor(end, tuple[datetime, str]) if end else None for end in (cut.after, cut.before))
    except BadCursor as error:
        return InvalidInput(field="cut", problem=str(error))
    found = await apps.list_apps(
        ctx.db,
        ids=request.ids,
        status=request.status,
        after=after,
        before=before,
        backward=cut.backward,
        first=cut.first + 1,
    )
    page, more = one_page(found, cut.first, backward=cut.backward)
    ids = [app_id for app_id, _, _ in page]
    keys = await office_of(ctx.db, ctx.settings).vault.keys(ids)
    known = await contacts(ctx.db, keys, ids)
    items = tuple(_view(app_id, at, app, keys.get(app_id), known.get(app_id)) for app_id, at, app in page)
    places = tuple(write_cursor((at, app_id)) for app_id, at, _ in page)
    return contract.Apps(items=items, keys=places, more=more)


def _view(app_id: str, at: datetime, app: Registered, key: bytes | None, contact: Contact | None) -> contract.AppView:
    facts = app.facts
    return contract.AppView(
        app_id=app_id,
        name=facts.name if facts else app.client or "",
        status=app.status,
        purpose=unseal(facts.purpose, key) if facts else None,
        licence=facts.licence if facts else None,
        wanted=_scopes(facts.scopes) if facts else (),
        scopes=_scopes(app.scopes),
        contact_name=contact.name if contact else None,
        contact_email=contact.email if contact else None,
        registered_at=at,
        keys=tuple(
            contract.AppKeyView(key_id=each.key_id, expires_at=each.expires_at, last_used_on=each.last_used_on)
            for each in app.keys
        ),
        client=app.client,
    )


def _scopes(scopes: tuple[str, ...]) -> tuple[contract.Scope, ...]:
    """The scopes in the contract's words; the command that stored them was checked against them."""
    return scopes  # type: ignore[return-value]
