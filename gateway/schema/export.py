# SPDX-License-Identifier: Apache-2.0
"""Prints the schema, that of a narrower door (`--door jury`) or that of a subgraph for a federation router
(`--federation`); writes it to `gateway/schema.graphql` (`--write`), at a release to `gateway/schema.released.graphql`.

python -m gateway.schema.export [--write | --release | --federation | --door public|participant|jury|operations]
"""

import re
import sys
from pathlib import Path

from gateway.schema.build import build_schema
from gateway.schema.doors import DOORS, printed

COMMITTED = Path(__file__).parent.parent / "schema.graphql"
RELEASED = COMMITTED.with_name("schema.released.graphql")
"""The schema of the last release: what apps rely on."""


def exported() -> str:
    """The schema as it is committed."""
    return build_schema().as_str().rstrip() + "\n"


LINK = """\
extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])

"""


def federated() -> str:
    """The schema as one of several behind a federation router.

    Every node is an entity: other subgraphs may add fields to it by its id. The router does not fetch entities from
    here by `_entities`, it begins here; `PageInfo`, which every Relay schema has, is shared.
    """
    text = re.sub(
        r"^(type \w+ implements (?:\w+ & )*Node\b[^{]*?)( *\{)$",
        r'\1 @key(fields: "id", resolvable: false)\2',
        exported(),
        flags=re.MULTILINE,
    )
    return LINK + text.replace("\ntype PageInfo {", "\ntype PageInfo @shareable {")


def main(arguments: list[str]) -> int:
    """Prints or writes a schema; the exit status."""
    match arguments:
        case []:
            sys.stdout.write(exported())
        case ["--write"]:
            COMMITTED.write_text(exported())
        case ["--release"]:
            RELEASED.write_text(exported())
        case ["--federation"]:
            sys.stdout.write(federated())
        case ["--door", name] if name in DOORS:
            sys.stdout.write(printed(DOORS[name]))
        case _:
            sys.stderr.write(f"{(__doc__ or '').strip().splitlines()[-1]}\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
