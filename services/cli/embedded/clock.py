# SPDX-License-Identifier: Apache-2.0
"""The faster clock of an embedded city, across restarts."""

import json
from pathlib import Path

from services.chassis.clock import Clock


def going_on(path: Path, pace: float, real: float) -> str:
    """The setting of a clock of this pace that goes on where the data's clock stands, so time never runs back.

    Args:
        path: the file that remembers the data's clock.
        pace: conference seconds per real second.
        real: seconds since 1970.
    """
    try:
        before = Clock.parse(json.loads(path.read_text())["clock"])
        stands = before.epoch + (real - before.epoch) * before.pace
    except FileNotFoundError:
        stands = real
    # epoch + (real - epoch) * pace = stands, solved for epoch; at pace 1 every epoch gives the wall clock.
    epoch = real if pace == 1 else (stands - real * pace) / (1 - pace)
    setting = f"{epoch!r},{pace!r}"
    path.write_text(json.dumps({"clock": setting}))
    return setting
