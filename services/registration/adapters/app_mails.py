# SPDX-License-Identifier: Apache-2.0
"""Mails about apps: to the organisers of the city, and to who answers for an app. In German and English: nobody was
asked for a language.

They wait in a table of their own (`app_mails`) and are sent by the senders of the outbox, each once; only a crash
between the server's yes and the note sends one twice, with the same Message-ID.
"""

import hashlib
from typing import Any, NamedTuple
from uuid import UUID

from services.chassis.database import Database
from services.registration.adapters.app_contacts import contacts
from services.registration.adapters.mails import Notice, write_notice
from services.registration.adapters.office import Office
from services.registration.adapters.smtp import Failure

NAMED = 5
"""So many of the apps that wait are named in a mail."""

_CLAIM = """
UPDATE app_mails AS m SET attempts = m.attempts + 1, next_attempt_at = now() + interval '1 minute'
FROM (
    SELECT recipient, kind FROM app_mails WHERE sent_at IS NULL AND failed_with IS NULL AND next_attempt_at <= now()
    ORDER BY next_attempt_at, position LIMIT 1 FOR UPDATE SKIP LOCKED
) AS due
WHERE (m.recipient, m.kind) = (due.recipient, due.kind) RETURNING m.recipient, m.kind, m.position, m.attempts
"""

# What became due anew meanwhile keeps its own place.
_KEY = "WHERE recipient = $1 AND kind = $2 AND position = $3"


class Due(NamedTuple):
    """A mail that was claimed for a minute."""

    recipient: UUID
    kind: str
    position: int
    attempts: int


async def claim(db: Database) -> Due | None:
    """The next mail about apps that is due; None when there is none."""
    row = await db.pool.fetchrow(_CLAIM)
    return None if row is None else Due(*row)


async def send(db: Database, office: Office, due: Due) -> Failure | None:
    """Sends a mail; one that has nothing to say any more, or nobody to say it to, counts as sent.

    Args:
        db: the service's database.
        office: vault and mail server.
        due: which.

    Returns:
        Why it was not sent.
    """
    notice = await (_for_organiser if due.kind == "app_waiting" else _for_contact)(db, office, due)
    return None if notice is None else await office.mail_server.send(write_notice(notice, office.settings.sender))


async def note(db: Database, due: Due, failure: Failure | None, pause: float) -> None:
    """Writes down what became of an attempt.

    Args:
        db: the service's database.
        due: the mail.
        failure: why it was not sent.
        pause: real seconds after which it is tried again.
    """
    key = due[:3]
    if failure is None:
        await db.pool.execute(f"UPDATE app_mails SET sent_at = now() {_KEY}", *key)  # noqa: S608
    elif failure.is_permanent:
        await db.pool.execute(f"UPDATE app_mails SET failed_with = $4 {_KEY}", *key, failure.code)  # noqa: S608
    else:
        again = f"UPDATE app_mails SET next_attempt_at = now() + $4 * interval '1 second' {_KEY}"  # noqa: S608
        await db.pool.execute(again, *key, pause)


async def _for_organiser(db: Database, office: Office, due: Due) -> Notice | None:
    person = await office.vault.staff_person(due.recipient.hex)
    waiting = await db.pool.fetch("SELECT name FROM app_mail_apps WHERE waits ORDER BY position")
    if person is None or not waiting:
        return None
    facts = {"names": [row["name"] for row in waiting[:NAMED]], "count": len(waiting)}
    return _notice(due, person.name, person.email, office, facts)


async def _for_contact(db: Database, office: Office, due: Due) -> Notice | None:
    app = due.recipient.hex
    found = (await contacts(db, await office.vault.keys([app]), [app])).get(app)
    name = await db.pool.fetchval("SELECT name FROM app_mail_apps WHERE app_id = $1", due.recipient)
    if found is None or name is None:
        return None
    return _notice(due, found.name, found.email, office, {"app": name})


def _notice(due: Due, name: str, email: str, office: Office, facts: dict[str, Any]) -> Notice:
    text = f"{due.recipient.hex}:{due.kind}:{due.position}"
    facts = {**facts, "page": f"{office.settings.public_url}/"}
    return Notice(
        kind=due.kind, key=hashlib.sha256(text.encode()).hexdigest()[:32], name=name, email=email, facts=facts
    )
