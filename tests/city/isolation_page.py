# SPDX-License-Identifier: Apache-2.0
"""What came of every try to reach what is not one's own, as a page."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.city.isolation import FOR_EVERYBODY, Line

COMMITTED = Path(__file__).parents[2] / "docs" / "isolation.md"

WHO = {
    "nobody": "somebody without a token",
    "outsider": "a resident of another conference",
    "smuggler": "the same, who names the own conference with everything else of this one",
    "waiting": "a resident who waits for a seat at this conference",
    "juror": "a juror of the city whose round it is not",
    "app": "an app with the scopes `idea:read` and `resource-offer:write`",
}
"""The columns, in words."""

EXCEPT = ", ".join(f"`{name}`" for name in sorted(FOR_EVERYBODY))

HEAD = f"""# Isolation: who tries what, and what comes of it

Made of what `tests/city/test_isolation.py` saw in a running city; do not edit. The test fails when anything else comes
of a try, and `QUARTIER_WRITE=1 .venv/bin/pytest tests/city/test_isolation.py` writes the page anew. A new field of the
API is tried because it is in the table of [permissions](permissions.md).

Two evenings run, each with a poll, a chat, cards, a call for help, problems, a sheet and an idea; a jury judges that
of this one. Everybody tries every field, command and subscription, and everything that has an id, always with the ids
of this conference: its people, polls, groups, cards, sheets. None of what is answered holds a word of its people, and
its logs have not grown. ({EXCEPT} are not tried: they are for everybody.)

"""


@dataclass
class Seen:
    """What came of all tries.

    Args:
        columns: by who tried; line by line.
        inside: by whom the services themselves were asked for; request by request.
        rooms: what the service of rooms tried.
        others: who tried what else, and what came of it.
    """

    columns: dict[str, dict[Line, str]] = field(default_factory=dict)
    inside: dict[str, dict[str, str]] = field(default_factory=dict)
    rooms: dict[str, str] = field(default_factory=dict)
    others: list[tuple[str, str, str]] = field(default_factory=list)


def page(seen: Seen) -> str:
    """The page as it is committed."""
    return "\n".join(_page(seen)).rstrip() + "\n"


def _page(seen: Seen) -> Iterator[str]:
    yield HEAD.rstrip() + "\n"
    yield "| who | tries | what comes of it |"
    yield "|---|---|---|"
    for name, came in seen.columns.items():
        yield f"| {WHO[name]} | everything | {_counted(came)} |"
    for who, what, told in seen.others:
        yield f"| {who} | {what} | {told} |"
    for what, told in seen.rooms.items():
        yield f"| the service of rooms | {what} | `{told}` |"
    yield "\n## Line by line\n"
    yield "`answered`: may be asked; `done`: carried out, as it is about oneself alone; else the code of the refusal.\n"
    yield f"| | {' | '.join(seen.columns)} |"
    yield "|---" * (1 + len(seen.columns)) + "|"
    for kind, name in next(iter(seen.columns.values())):
        told = " | ".join(_word(came[kind, name]) for came in seen.columns.values())
        yield f"| `{kind}{f'({name})' if kind == 'node' else f'.{name}'}` | {told} |"
    yield "\n## At the services themselves\n"
    yield "What the services answer when the gateway lets everything through: every command and question, with the ids"
    yield "of this conference, in the name of people who belong to another one.\n"
    yield f"| | {' | '.join(seen.inside)} |"
    yield "|---" * (1 + len(seen.inside)) + "|"
    for name in next(iter(seen.inside.values())):
        yield f"| `{name}` | {' | '.join(_word(told[name]) for told in seen.inside.values())} |"


def _word(told: str) -> str:
    return told if told.islower() else f"`{told}`"


def _counted(came: dict[Line, str]) -> str:
    counts = Counter(came.values())
    return ", ".join(f"{count} × {_word(told)}" for told, count in sorted(counts.items(), key=lambda one: -one[1]))
