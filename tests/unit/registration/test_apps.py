# SPDX-License-Identifier: Apache-2.0
"""Apps register, wait for the city, and have keys for as long as the city lets them in."""

from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.decider import Sealed
from services.chassis.testing.story import Story
from services.registration.adapters.secrets import Secrets, hash_of
from services.registration.domain.app import (
    APP,
    AppApproved,
    AppErased,
    AppIs,
    AppKeyIssued,
    AppKeyRevoked,
    AppKeyUsed,
    AppRegistered,
    AppRejected,
    ApproveApp,
    AppSeen,
    AppSuspended,
    EraseApp,
    IssueKey,
    NoteApp,
    NoteUse,
    RegisterApp,
    RejectApp,
    RevokeKey,
    SuspendApp,
    UnknownApp,
)

NOW = datetime(2026, 11, 7, 12, 0, tzinfo=UTC)
A = "a" * 32
LATER = NOW + timedelta(days=180)
WEEK = NOW + timedelta(days=7)
story = Story(APP)

registered = AppRegistered(
    app_id=A, name="Open Data Portal", purpose=Sealed(A, b"box"), licence="CC BY 4.0", scopes=("idea:read",)
)
approved = AppApproved(app_id=A, scopes=("idea:read",))
suspended = AppSuspended(app_id=A)


def issued(key_id: str, older_until: datetime = WEEK) -> AppKeyIssued:
    return AppKeyIssued(app_id=A, key_id=key_id, secret_hash="h", expires_at=LATER, older_until=older_until)


def issue(key_id: str) -> IssueKey:
    return IssueKey(now=NOW, app_id=A, key_id=key_id, secret_hash="h", expires_at=LATER, older_until=WEEK)


REGISTER = RegisterApp(
    now=NOW, app_id=A, name="Open Data Portal", purpose=Sealed(A, b"box"), licence="CC BY 4.0", scopes=("idea:read",)
)
APPROVE = ApproveApp(now=NOW, app_id=A, scopes=("idea:read",))


def test_an_app_registers_and_waits():
    story.given().when(REGISTER).then(registered)


def test_an_app_registers_once():
    story.given(registered).when(REGISTER).refused(AppIs)
    story.given(registered, AppErased(app_id=A)).when(REGISTER).refused(AppIs)


def test_an_app_that_waits_is_approved_or_rejected():
    story.given(registered).when(APPROVE).then(approved)
    story.given(registered).when(RejectApp(now=NOW, app_id=A)).then(AppRejected(app_id=A))


seen = AppSeen(app_id=A, client="desk")


def test_an_app_of_the_citys_provider_is_known_from_its_first_visit_on():
    note = NoteApp(now=NOW, app_id=A, client="desk")
    story.given().when(note).then(seen)
    story.given(seen).when(note).then()
    state = APP.fold(APP.initial, [seen])
    assert (state.status, state.scopes, state.client) == ("APPROVED", (), "desk")


def test_a_suspended_or_erased_app_of_the_provider_does_not_come_back_by_coming_again():
    note = NoteApp(now=NOW, app_id=A, client="desk")
    story.given(seen).when(SuspendApp(now=NOW, app_id=A)).then(suspended)
    story.given(seen, suspended).when(note).then()
    story.given(seen, suspended).when(APPROVE).then(approved)
    story.given(seen, AppErased(app_id=A)).when(note).refused(AppIs(status="ERASED"))


def test_the_city_may_change_its_mind_and_the_scopes():
    story.given(registered, AppRejected(app_id=A)).when(APPROVE).then(approved)
    story.given(registered, approved).when(APPROVE).then()
    more = ApproveApp(now=NOW, app_id=A, scopes=("idea:read", "conference:read"))
    story.given(registered, approved).when(more).then(AppApproved(app_id=A, scopes=more.scopes))


def test_an_approved_app_is_suspended_and_not_rejected():
    story.given(registered, approved).when(SuspendApp(now=NOW, app_id=A)).then(suspended)
    story.given(registered, approved).when(RejectApp(now=NOW, app_id=A)).refused(AppIs)
    story.given(registered).when(SuspendApp(now=NOW, app_id=A)).refused(AppIs)


def test_only_an_approved_app_gets_a_key():
    story.given(registered, approved).when(issue("1")).then(issued("1"))
    story.given(registered).when(issue("1")).refused(AppIs)
    story.given(registered, approved, suspended).when(issue("1")).refused(AppIs)


def test_a_repeated_wish_for_the_same_key_makes_no_other_one():
    story.given(registered, approved, issued("1")).when(issue("1")).then()


def test_two_keys_are_good_at_the_same_time_the_older_one_for_a_week():
    state = APP.fold(APP.initial, [registered, approved, issued("1"), issued("2")])
    assert [(key.key_id, key.expires_at) for key in state.keys] == [("1", WEEK), ("2", LATER)]
    third = APP.fold(state, [issued("3")])
    assert [key.key_id for key in third.keys] == ["2", "3"]


def test_a_key_that_is_new_does_not_lengthen_an_older_one():
    state = APP.fold(APP.initial, [registered, approved, issued("1"), issued("2", LATER + timedelta(days=1))])
    assert state.keys[0].expires_at == LATER


def test_a_revoked_key_is_gone():
    story.given(registered, approved, issued("1")).when(RevokeKey(now=NOW, app_id=A, key_id="1")).then(
        AppKeyRevoked(app_id=A, key_id="1")
    )
    state = APP.fold(APP.initial, [registered, approved, issued("1"), AppKeyRevoked(app_id=A, key_id="1")])
    assert state.keys == ()


def test_the_day_of_the_last_use_is_kept_once_a_day():
    used = AppKeyUsed(app_id=A, key_id="1", day="2026-11-07")
    note = NoteUse(now=NOW, app_id=A, key_id="1", day="2026-11-07")
    story.given(registered, approved, issued("1")).when(note).then(used)
    story.given(registered, approved, issued("1"), used).when(note).then()
    story.given(registered, approved).when(note).then()


@pytest.mark.parametrize(
    "command", [APPROVE, issue("1"), SuspendApp(now=NOW, app_id=A)], ids=lambda c: type(c).__name__
)
def test_of_an_unknown_and_of_an_erased_app_nothing_can_be_wished(command):
    story.given().when(command).refused(UnknownApp)
    story.given(registered, AppErased(app_id=A)).when(command).refused(UnknownApp)


def test_an_app_is_erased_once():
    story.given(registered).when(EraseApp(now=NOW, app_id=A)).then(AppErased(app_id=A))
    story.given(registered, AppErased(app_id=A)).when(EraseApp(now=NOW, app_id=A)).then()


def test_a_key_holds_its_app_its_id_a_secret_and_a_check_and_only_its_hash_is_told():
    secrets = Secrets(b"k" * 32)
    text, stored = secrets.app_key(A, "00000001")
    assert text.startswith(f"qt_live_{A}00000001_")
    assert stored == hash_of(text[-48:-8]).hex()
    assert secrets.app_key(A, "00000001") == (text, stored)
    assert Secrets(b"x" * 32).app_key(A, "00000001") != (text, stored)


def test_the_secret_of_an_app_opens_no_other_app():
    secrets = Secrets(b"k" * 32)
    assert secrets.is_app(A, secrets.app(A))
    assert not secrets.is_app("b" * 32, secrets.app(A))
