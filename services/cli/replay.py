# SPDX-License-Identifier: Apache-2.0
"""The record of an evening as a page for people: its minutes, or how it stood at one instant, in German or English."""

import base64
import binascii
import importlib
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from importlib.resources import files
from statistics import median
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from services.cli.embedded.process import EmbeddedError
from services.cli.operations import opened
from services.contracts import session as told


@cache
def _words() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = yaml.safe_load(files("services.cli").joinpath("replay.yaml").read_text("utf-8"))
    return found


def conference_of(text: str) -> str:
    """A conference as 32 hex digits, of these or of the global id that the API shows.

    Raises:
        EmbeddedError: it is neither.
    """
    try:
        return UUID(text).hex
    except ValueError:
        pass
    try:
        kind, _, local = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(":")
        if kind == "Conference":
            return UUID(local).hex
    except (binascii.Error, ValueError):
        pass
    raise EmbeddedError(f"{text!r} is no id of a conference")


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its IANA name.

    Raises:
        EmbeddedError: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise EmbeddedError(f"{name!r} is no IANA time zone such as Europe/Berlin") from None


def language_of(name: str) -> str:
    """A language of the page.

    Raises:
        EmbeddedError: it is none of them.
    """
    if name not in _words():
        raise EmbeddedError(f"{name!r} is none of {', '.join(_words())}")
    return name


def instant_of(text: str, zone: ZoneInfo) -> datetime:
    """An instant as people write it.

    Args:
        text: ISO 8601.
        zone: of instants without an offset.

    Raises:
        EmbeddedError: it is none.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise EmbeddedError(f"{text!r} is no instant such as 2026-11-07T19:42") from None
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=zone)


async def record(conference: str, at: datetime | None) -> told.RecordView:
    """The record of an evening; the session service's DATABASE_URL and NATS_URL come from the environment.

    Args:
        conference: 32 hex digits.
        at: up to when, on the conference clock; None: all of it.

    Raises:
        EmbeddedError: there is none, or the database cannot be used.
    """
    async with opened("session") as log:
        read = importlib.import_module("services.session.record").record_of  # by name, like services
        found: told.RecordView | None = await read(log.store, log.mapper, conference, at)
    if found is None:
        raise EmbeddedError(f"the log holds no evening of {conference}" + (f" by {at.isoformat()}" if at else ""))
    return found


def page(record: told.RecordView, language: str, zone: ZoneInfo) -> str:
    """A record as Markdown.

    Args:
        record: the record.
        language: of the page.
        zone: in which times are told.
    """
    words = _words()[language]

    def clock(instant: datetime | None) -> str:
        return words["nobody"] if instant is None else f"{instant.astimezone(zone):%H:%M}"

    day = f"{record.starts_at.astimezone(zone):%Y-%m-%d}"

    parts = (_head, _phases, _groups, _polls, _help)
    lines = (line for part in parts for line in part(record, language, words, clock))
    return "\n".join((f"# {record.title}, {day}: {words['minutes']}", "", *lines))


Clock = Callable[[datetime | None], str]


def _head(record: told.RecordView, _: str, words: dict[str, str], clock: Clock) -> Iterator[str]:
    state = words[record.status]
    if record.deadline is not None:
        state += f" {words['until']} {clock(record.deadline)}"
    if record.left_seconds is not None:
        state += f" ({words['left']} {_minutes(record.left_seconds, words)})"
    yield f"{words['as of']}: {clock(record.at)}, {state}. {words['present']}: {record.present}."
    yield f"{words['script']}: {record.script}, {words['version']} {record.script_version}."
    yield (
        f"{words['planned']} {clock(record.starts_at)}, "
        f"{words['began']} {clock(record.started_at)}, {words['ended']} {clock(record.ended_at)}."
    )


def _phases(record: told.RecordView, language: str, words: dict[str, str], clock: Clock) -> Iterator[str]:
    yield from _title(words["phases"])
    yield from _table(words["phase head"])
    for one in record.phases:
        lasted = ((one.ended_at or record.at) - one.started_at).total_seconds()
        title = getattr(one.title, language)
        yield (
            f"| {clock(one.started_at)} | {clock(one.ended_at)} | {lasted / 60:.0f} | {one.minutes} | {title}"
            f" | {one.present} |"
        )


def _groups(record: told.RecordView, language: str, words: dict[str, str], _: Clock) -> Iterator[str]:
    yield from _title(words["groups"])
    if not record.seatings:
        yield words["none"]
        return
    yield from _table(words["group head"])
    titles = {one.run: getattr(one.title, language) for one in record.phases}
    for seating in record.seatings:
        sizes = ", ".join(f"{seating.sizes.count(size)} × {size}" for size in sorted(set(seating.sizes), reverse=True))
        yield (
            f"| {titles.get(seating.run, '')} | {words[seating.mode]} | {len(seating.sizes)} | {sizes}"
            f" | {seating.with_mentor} | {seating.with_moderator} | {seating.moves} |"
        )


def _polls(record: told.RecordView, language: str, words: dict[str, str], clock: Clock) -> Iterator[str]:
    yield from _title(words["polls"])
    if not record.polls:
        yield words["none"]
    for poll in record.polls:
        state = words["open"] if poll.ballots is None else f"{poll.ballots} {words['ballots']}"
        yield f"**{getattr(poll.question, language)}** ({clock(poll.opened_at)}–{clock(poll.closed_at)}, {state})"
        yield ""
        yield from (f"- {count.label}: {count.count}" for count in poll.tally or ())
        yield ""


def _help(record: told.RecordView, _: str, words: dict[str, str], clock: Clock) -> Iterator[str]:
    yield from _title(words["help"])
    if not record.help_calls:
        yield words["none"]
        return
    waits = [call.claimed_seconds for call in record.help_calls if call.claimed_seconds is not None]
    if waits:
        yield f"{words['waited']}: {_minutes(median(waits), words)}."
        yield ""
    yield from _table(words["help head"])
    for call in record.help_calls:
        who = words["group" if call.from_group else "person"]
        claimed, done = _minutes(call.claimed_seconds, words), _minutes(call.resolved_seconds, words)
        yield f"| {clock(call.asked_at)} | {who} | {claimed} | {done} |"


def _title(text: str) -> Iterator[str]:
    yield from ("", f"## {text}", "")


def _table(head: str) -> Iterator[str]:
    yield f"| {head} |"
    yield "|" + "---|" * (head.count("|") + 1)


def _minutes(seconds: float | None, words: dict[str, str]) -> str:
    return words["nobody"] if seconds is None else f"{seconds / 60:.1f} {words['minute']}"
