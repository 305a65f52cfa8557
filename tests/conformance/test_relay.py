# SPDX-License-Identifier: Apache-2.0
"""relay-compiler accepts our schema with what an app writes: refetchable fragments, pages in both directions."""

import json
import shutil
from pathlib import Path

from gateway.schema.export import COMMITTED
from tests.conformance.node import HERE, MODULES, run


async def test_relay_compiler_accepts_fragments_and_pages(tmp_path: Path) -> None:
    sources = tmp_path / "src"
    shutil.copytree(HERE / "relay", sources)
    shutil.copy(COMMITTED, tmp_path / "schema.graphql")
    config = {"src": "./src", "schema": "./schema.graphql", "language": "javascript"}
    (tmp_path / "relay.config.json").write_text(json.dumps(config))
    (tmp_path / "package.json").write_text("{}")
    status, said = await run("node", MODULES / "relay-compiler" / "cli.js", "relay.config.json", cwd=tmp_path)
    assert status == 0, said
    made = {path.name for path in (sources / "__generated__").iterdir()}
    assert "ConferencesListPaginationQuery.graphql.js" in made
    assert "ConferencesIdeasPaginationQuery.graphql.js" in made
