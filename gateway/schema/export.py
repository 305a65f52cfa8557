# SPDX-License-Identifier: Apache-2.0
"""Prints the schema, or writes it to `gateway/schema.graphql` (`--write`).

python -m gateway.schema.export [--write]
"""

import sys
from pathlib import Path

from gateway.schema.build import build_schema

COMMITTED = Path(__file__).parent.parent / "schema.graphql"


def exported() -> str:
    """The schema as it is committed."""
    return build_schema().as_str().rstrip() + "\n"


def main() -> int:
    """Prints or writes the schema."""
    if sys.argv[1:] == ["--write"]:
        COMMITTED.write_text(exported())
    else:
        sys.stdout.write(exported())
    return 0


if __name__ == "__main__":
    sys.exit(main())
