# SPDX-License-Identifier: Apache-2.0
"""Apps on a real database: what is shown once is stored nowhere, who answers for one is sealed."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from services.chassis.identity import ANONYMOUS, Actor
from services.chassis.refusals import IdempotencyKeyReused, InvalidInput, NotAllowed, NotFound
from services.contracts import registration as contract
from services.contracts.shared import Cut
from services.registration import apps_api
from services.registration.domain.app import AppIs, TooManyAppsWait
from services.registration.domain.links import UnknownSecret
from tests.integration.registration.desk import ORGANISER

REGISTER = contract.RegisterApp(
    name="Zeitung",
    contact_name="Frieda Fassbinder",
    contact_email="frieda@zeitung.example",
    purpose="Wir zeigen Ideen der Stadtteile",
    licence="CC BY 4.0",
    scopes=("idea:read",),
)
GATEWAY = Actor.service("gateway")


async def everything(desk):
    """Every row of every table, binary columns as the bytes they hold."""
    dump = b""
    for (table,) in await desk.db.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        for row in await desk.db.pool.fetch(f'SELECT * FROM "{table}"'):  # noqa: S608 -- a name of the catalogue
            dump += b"".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    return dump


async def approved(desk):
    accepted = await desk.done(REGISTER, ANONYMOUS)
    await desk.done(contract.ApproveApp(app_id=accepted.app_id, scopes=("idea:read",)))
    return accepted


async def key_of(desk, accepted):
    issue = contract.IssueAppKey(app_id=accepted.app_id, secret=accepted.secret)
    return await desk.done(issue, ANONYMOUS)


async def test_an_app_registers_waits_is_approved_and_gets_a_key(desk):
    accepted = await desk.done(REGISTER, ANONYMOUS)
    early = await desk.ask(contract.IssueAppKey(app_id=accepted.app_id, secret=accepted.secret), ANONYMOUS)
    assert early == AppIs(status="WAITING")
    await desk.done(contract.ApproveApp(app_id=accepted.app_id, scopes=("idea:read",)))
    key = await key_of(desk, accepted)
    assert key.api_key.startswith(f"qt_live_{accepted.app_id}{key.key_id}_")
    assert timedelta(days=179) < key.expires_at - datetime.now(UTC) <= timedelta(days=180)
    known = await desk.done(contract.GetAppKey(app_id=accepted.app_id, key_id=key.key_id), GATEWAY)
    assert known.scopes == ("idea:read",)


async def test_neither_the_secret_of_an_app_nor_its_key_nor_its_contact_is_in_the_database(desk):
    accepted = await approved(desk)
    key = await key_of(desk, accepted)
    dump = await everything(desk)
    for words in (accepted.secret, key.api_key, key.api_key[-48:-8], "Frieda", "zeitung.example", "Stadtteile"):
        assert words.encode() not in dump, words
    assert b"Zeitung" in dump  # the name of the app is no secret


async def test_a_repeated_command_gives_the_same_key_and_other_content_none(desk):
    accepted = await approved(desk)
    command_id = uuid4()
    issue = contract.IssueAppKey(app_id=accepted.app_id, secret=accepted.secret)
    first, again = [await desk.ask(issue, ANONYMOUS, command_id) for _ in range(2)]
    assert first == again
    other = contract.IssueAppKey(app_id=accepted.app_id, secret=accepted.secret, days=7)
    assert await desk.ask(other, ANONYMOUS, command_id) == IdempotencyKeyReused()


async def test_a_key_that_was_revoked_is_not_found_at_once(desk):
    accepted = await approved(desk)
    key = await key_of(desk, accepted)
    revoke = contract.RevokeAppKey(app_id=accepted.app_id, key_id=key.key_id)
    assert isinstance(await desk.ask(revoke, ANONYMOUS), NotAllowed)
    wrong = contract.RevokeAppKey(app_id=accepted.app_id, key_id=key.key_id, secret="guess")
    assert await desk.ask(wrong, ANONYMOUS) == UnknownSecret()
    own = contract.RevokeAppKey(app_id=accepted.app_id, key_id=key.key_id, secret=accepted.secret)
    await desk.done(own, ANONYMOUS)
    assert isinstance(await desk.ask(contract.GetAppKey(app_id=accepted.app_id, key_id=key.key_id), GATEWAY), NotFound)


async def test_a_suspended_app_has_no_keys_until_it_is_approved_again(desk):
    accepted = await approved(desk)
    key = await key_of(desk, accepted)
    ask = contract.GetAppKey(app_id=accepted.app_id, key_id=key.key_id)
    await desk.done(contract.SuspendApp(app_id=accepted.app_id))
    assert isinstance(await desk.ask(ask, GATEWAY), NotFound)
    await desk.done(contract.ApproveApp(app_id=accepted.app_id, scopes=("conference:read",)))
    assert (await desk.done(ask, GATEWAY)).scopes == ("conference:read",)


async def test_organisers_see_who_answers_for_an_app_until_it_is_erased(desk):
    accepted = await approved(desk)
    key = await key_of(desk, accepted)
    await desk.done(contract.NoteAppKeyUse(app_id=accepted.app_id, key_id=key.key_id, day="2026-11-07"), GATEWAY)
    (app,) = (await desk.done(contract.ListApps(), ORGANISER)).items
    assert (app.contact_name, app.contact_email) == ("Frieda Fassbinder", "frieda@zeitung.example")
    assert (app.purpose, app.status, app.keys[0].last_used_on) == (REGISTER.purpose, "APPROVED", "2026-11-07")
    await desk.done(contract.EraseApp(app_id=accepted.app_id))
    assert (await desk.done(contract.ListApps(), ORGANISER)).items == ()
    assert await desk.db.pool.fetchval("SELECT count(*) FROM app_contacts") == 0
    assert await desk.db.pool.fetchval("SELECT wrapped FROM data_keys WHERE id = $1", accepted.app_id) is None


async def test_apps_come_in_pages_the_newest_first(desk):
    made = [(await desk.done(REGISTER, ANONYMOUS)).app_id for _ in range(3)]
    seen, after = [], None
    while True:
        page = await desk.done(contract.ListApps(cut=Cut(first=2, after=after)))
        seen += [item.app_id for item in page.items]
        after = page.keys[-1]
        if not page.more:
            break
    assert sorted(seen) == sorted(made)
    bad = await desk.ask(contract.ListApps(cut=Cut(after="nonsense")), ORGANISER)
    assert isinstance(bad, InvalidInput)
    assert (await desk.done(contract.ListApps(status="APPROVED"))).items == ()


async def test_so_many_apps_may_wait_and_no_more(desk, monkeypatch):
    monkeypatch.setattr(apps_api, "WAITING", 1)
    accepted = await desk.done(REGISTER, ANONYMOUS)
    assert await desk.ask(REGISTER, ANONYMOUS) == TooManyAppsWait(waiting=1)
    await desk.done(contract.RejectApp(app_id=accepted.app_id))
    await desk.done(REGISTER, ANONYMOUS)


async def test_two_keys_are_good_at_the_same_time_and_the_older_one_ends_at_a_set_time(desk):
    accepted = await approved(desk)
    first = await key_of(desk, accepted)
    issue = contract.IssueAppKey(app_id=accepted.app_id, secret=accepted.secret, overlap_hours=2)
    second = await desk.done(issue, ANONYMOUS)
    ends = {}
    for key in (first, second):
        known = await desk.done(contract.GetAppKey(app_id=accepted.app_id, key_id=key.key_id), GATEWAY)
        ends[key.key_id] = known.expires_at - datetime.now(UTC)
    assert timedelta(minutes=115) < ends[first.key_id] <= timedelta(hours=2)
    assert ends[second.key_id] > timedelta(days=179)


async def test_a_key_that_ends_sooner_is_not_made_to_last_longer_and_no_overlap_ends_it_at_once(desk):
    accepted = await approved(desk)
    short = contract.IssueAppKey(app_id=accepted.app_id, secret=accepted.secret, days=1)
    first = await desk.done(short, ANONYMOUS)
    await desk.done(contract.IssueAppKey(app_id=accepted.app_id, secret=accepted.secret, overlap_hours=720), ANONYMOUS)
    known = await desk.done(contract.GetAppKey(app_id=accepted.app_id, key_id=first.key_id), GATEWAY)
    assert known.expires_at == first.expires_at
    again = contract.IssueAppKey(app_id=accepted.app_id, secret=accepted.secret, overlap_hours=0)
    second = (await desk.done(contract.ListApps())).items[0].keys[-1]
    await desk.done(again, ANONYMOUS)
    known = await desk.done(contract.GetAppKey(app_id=accepted.app_id, key_id=second.key_id), GATEWAY)
    assert known.expires_at <= datetime.now(UTC)


async def test_few_apps_of_one_contact_wait_at_the_same_time_whatever_the_others_do(desk):
    upper = contract.RegisterApp(
        name="Zeitung", contact_name="F", contact_email="Frieda@Zeitung.example", purpose="x", licence="x",
        scopes=("idea:read",),
    )  # fmt: skip
    for number in range(apps_api.WAITING_OF_ONE):
        await desk.done(upper if number % 2 else REGISTER, ANONYMOUS)
    assert await desk.ask(REGISTER, ANONYMOUS) == TooManyAppsWait(waiting=apps_api.WAITING_OF_ONE)
    other = contract.RegisterApp(
        name="Portal", contact_name="G", contact_email="g@portal.example", purpose="x", licence="x",
        scopes=("idea:read",),
    )  # fmt: skip
    await desk.done(other, ANONYMOUS)
    waiting = (await desk.done(contract.ListApps(status="WAITING"))).items
    assert {app.name for app in waiting} == {"Zeitung", "Portal", REGISTER.name}
    own = next(app for app in waiting if app.name != "Portal")
    await desk.done(contract.RejectApp(app_id=own.app_id))
    await desk.done(REGISTER, ANONYMOUS)


async def test_an_app_of_the_citys_provider_is_listed_suspended_and_narrowed_like_any_other(desk):
    app_id = "de" * 16
    access = contract.GetAppAccess(app_id=app_id)
    assert await desk.ask(access, GATEWAY) == NotFound(what="app", id=app_id)
    await desk.done(contract.NoteApp(app_id=app_id, client="stadt-app"), GATEWAY)
    assert await desk.done(access, GATEWAY) == contract.AppAccess(status="APPROVED", scopes=None)
    (app,) = (await desk.done(contract.ListApps())).items
    assert (app.name, app.client, app.status, app.licence, app.purpose) == (
        "stadt-app", "stadt-app", "APPROVED", None, None,
    )  # fmt: skip
    await desk.done(contract.SuspendApp(app_id=app_id))
    assert (await desk.done(access, GATEWAY)).status == "SUSPENDED"
    await desk.done(contract.ApproveApp(app_id=app_id, scopes=("idea:read",)))
    assert await desk.done(access, GATEWAY) == contract.AppAccess(status="APPROVED", scopes=("idea:read",))
    await desk.done(contract.EraseApp(app_id=app_id))
    assert await desk.ask(access, GATEWAY) == AppIs(status="ERASED")
