# SPDX-License-Identifier: Apache-2.0
"""The processor time that the programs of a city use, each with all the processes it started."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")


class _Process(NamedTuple):
    parent: int
    seconds: float


class Meter:
    """Reads processor time by program, also of one that is started again.

    Args:
        pids: the process that each program has now.
    """

    def __init__(self, pids: Callable[[], Mapping[str, int]]) -> None:
        self._pids = pids
        self._last: dict[str, tuple[int, float]] = {}
        self._ended: dict[str, float] = defaultdict(float)

    def read(self) -> dict[str, float]:
        """Seconds since the city began. What a program used after the last reading before its death is not known."""
        everything = dict(_processes())
        found = {}
        for name, pid in self._pids().items():
            before = self._last.get(name)
            if before is not None and before[0] != pid:
                self._ended[name] += before[1]
            spent = sum(everything[each].seconds for each in _family(pid, everything))
            self._last[name] = pid, spent
            found[name] = self._ended[name] + spent
        return found


def _family(pid: int, everything: Mapping[int, _Process]) -> Iterator[int]:
    """The process and all that descend from it: a database server has one for each connection."""
    if pid not in everything:
        return
    children = defaultdict(list)
    for each, process in everything.items():
        children[process.parent].append(each)
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += children[one]


def _processes() -> Iterator[tuple[int, _Process]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended just now
            # Its own time, and that of its children that have ended.
            yield int(folder.name), _Process(int(fields[1]), sum(map(int, fields[11:15])) / _TICKS)
