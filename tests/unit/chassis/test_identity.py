# SPDX-License-Identifier: Apache-2.0
"""Actors: which roles they hold where, and how they travel."""

import msgspec
import pytest

from services.chassis.api import role
from services.chassis.contract import CommandRequest, Id
from services.chassis.identity import ANONYMOUS, Actor, Grant

HERE, ELSEWHERE = "0" * 31 + "1", "0" * 31 + "2"
MODERATOR = Actor(id="a" * 32, kind="staff", grants=(Grant("moderator", HERE),))
ORGANISER = Actor(id="b" * 32, kind="staff", grants=(Grant("organiser", "city"),))


class Act(CommandRequest, frozen=True, kw_only=True):
    SERVICE = "alpha"
    conference_id: Id


def test_a_role_holds_in_its_scope_alone():
    assert MODERATOR.holds("moderator", HERE)
    assert not MODERATOR.holds("moderator", ELSEWHERE)
    assert not MODERATOR.holds("moderator")
    assert not MODERATOR.holds("organiser", HERE)


def test_a_role_for_the_city_covers_every_scope():
    assert ORGANISER.holds("organiser", HERE)
    assert ORGANISER.holds("organiser")


def test_an_actor_travels_in_a_header():
    assert Actor.from_header(MODERATOR.header()) == MODERATOR
    assert "\n" not in MODERATOR.header()


def test_no_header_is_an_anonymous_actor():
    assert Actor.from_header(None) == ANONYMOUS


def test_a_damaged_header_is_refused():
    with pytest.raises(msgspec.DecodeError):
        Actor.from_header("{")


def test_a_need_names_the_roles_it_accepts():
    needs = role("moderator", "organiser")
    assert needs.__name__ == "moderator or organiser"
    assert needs(Act(conference_id=HERE), MODERATOR)
    assert not needs(Act(conference_id=ELSEWHERE), MODERATOR)
    assert needs(Act(conference_id=ELSEWHERE), ORGANISER)
