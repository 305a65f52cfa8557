# SPDX-License-Identifier: Apache-2.0
"""What mails say and carry."""

from dataclasses import replace
from datetime import UTC, datetime
from email.headerregistry import Address

import icalendar
import pytest

from services.registration.adapters.mails import Letter, local_time, write_mail

SENDER = Address("Quartier", "konferenz", "stadt.example")
LETTER = Letter(
    kind="seat",
    participant_id="1" * 32,
    name="Ömer <b>Yıldız</b>",
    email="oemer@example.org",
    language="de",
    conference_id="c" * 32,
    title="Vauban redet mit",
    district="Vauban",
    starts_at=datetime(2026, 11, 20, 15, 0, tzinfo=UTC),
    zone="Europe/Berlin",
    confirmation_link="https://stadt.example/confirm#c.s1",
    personal_link="https://stadt.example/enter#c.s2",
    conference_link="https://stadt.example/conferences/c",
    unconfirmed=False,
)


def letter(**changes):
    return replace(LETTER, **changes)


def parts(mail):
    return mail.get_body(("plain",)).get_content(), mail.get_body(("html",)).get_content()


KINDS = [
    "confirmation",
    "repeated-1",
    "seat",
    "waiting_list",
    "moved_up",
    "cancelled",
    "called_off",
    "thanks",
    "follow_up",
]


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_mail_names_person_and_conference_in_text_and_html(kind, language):
    mail = write_mail(letter(kind=kind, language=language, name="Anna"), SENDER)
    text, html = parts(mail)
    assert "Anna" in text
    assert "Anna" in html
    assert "Vauban redet mit" in mail["Subject"]


@pytest.mark.parametrize(("kind", "expected"), [
    ("confirmation", "https://stadt.example/confirm#c.s1"),
    ("seat", "https://stadt.example/enter#c.s2"),
    ("waiting_list", "https://stadt.example/enter#c.s2"),
    ("moved_up", "https://stadt.example/enter#c.s2"),
    ("follow_up", "https://stadt.example/enter#c.s2"),
])  # fmt: skip
def test_a_link_is_a_paragraph_of_its_own(kind, expected):
    text, html = parts(write_mail(letter(kind=kind), SENDER))
    assert expected in text.split("\n\n")
    assert f'href="{expected}"' in html


def test_a_name_cannot_smuggle_html_or_headers():
    mail = write_mail(letter(name="Eve\r\nBcc: all@example.org <b>x</b>"), SENDER)
    assert mail["Bcc"] is None
    assert "<b>x</b>" not in parts(mail)[1]


def test_a_repeated_registration_tells_only_the_owner_of_the_address():
    assert LETTER.confirmation_link in parts(write_mail(letter(kind="repeated-2", unconfirmed=True), SENDER))[0]
    assert LETTER.personal_link in parts(write_mail(letter(kind="repeated-2"), SENDER))[0]


def test_a_mail_has_the_same_id_on_every_attempt_and_another_one_per_kind():
    ids = {write_mail(letter(kind=kind), SENDER)["Message-ID"] for kind in KINDS for _ in range(2)}
    assert len(ids) == len(KINDS)


@pytest.mark.parametrize(("utc", "german"), [
    (datetime(2026, 10, 24, 14, 0, tzinfo=UTC), "Samstag, 24. Oktober 2026, 16:00 Uhr"),
    (datetime(2026, 10, 25, 15, 0, tzinfo=UTC), "Sonntag, 25. Oktober 2026, 16:00 Uhr"),
])  # fmt: skip
def test_times_are_those_of_the_wall_on_both_sides_of_a_clock_change(utc, german):
    assert local_time(utc, "Europe/Berlin", "de") == german


def test_the_calendar_file_is_in_the_zone_of_the_conference_and_holds_no_secret():
    mail = write_mail(LETTER, SENDER)
    (attachment,) = mail.iter_attachments()
    content = attachment.get_content()
    calendar = icalendar.Calendar.from_ical(content)
    (event,) = calendar.events
    assert event.start.tzinfo.key == "Europe/Berlin"
    assert event.start == LETTER.starts_at
    assert (event.end - event.start).total_seconds() == 3 * 3600
    assert calendar.timezones
    assert "s2" not in (content if isinstance(content, str) else content.decode())
