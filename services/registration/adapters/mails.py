# SPDX-License-Identifier: Apache-2.0
"""Writes mails: text and HTML from one template, in the person's language, with a calendar file where there is a seat.

A template's first line is the subject, the rest are paragraphs; a paragraph that is an address becomes a link.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import icalendar
from jinja2 import Environment, PackageLoader, StrictUndefined

EVENING = timedelta(hours=3)
"""How long a conference takes, for the calendar."""

WITH_CALENDAR = frozenset({"seat", "moved_up"})

_LOADER = PackageLoader("services.registration.adapters")
# Plain text; what goes into HTML is escaped by the layout.
_TEXTS = Environment(loader=_LOADER, undefined=StrictUndefined, autoescape=False)  # noqa: S701
_HTML = Environment(loader=_LOADER, undefined=StrictUndefined, autoescape=True)

_WEEKDAYS = {
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = {
    "de": ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
           "Dezember"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What a mail is about.

    Args:
        kind: `confirmation`, `repeated-<n>`, `seat`, `waiting_list`, `moved_up`, `cancelled`, `called_off`, `thanks`,
            `follow_up`.
        starts_at: start of the conference, UTC; shown in `zone`.
        unconfirmed: the registration still waits for its confirmation.
    """

    kind: str
    participant_id: str
    name: str
    email: str
    language: str
    conference_id: str
    title: str
    district: str
    starts_at: datetime
    zone: str
    confirmation_link: str
    personal_link: str
    conference_link: str
    unconfirmed: bool


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What a mail in both languages is about.

    Args:
        kind: `app_waiting`, `app_approved`, `app_rejected`.
        key: the same for the same mail, 32 hex digits.
        facts: what its template names.
    """

    kind: str
    key: str
    name: str
    email: str
    facts: Mapping[str, object]


def write_notice(notice: Notice, sender: Address) -> EmailMessage:
    """The mail, the same on every attempt: first in German, then in English.

    Args:
        notice: what it is about.
        sender: the address it comes from; its domain also names the mail.
    """
    template = _TEXTS.get_template(f"both/{notice.kind}.txt")
    text = template.render(name=_one_line(notice.name), one_line=_one_line, **notice.facts)
    return _mail(text, notice.name, notice.email, sender, f"<{notice.key}@{sender.domain}>", "de")


def write_mail(letter: Letter, sender: Address) -> EmailMessage:
    """The mail, the same on every attempt.

    Args:
        letter: what it is about.
        sender: the address it comes from; its domain also names the mail.
    """
    template = letter.kind.partition("-")[0]
    text = _TEXTS.get_template(f"{letter.language}/{template}.txt").render(
        title=letter.title,
        district=letter.district,
        name=_one_line(letter.name),
        when=local_time(letter.starts_at, letter.zone, letter.language),
        confirmation_link=letter.confirmation_link,
        personal_link=letter.personal_link,
        conference_link=letter.conference_link,
        unconfirmed=letter.unconfirmed,
    )
    mail = _mail(text, letter.name, letter.email, sender, message_id(letter, sender.domain), letter.language)
    if template in WITH_CALENDAR:
        mail.add_attachment(
            calendar_file(letter, sender),
            maintype="text",
            subtype="calendar",
            filename="konferenz.ics" if letter.language == "de" else "conference.ics",
            params={"method": "PUBLISH", "charset": "utf-8"},
        )
    return mail


def _mail(text: str, name: str, email: str, sender: Address, key: str, language: str) -> EmailMessage:
    """A mail of a text whose first line is the subject."""
    subject, _, body = text.partition("\n")
    paragraphs = [" ".join(part.split()) for part in body.split("\n\n") if part.strip()]
    mail = EmailMessage()
    mail["Subject"] = _one_line(subject)
    mail["From"] = sender
    user, _, domain = email.rpartition("@")
    mail["To"] = Address(display_name=_one_line(name), username=user, domain=domain)
    mail["Message-ID"] = key
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("\n\n".join(paragraphs) + "\n")
    mail.add_alternative(
        _HTML.get_template("layout.html").render(subject=subject, paragraphs=paragraphs, language=language),
        subtype="html",
    )
    return mail


def message_id(letter: Letter, domain: str) -> str:
    """The id by which mailboxes recognise a mail that was sent twice after a crash."""
    text = f"{letter.participant_id}:{letter.conference_id}:{letter.kind}"
    return f"<{hashlib.sha256(text.encode()).hexdigest()[:32]}@{domain}>"


def local_time(instant: datetime, zone: str, language: str) -> str:
    """An instant as people say it where the conference takes place."""
    local = instant.astimezone(ZoneInfo(zone))
    weekday, month = _WEEKDAYS[language][local.weekday()], _MONTHS[language][local.month - 1]
    if language == "de":
        return f"{weekday}, {local.day}. {month} {local.year}, {local:%H:%M} Uhr"
    return f"{weekday}, {local.day} {month} {local.year}, {local:%H:%M}"


def calendar_file(letter: Letter, sender: Address) -> bytes:
    """The evening as an iCalendar file, in the zone of the conference, with the rules of that zone.

    The personal link is not in it: calendars are shared.
    """
    start = letter.starts_at.astimezone(ZoneInfo(letter.zone))
    event = icalendar.Event()
    event.add("uid", f"{letter.conference_id}@{sender.domain}")
    event.add("dtstamp", letter.starts_at)
    event.add("dtstart", start)
    # Wall time may jump within the evening; three hours are three hours.
    event.add("dtend", (letter.starts_at + EVENING).astimezone(ZoneInfo(letter.zone)))
    event.add("summary", f"{letter.title} ({letter.district})")
    event.add("url", letter.conference_link)
    event.add("organizer", icalendar.vCalAddress(f"mailto:{sender.addr_spec}"))
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Quartier//Registration//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    calendar.add_missing_timezones()
    content: bytes = calendar.to_ical()
    return content


def _one_line(text: str) -> str:
    """What a person typed, without line breaks: headers and paragraphs end there."""
    return " ".join(text.split())
