# SPDX-License-Identifier: Apache-2.0
"""Who verified claims stand for."""

from uuid import NAMESPACE_URL, uuid5

import pytest

from gateway.identity.claims import CityClaims, OwnClaims, grants_of, read_role
from gateway.identity.logins import BadToken
from services.chassis.identity import Grant

HERE, MIA = "c0" * 16, "e0" * 16
BASE = {"iss": "https://city", "sub": "mia@city", "client_id": "desk", "exp": 4_000_000_000, "iat": 1}
MODERATES = [{"role": "moderator", "scope": HERE}]


def test_a_person_by_an_app_has_their_roles_and_the_scopes_of_the_app():
    login = CityClaims().login({**BASE, "grants": MODERATES, "scope": "openid idea:read admin:session"})
    assert (login.actor.kind, login.actor.grants) == ("staff", (Grant("moderator", HERE),))
    assert (login.scopes, login.client) == (
        frozenset({"idea:read", "admin:session"}),
        uuid5(NAMESPACE_URL, "https://city#desk").hex,
    )
    assert login.called == "desk"


def test_by_the_citys_own_pages_a_person_acts_with_all_their_rights():
    own = CityClaims(frozenset({"desk"})).login({**BASE, "grants": MODERATES})
    assert (own.scopes, own.client) == (None, "")
    assert CityClaims(frozenset({"other"})).login({**BASE, "grants": MODERATES}).scopes == frozenset()


def test_an_app_by_itself_has_its_scopes_and_no_roles_of_a_person():
    claims = {**BASE, "sub": "desk", "grants": [{"role": "organiser", "scope": "city"}], "scope": "idea:read"}
    login = CityClaims(frozenset({"desk"})).login(claims)
    assert (login.actor.kind, login.actor.grants, login.scopes) == ("app", (), frozenset({"idea:read"}))


def test_an_app_that_administers_acts_as_an_organiser_within_its_scopes():
    login = CityClaims().login({**BASE, "sub": "desk", "scope": "admin:session"})
    assert login.actor.grants == (Grant("organiser", "city"),)
    assert login.scopes == frozenset({"admin:session"})
    assert grants_of(frozenset({"resource-offer:write"})) == (Grant("partner", "city"),)


def test_groups_of_the_provider_become_roles_by_the_setting():
    roles = {"konferenz-team": ["organiser@city"], "altstadt": [f"moderator@{HERE}", f"mentor@{HERE}"]}
    claims = CityClaims(role_claim="realm_access.roles", roles=roles)
    login = claims.login({**BASE, "realm_access": {"roles": ["altstadt", "kantine"]}, "grants": MODERATES})
    assert login.actor.grants == (Grant("moderator", HERE), Grant("mentor", HERE))
    assert claims.login(BASE).actor.grants == ()
    assert CityClaims(role_claim="group", roles=roles).login({**BASE, "group": "konferenz-team"}).actor.grants == (
        Grant("organiser", "city"),
    )


@pytest.mark.parametrize("text", ["mayor@city", "moderator", "moderator@altstadt", "resident@city", "service@city"])
def test_a_setting_that_names_no_role_with_its_scope_is_refused(text):
    with pytest.raises(ValueError, match="organiser@city"):
        read_role(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": None},
        {"client_id": ""},
        {"client_id": "a\0b"},
        {"client_id": "x" * 201},
        {"scope": ["idea:read"]},
        {"grants": "all"},
        {"kind": "resident", "conference": HERE},
    ],
)
def test_what_an_access_token_of_the_city_may_not_say_is_refused(wrong):
    with pytest.raises(BadToken):
        CityClaims().login({**BASE, **wrong})


def test_the_id_of_a_person_follows_from_issuer_and_subject():
    assert CityClaims().login({**BASE, "sub": MIA}).actor.id == MIA
    one, other = CityClaims().login(BASE), CityClaims().login({**BASE, "iss": "https://elsewhere"})
    assert one.actor.id != other.actor.id


@pytest.mark.parametrize("wrong", [{"kind": "app"}, {"kind": "service"}, {}, {"kind": "resident", "conference": 7}])
def test_registration_vouches_for_residents_and_staff_alone(wrong):
    with pytest.raises(BadToken):
        OwnClaims().login({"sub": MIA, "exp": 4_000_000_000, **wrong})
