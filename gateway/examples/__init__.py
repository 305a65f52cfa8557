# SPDX-License-Identifier: Apache-2.0
"""Documents to begin with, by role. GraphiQL shows them, the pages for app builders print them, tests run them."""

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

ROLES = (
    "public", "resident", "guest", "mentor", "deputy", "moderator", "organiser", "juror", "partner", "app",
)  # fmt: skip

_NOTE = re.compile(r"^# (.*)$", re.MULTILINE)
_VARIABLES = "variables: "


class Example(NamedTuple):
    """One document.

    Args:
        role: who may run it; `public`: anybody.
        name: of its file, without number and ending.
        purpose: what it is for, in a sentence or two.
        document: its text, without the comments.
        variables: to run it with; `$CONFERENCE` and the like stand for ids of the city at hand.
    """

    role: str
    name: str
    purpose: str
    document: str
    variables: dict[str, Any]


@cache
def examples() -> tuple[Example, ...]:
    """All examples, by role and number."""
    return tuple(_read())


def _read() -> Iterator[Example]:
    for role in ROLES:
        for path in sorted((files(__name__) / role).iterdir(), key=lambda path: path.name):
            text = path.read_text()
            notes = _NOTE.findall(text)
            variables = [note.removeprefix(_VARIABLES) for note in notes if note.startswith(_VARIABLES)]
            purpose = " ".join(note for note in notes if not note.startswith(_VARIABLES))
            name = path.name.removesuffix(".graphql").partition("-")[2]
            yield Example(
                role, name, purpose, _NOTE.sub("", text).strip(), json.loads(variables[0] if variables else "{}")
            )
