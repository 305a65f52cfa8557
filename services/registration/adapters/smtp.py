# SPDX-License-Identifier: Apache-2.0
"""Hands mails to the mail server that the settings name."""

from email.message import EmailMessage
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import aiosmtplib

TIMEOUT_SECONDS = 8.0
"""Less than the time a process gets for its end."""


class Failure(NamedTuple):
    """Why a mail was not taken.

    Args:
        code: the server's answer, 0 when it was not reached. Its text is not kept: it may name the address.
        is_permanent: trying again is pointless.
    """

    code: int
    is_permanent: bool


class MailServer:
    """The server behind an address such as `smtp://user:password@host:587` (STARTTLS where offered) or `smtps://…`.

    Args:
        url: the address.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._tls = parts.scheme == "smtps"
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or (465 if self._tls else 587)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None

    async def send(self, mail: EmailMessage) -> Failure | None:
        """Hands one mail over; None when the server took it."""
        try:
            await aiosmtplib.send(
                mail,
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._tls,
                timeout=TIMEOUT_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            code = min(each.code for each in error.recipients)
            return Failure(code, is_permanent=code >= 500)
        except aiosmtplib.SMTPResponseException as error:
            # A server that refuses the sender or the login is the operator's matter and may be cured.
            return Failure(error.code, is_permanent=False)
        except (aiosmtplib.SMTPException, OSError):
            return Failure(0, is_permanent=False)
        return None
