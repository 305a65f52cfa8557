# SPDX-License-Identifier: Apache-2.0
"""What handlers of one process share beside the database: the vault, the issuer of tokens, the mail server."""

from datetime import timedelta
from typing import NamedTuple, cast
from weakref import WeakKeyDictionary

from services.chassis.database import Database
from services.chassis.settings import Settings
from services.registration.adapters.smtp import MailServer
from services.registration.adapters.tokens import Tokens
from services.registration.adapters.vault import Vault
from services.registration.settings import RegistrationSettings


class Office(NamedTuple):
    """The adapters of one running service."""

    vault: Vault
    tokens: Tokens
    mail_server: MailServer
    settings: RegistrationSettings


_OFFICES: WeakKeyDictionary[Database, Office] = WeakKeyDictionary()


def office_of(db: Database, settings: Settings) -> Office:
    """The office that works on this database; opened at the first call."""
    office = _OFFICES.get(db)
    if office is None:
        own = cast(RegistrationSettings, settings)
        wrapping = own.key_encryption
        lifetime = timedelta(days=own.signing_key_days)
        tokens = Tokens(db, wrapping, own.token_issuer, lifetime)
        office = Office(Vault(db, wrapping), tokens, MailServer(own.smtp_url), own)
        _OFFICES[db] = office
    return office
