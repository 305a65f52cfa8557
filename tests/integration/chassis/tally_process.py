# SPDX-License-Identifier: Apache-2.0
"""`alpha` or `beta` as a process of its own, for tests that end it."""

import sys

from services.chassis.settings import Settings, load_settings
from tests.integration.chassis import tally

if __name__ == "__main__":
    getattr(tally, sys.argv[1])(load_settings(Settings)).main()
