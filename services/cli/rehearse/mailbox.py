# SPDX-License-Identifier: Apache-2.0
"""Reads the maildir of an embedded city as residents read their mail: to find the links."""

import asyncio
import email
import email.policy
import os
import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

LINK = re.compile(r"https?://[^\s#]+/(?P<page>[a-z-]+)#(?P<conference>[0-9a-f]{32})\.(?P<secret>[A-Za-z0-9_-]+)")
LOOK_EVERY_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a mail: the page it leads to, the conference and the secret."""

    page: str
    conference: str
    secret: str


@dataclass(slots=True)
class Mailbox:
    """The mails of everybody.

    Args:
        folder: the maildir.
    """

    folder: Path
    _looked: float = 0.0
    _seen: set[str] = field(default_factory=set)
    _links: dict[str, list[Link]] = field(default_factory=lambda: defaultdict(list))
    _subjects: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    async def link(self, address: str, page: str, conference: str, within: float = 120.0) -> Link:
        """The first link to a page in the mails to an address, as soon as it is there.

        Args:
            within: seconds of real time.

        Raises:
            TimeoutError: no such mail came.
        """
        async with asyncio.timeout(within):
            while True:
                for link in self._links[address]:
                    if link.page == page and link.conference == conference:
                        return link
                if not self._look():
                    await asyncio.sleep(LOOK_EVERY_SECONDS)

    def subjects(self, address: str) -> list[str]:
        """The subjects of all mails to an address so far."""
        self._look()
        return list(self._subjects[address])

    def _look(self) -> bool:
        """Whether there was new mail; somebody else may have looked a moment ago."""
        if time.monotonic() < self._looked + LOOK_EVERY_SECONDS:
            return False
        self._looked = time.monotonic()
        folder = self.folder / "new"
        fresh = set(os.listdir(folder)) - self._seen if folder.is_dir() else set()
        for name in fresh:
            self._seen.add(name)
            message = email.message_from_bytes((folder / name).read_bytes(), policy=email.policy.default)
            address = message["To"].addresses[0].addr_spec
            self._subjects[address].append(str(message["Subject"]))
            for match in LINK.finditer(_text(message)):
                self._links[address].append(Link(match["page"], match["conference"], match["secret"]))
        return bool(fresh)


def _text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    return "" if body is None else str(body.get_content())
