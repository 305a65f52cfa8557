# SPDX-License-Identifier: Apache-2.0
"""`python -m tests.contract.golden write` writes the files that are missing; it never changes one."""

import sys

from tests.contract.golden.corpus import write_missing

if sys.argv[1:] != ["write"]:
    sys.exit(__doc__)
for path in write_missing():
    print(path)
