# SPDX-License-Identifier: Apache-2.0
"""What processes use, and on which processor they run."""

import os
import sys
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PINNED = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); os.execvp(sys.argv[2], sys.argv[2:])"


def used(process: int) -> float:
    """Processor time of a process so far, in seconds."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory(process: int) -> float:
    """Resident memory of a process, in kB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("VmRSS:")))


def processors() -> tuple[int | None, int | None]:
    """One for the server and one for all else; none are chosen where this process may use only one."""
    found = sorted(os.sched_getaffinity(0))
    return (found[-1], found[0]) if len(found) > 1 else (None, None)


def pinned(command: list[str], processor: int | None) -> list[str]:
    """A command that begins on a processor, so that threads which collect garbage or compile stay there too.

    Args:
        command: the program and its arguments.
        processor: where; None: wherever this process may run.
    """
    return command if processor is None else [sys.executable, "-c", _PINNED, str(processor), *command]
