# SPDX-License-Identifier: Apache-2.0
"""`python -m tests.contract.golden write` writes the files that are missing; it never changes one."""

import sys

from tests.contract.golden import corpus, kept

if sys.argv[1:] != ["write"]:
    sys.exit(__doc__)
for path in [*corpus.write_missing(), *kept.write_missing()]:
    print(path)
