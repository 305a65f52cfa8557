# SPDX-License-Identifier: Apache-2.0
"""Who answers for an app: a part of the vault, sealed with the app's own key."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from services.chassis.database import Database
from services.chassis.keys import unwrap, wrap
from services.chassis.store import Statement


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """The person to write to about an app."""

    name: str
    email: str


_CONTACT = msgspec.json.Decoder(Contact)


def enter_contact(app_id: str, contact: Contact, address: bytes, key: bytes, wrapped: bytes) -> Sequence[Statement]:
    """Writes a new app's contact and key down.

    Args:
        app_id: of the app.
        contact: who answers for it.
        address: what stands for their e-mail address, see `Secrets.address`.
        key: its fresh data key.
        wrapped: the key as it is stored.
    """
    app = UUID(app_id)
    return [
        Statement("INSERT INTO data_keys (id, wrapped) VALUES ($1, $2) ON CONFLICT DO NOTHING", (app, wrapped)),
        Statement(
            "INSERT INTO app_contacts (app_id, sealed, address) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            (app, wrap(key, msgspec.json.encode(contact), app.bytes), address),
        ),
    ]


def erase_contact(app_id: str) -> Sequence[Statement]:
    """Deletes an app's contact and destroys its key."""
    app = UUID(app_id)
    return [
        Statement("DELETE FROM app_contacts WHERE app_id = $1", (app,)),
        Statement("UPDATE data_keys SET wrapped = NULL WHERE id = $1", (app,)),
    ]


async def apps_of(db: Database, address: bytes) -> list[str]:
    """The apps for which somebody with this e-mail address answers.

    Args:
        db: the service's database.
        address: what stands for it.
    """
    rows = await db.pool.fetch("SELECT app_id FROM app_contacts WHERE address = $1", address)
    return [row["app_id"].hex for row in rows]


async def contacts(db: Database, keys: dict[str, bytes], app_ids: Iterable[str]) -> dict[str, Contact]:
    """The contacts of apps; those without a key are missing.

    Args:
        db: the service's database.
        keys: the apps' data keys.
        app_ids: of the apps.
    """
    rows = await db.pool.fetch(
        "SELECT app_id, sealed FROM app_contacts WHERE app_id = ANY($1::uuid[])", [UUID(each) for each in app_ids]
    )
    return {
        row["app_id"].hex: _CONTACT.decode(unwrap(keys[row["app_id"].hex], row["sealed"], row["app_id"].bytes))
        for row in rows
        if row["app_id"].hex in keys
    }
