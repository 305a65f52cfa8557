# SPDX-License-Identifier: Apache-2.0
"""The secrets of one embedded city: made once, kept in one file that only its owner can read."""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from services.cli.embedded.process import EmbeddedError


class Secrets:
    """The file of secrets; a name that is not there yet gets a fresh value.

    Args:
        path: of the file. It holds the keys that open everybody's texts: whoever loses it loses them.

    Raises:
        EmbeddedError: the file is not readable as what it should be.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._values: dict[str, str] = json.loads(path.read_text())
        except FileNotFoundError:
            self._values = {}
        except (ValueError, OSError) as error:
            raise EmbeddedError(
                f"the secrets in {path} cannot be read ({error}): bring the file back from a copy;"
                " without its keys the texts in the databases stay closed"
            ) from error

    def password(self, name: str) -> str:
        """A password that may stand in an address as it is."""
        return self._get(f"password.{name}", lambda: secrets.token_urlsafe(24))

    def key(self, name: str) -> str:
        """32 bytes as 64 hexadecimal digits."""
        return self._get(f"key.{name}", lambda: secrets.token_hex(32))

    def _get(self, name: str, make: Callable[[], str]) -> str:
        if name not in self._values:
            self._values[name] = make()
            self._save()
        return self._values[name]

    def _save(self) -> None:
        draft = self._path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(self._values, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
