# SPDX-License-Identifier: Apache-2.0
"""Prints the schema or that of a narrower door (`--door jury`), or writes it to `gateway/schema.graphql` (`--write`).

python -m gateway.schema.export [--write | --door public|participant|jury|operations]
"""

import sys
from pathlib import Path

from gateway.schema.build import build_schema
from gateway.schema.doors import DOORS, printed

COMMITTED = Path(__file__).parent.parent / "schema.graphql"


def exported() -> str:
    """The schema as it is committed."""
    return build_schema().as_str().rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Prints or writes a schema; the exit status."""
    match arguments:
        case []:
            sys.stdout.write(exported())
        case ["--write"]:
            COMMITTED.write_text(exported())
        case ["--door", name] if name in DOORS:
            sys.stdout.write(printed(DOORS[name]))
        case _:
            sys.stderr.write(f"{(__doc__ or '').strip().splitlines()[-1]}\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
