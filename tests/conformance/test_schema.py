# SPDX-License-Identifier: Apache-2.0
"""The published schema keeps the rules of its readers' tools, and no promise of the last release is broken unseen.

`gateway/schema.released.graphql` is the schema of the last release; `python -m gateway.schema.export --release` writes
it when a version is released. A change that breaks apps stands in `gateway/schema.breaking.md`, with its reason, until
then.
"""

import json
import re

from gateway.schema.export import COMMITTED, RELEASED
from tests.conformance.node import HERE, MODULES, findings, run

ROOT = HERE.parents[1]
REVIEWED = COMMITTED.with_name("schema.breaking.md")

ACCEPTED = (
    # Published names, which no better one is worth breaking.
    'Field "groups" starts with the name of the parent type "Groups"',
    'Field "problems" starts with the name of the parent type "Problems"',
    'Field "score" starts with the name of the parent type "Score"',
    # Strawberry prints no descriptions there; the directive's own tells of them all.
    'Description is required for input value "*" in directive "*"',
)
"""Findings that stay."""


def like(text: str, pattern: str) -> bool:
    """Whether a text is as a pattern says, in which `*` stands for anything."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text) is not None


def reviewed() -> set[str]:
    """The breaking changes that were reviewed: the first column of the table; `*` stands for anything."""
    return {
        words.replace("`", "").strip()
        for words in re.findall(r"^\| (.+?) \| .+ \|$", REVIEWED.read_text(), re.MULTILINE)
        if words not in {"change", "---"}
    }


async def test_graphql_eslint_finds_nothing_to_mend() -> None:
    eslint = MODULES / "eslint" / "bin" / "eslint.js"
    config = HERE / "eslint.config.mjs"
    _, said = await run("node", eslint, "--config", config, "--format", "json", COMMITTED, cwd=ROOT)
    found = [one["message"] for file in json.loads(said) for one in file["messages"]]
    assert [one for one in found if not any(like(one, pattern) for pattern in ACCEPTED)] == []
    assert [pattern for pattern in ACCEPTED if not any(like(one, pattern) for one in found)] == []


async def test_what_breaks_apps_of_the_last_release_was_reviewed() -> None:
    changes = await findings("changes.mjs", before=str(RELEASED), after=str(COMMITTED))
    breaking = {change["message"].replace("'", "") for change in changes if change["level"] == "BREAKING"}
    known = {pattern: {one for one in breaking if like(one, pattern)} for pattern in reviewed()}
    unseen = breaking - {one for found in known.values() for one in found}
    assert sorted(unseen) == [], f"explain it in {REVIEWED.name}, or leave it"
    assert [pattern for pattern, found in known.items() if not found] == [], f"not so, and stands in {REVIEWED.name}"
