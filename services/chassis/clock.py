# SPDX-License-Identifier: Apache-2.0
"""Domain time: the wall clock in the city, a faster conference clock in rehearsals."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of all domain time of one process.

    Args:
        epoch: seconds since 1970 at which the conference clock and the wall clock agree.
        pace: conference seconds per real second.

    Request deadlines, ack waits, token expiry and back-off do not use this clock: they run on real time.
    """

    epoch: float = 0.0
    pace: float = 1.0

    @classmethod
    def parse(cls, setting: str) -> "Clock":
        """Reads `<epoch>,<pace>`, for example `1793631600.0,60`.

        Raises:
            ValueError: the setting has another form, or the pace is not positive.
        """
        epoch_text, separator, pace_text = setting.partition(",")
        if not separator:
            raise ValueError("a clock is <epoch>,<pace>: seconds since 1970 and conference seconds per second")
        pace = float(pace_text)
        if pace <= 0:
            raise ValueError("the pace of a clock is positive")
        return cls(float(epoch_text), pace)

    def now(self) -> datetime:
        """The present instant of domain time, in UTC."""
        real = time.time()
        return datetime.fromtimestamp(self.epoch + (real - self.epoch) * self.pace, UTC)

    def seconds_until(self, instant: datetime) -> float:
        """Real seconds until the domain clock shows `instant`; 0 when it has passed."""
        return max(0.0, (instant - self.now()) / timedelta(seconds=1) / self.pace)
