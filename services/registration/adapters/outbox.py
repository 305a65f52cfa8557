# SPDX-License-Identifier: Apache-2.0
"""Sends the mails of the outbox, each once, over a real mail server.

A mail is claimed for a minute, then written, handed over and noted as sent, so replicas share the work and no row is
locked while the mail server thinks. The text is kept nowhere. Only a crash between the server's yes and the note
sends a mail twice; it carries the same Message-ID then.
"""

import asyncio
import random
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog

from services.chassis.database import Database
from services.chassis.service import Runtime
from services.registration.adapters import app_mails
from services.registration.adapters.mails import Letter, write_mail
from services.registration.adapters.office import Office, office_of
from services.registration.adapters.smtp import Failure

FILLED_BY = ("mails", "app_mails")
"""The projections that fill the outbox."""
SENDERS = 4
"""Mails under way at the same time in one replica."""
IDLE_SECONDS = 1.0
"""Seconds between looks at an empty outbox, for mails to be tried again and for those of other replicas."""
FIRST_RETRY_SECONDS = 2.0
LAST_RETRY_SECONDS = 3600.0

log = structlog.get_logger()

_CLAIM = """
UPDATE outbox o SET attempts = o.attempts + 1, next_attempt_at = now() + interval '1 minute'
FROM (
    SELECT participant_id, conference_id, kind, c.title, c.starts_at, c.zone, d.name AS district, r.status
    FROM outbox due JOIN conferences c USING (conference_id) JOIN districts d USING (district_id)
        JOIN registrations r USING (participant_id, conference_id)
    WHERE due.sent_at IS NULL AND due.failed_with IS NULL AND due.next_attempt_at <= now()
    ORDER BY due.next_attempt_at, due.position LIMIT 1 FOR UPDATE OF due SKIP LOCKED
) mail
WHERE (o.participant_id, o.conference_id, o.kind) = (mail.participant_id, mail.conference_id, mail.kind)
RETURNING mail.*, o.attempts
"""

_KEY = "WHERE participant_id = $1 AND conference_id = $2 AND kind = $3"


async def send_mails(runtime: Runtime) -> None:
    """Sends what is due until it is cancelled."""
    office = office_of(runtime.db, runtime.settings)
    wakes = [asyncio.Event() for _ in range(SENDERS)]

    def wake_all(projection: str, keys: frozenset[str], position: int) -> None:
        if projection in FILLED_BY:
            for wake in wakes:
                wake.set()

    runtime.projector.changed.append(wake_all)
    try:
        async with asyncio.TaskGroup() as senders:
            for wake in wakes:
                senders.create_task(_send_forever(runtime.db, office, wake))
    finally:
        runtime.projector.changed.remove(wake_all)


async def _send_forever(db: Database, office: Office, wake: asyncio.Event) -> None:
    while True:
        wake.clear()
        sending = asyncio.create_task(send_next(db, office))
        try:
            found = await asyncio.shield(sending)
        except asyncio.CancelledError:
            # The process ends: a mail that is being handed over is still noted as sent.
            await sending
            raise
        if not found:
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):
                    await wake.wait()


async def send_next(db: Database, office: Office) -> bool:
    """Sends the next mail that is due; False when there is none."""
    row = await db.pool.fetchrow(_CLAIM)
    if row is None:
        return await _send_next_about_apps(db, office)
    key = (row["participant_id"], row["conference_id"], row["kind"])
    letter = await _letter(office, row)
    if letter is None:
        # The person was erased a moment ago: there is nobody to write to.
        await db.pool.execute(f"DELETE FROM outbox {_KEY}", *key)  # noqa: S608
        return True
    try:
        failure = await office.mail_server.send(write_mail(letter, office.settings.sender))
    except Exception as error:
        # Such as an address that no header takes: it waits by itself, the mails of everybody else go on.
        log.error("mail cannot be written", exc_info=error)
        failure = Failure(0, is_permanent=False)
    await _note(db, key, row["attempts"], failure)
    if failure is not None:
        log.warning("mail not sent", kind=letter.kind, code=failure.code, given_up=failure.is_permanent)
    return True


async def _send_next_about_apps(db: Database, office: Office) -> bool:
    due = await app_mails.claim(db)
    if due is None:
        return False
    try:
        failure = await app_mails.send(db, office, due)
    except Exception as error:
        log.error("mail cannot be written", exc_info=error)
        failure = Failure(0, is_permanent=False)
    await app_mails.note(db, due, failure, _pause(due.attempts))
    if failure is not None:
        log.warning("mail not sent", kind=due.kind, code=failure.code, given_up=failure.is_permanent)
    return True


async def _letter(office: Office, row: Any) -> Letter | None:
    participant, conference = row["participant_id"].hex, row["conference_id"].hex
    found = await office.vault.addressee(participant)
    if found is None:
        return None
    person, secrets, site = found.person, office.vault.secrets, office.settings.public_url
    return Letter(
        kind=row["kind"],
        participant_id=participant,
        name=person.name,
        email=person.email,
        language=person.language,
        conference_id=conference,
        title=row["title"],
        district=row["district"],
        starts_at=row["starts_at"],
        zone=row["zone"],
        # The part after # never reaches a server log.
        confirmation_link=f"{site}/confirm#{conference}.{secrets.link('confirm', participant)}",
        personal_link=f"{site}/enter#{conference}.{secrets.link('enter', participant, found.link_rotation)}",
        conference_link=f"{site}/conferences/{conference}",
        unconfirmed=row["status"] == "SUBMITTED",
    )


async def _note(db: Database, key: tuple[UUID, UUID, str], attempts: int, failure: Failure | None) -> None:
    if failure is None:
        await db.pool.execute(f"UPDATE outbox SET sent_at = now() {_KEY}", *key)  # noqa: S608
    elif failure.is_permanent:
        await db.pool.execute(f"UPDATE outbox SET failed_with = $4 {_KEY}", *key, failure.code)  # noqa: S608
    else:
        await db.pool.execute(
            f"UPDATE outbox SET next_attempt_at = now() + $4 * interval '1 second' {_KEY}",  # noqa: S608
            *key,
            _pause(attempts),
        )


def _pause(attempts: int) -> float:
    """Real seconds before the next attempt."""
    spread = random.uniform(0.8, 1.2)  # noqa: S311 - so that not all mails come back in the same second
    return min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** min(attempts - 1, 20)) * spread
