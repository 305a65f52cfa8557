# SPDX-License-Identifier: Apache-2.0
"""Trusted documents: known to the gateway before anybody sends them, and addressed by the hash of their text."""

import hashlib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import orjson

from services.chassis.settings import BadSettings

PREFIX = "sha256:"

Trusted = Mapping[bytes, str]
"""Documents by the SHA-256 of their text."""


def digest(document: str) -> bytes:
    """The SHA-256 of a document's text."""
    return hashlib.sha256(document.encode()).digest()


def document_id(document: str) -> str:
    """The id of a document (GraphQL over HTTP, appendix A)."""
    return PREFIX + digest(document).hex()


def digest_of_id(text: str) -> bytes | None:
    """The SHA-256 in the id of a document; None when there is none in it."""
    if not text.startswith(PREFIX) or len(text) != len(PREFIX) + 64:
        return None
    try:
        return bytes.fromhex(text.removeprefix(PREFIX))
    except ValueError:
        return None


def own() -> dict[bytes, str]:
    """The documents of the API client that comes with the gateway."""
    return {digest(text): text for text in _in_folder(files("gateway.client") / "operations")}


def read(path: str) -> dict[bytes, str]:
    """The documents in a folder (`*.graphql`, one each), or in a JSON file: texts by their SHA-256 in hex digits.

    Args:
        path: of the folder or file.

    Raises:
        BadSettings: it cannot be read, or an id is not the hash of its text.
    """
    place = Path(path)
    try:
        if place.is_dir():
            return {digest(text): text for text in _in_folder(place)}
        manifest = orjson.loads(place.read_bytes())
    except (OSError, UnicodeDecodeError, orjson.JSONDecodeError) as error:
        raise BadSettings(f"QUARTIER_TRUSTED_DOCUMENTS cannot be read: {type(error).__name__}") from None
    if not isinstance(manifest, dict):
        raise BadSettings("QUARTIER_TRUSTED_DOCUMENTS names a file that is no JSON object of texts by their SHA-256")
    found = {}
    for name, text in manifest.items():
        if not isinstance(text, str) or digest(text).hex() != name.removeprefix(PREFIX):
            raise BadSettings(f"QUARTIER_TRUSTED_DOCUMENTS: {name!r} is not the SHA-256 of its document")
        found[digest(text)] = text
    return found


def _in_folder(folder: Traversable) -> Iterator[str]:
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.name.endswith(".graphql"):
            yield path.read_text(encoding="utf-8")
