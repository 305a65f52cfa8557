# SPDX-License-Identifier: Apache-2.0
import pytest

from services.chassis.testing.story import Story
from services.session.adapters.conduct_text import BadCodeOfConduct, code_of_conduct
from services.session.domain.code import AcceptCode, CodeAccepted, CodeHasChanged, CodeInForce, SetCode
from services.session.domain.roster import ROSTER
from services.session.domain.roster_commands import ForgetPerson, NotOnTheRoster
from services.session.domain.roster_facts import PersonCame, SeatFilled
from services.session.readmodel.places import PRESENCE
from services.session.settings import SessionSettings
from tests.unit.session.evening import NOON

story = Story(ROSTER)
ANNA, BEN = "a" * 32, "b" * 32
HERE = [event for who in (ANNA, BEN) for event in (SeatFilled(participant_id=who), PersonCame(person_id=who))]
IN_FORCE = CodeInForce(version="2")


def accept(who: str, version: str = "2", current: str = "2") -> AcceptCode:
    return AcceptCode(participant_id=who, version=version, current=current, now=NOON)


def accepted(who: str, version: str = "2") -> CodeAccepted:
    return CodeAccepted(participant_id=who, version=version)


def test_whoever_accepts_twice_has_accepted_once():
    story.given(*HERE, IN_FORCE).when(accept(ANNA)).then(accepted(ANNA))
    story.given(*HERE, IN_FORCE, accepted(ANNA)).when(accept(ANNA)).then()


def test_nobody_accepts_what_they_have_not_read():
    story.given(*HERE, IN_FORCE).when(accept(ANNA, "1")).refused(CodeHasChanged(version="2"))


def test_nobody_accepts_without_a_seat():
    story.given(IN_FORCE).when(accept(ANNA)).refused(NotOnTheRoster(participant_id=ANNA))


def test_only_who_accepted_is_counted_in_for_groups():
    roster = ROSTER.fold(ROSTER.initial, [*HERE, IN_FORCE, accepted(ANNA)])
    assert roster.residents_present() == (ANNA,)
    assert ROSTER.fold(roster, [accepted(BEN)]).residents_present() == (ANNA, BEN)


def test_where_no_code_is_in_force_nobody_has_to_accept_it():
    assert ROSTER.fold(ROSTER.initial, HERE).residents_present() == (ANNA, BEN)


def test_another_version_is_accepted_anew_and_the_same_one_is_not():
    known = [*HERE, IN_FORCE, accepted(ANNA), accepted(BEN, "3")]
    roster = ROSTER.fold(ROSTER.initial, [*known, CodeInForce(version="3")])
    assert roster.residents_present() == (BEN,)
    story.given(IN_FORCE).when(SetCode(version="2", now=NOON)).then()


def test_who_is_forgotten_has_accepted_nothing():
    outcome = story.given(*HERE, IN_FORCE, accepted(ANNA)).when(ForgetPerson(participant_id=ANNA, now=NOON))
    assert outcome.after.accepted == {}


def test_a_person_sees_that_they_have_to_accept_and_staff_see_who_has_not():
    here = PRESENCE.initial("")
    for event in (*HERE, IN_FORCE, accepted(ANNA)):
        here = PRESENCE.evolve(here, event, None)
    assert [(one.participant_id, one.must_accept) for one in here.answer("c" * 32).conduct] == [(BEN, True)]


def settings(file) -> SessionSettings:
    addresses = {"database_url": "postgresql://host/name", "nats_url": "nats://host"}
    return SessionSettings(**addresses, key_encryption_key="07" * 32, code_of_conduct=file)


def test_the_code_of_conduct_that_comes_along_speaks_both_languages():
    code = code_of_conduct(settings(None))
    assert code.version == "quartier-1"
    assert {"insult", "noise"} <= {rule.key for rule in code.rules}
    assert all(rule.text.de != rule.text.en for rule in code.rules)


def test_a_city_has_its_own(tmp_path):
    file = tmp_path / "ours.yaml"
    file.write_text("version: freiburg-3\nrules:\n  - {key: kind, text: {de: Seid nett., en: Be kind.}}\n")
    assert code_of_conduct(settings(file)).version == "freiburg-3"


@pytest.mark.parametrize(
    "text",
    [
        "version: 1 and 2\nrules: []",
        "version: a\nrules:\n  - {key: kind, text: {de: Seid nett.}}",
        "version: a\nrules:\n  - {key: kind, text: {de: A, en: A}}\n  - {key: kind, text: {de: B, en: B}}",
        "{",
    ],
)
def test_one_that_cannot_be_used_is_refused_with_the_name_of_the_file(tmp_path, text):
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(BadCodeOfConduct, match=r"bad\.yaml"):
        code_of_conduct(settings(file))
