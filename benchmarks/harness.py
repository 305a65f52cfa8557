# SPDX-License-Identifier: Apache-2.0
"""Measures contenders in turn, so that a busy moment of the machine hits all of them, and takes medians."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import msgspec

ROUNDS = 5


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One figure beside that of a peer.

    `ratio` is how much better ours is (value / peer value where more is better, the reverse where less is);
    `target` is the ratio to reach where more is better, and a value not to pass where less is; None where the figure
    is only told. Without a peer it is always a value.
    """

    name: str
    value: float
    unit: str
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
    target: float | None = None
    ok: bool = True


def more_is_better(
    name: str, value: float, unit: str, *, peer: str | None = None, peer_value: float | None = None,
    target: float | None = None,
) -> Result:  # fmt: skip
    """A figure of which more is better, such as events a second."""
    ratio = None if peer_value is None else value / peer_value
    reached = value if ratio is None else ratio
    return Result(
        name=name, value=value, unit=unit, peer=peer, peer_value=peer_value, ratio=ratio, target=target,
        ok=target is None or reached >= target,
    )  # fmt: skip


def less_is_better(
    name: str, value: float, unit: str, *, peer: str | None = None, peer_value: float | None = None,
    target: float | None = None,
) -> Result:  # fmt: skip
    """A figure of which less is better, such as milliseconds; `target` is a value, whatever the peer does.

    Nothing at all has no ratio.
    """
    return Result(
        name=name, value=value, unit=unit, peer=peer, peer_value=peer_value,
        ratio=peer_value / value if peer_value is not None and value else None, target=target,
        ok=target is None or value <= target,
    )  # fmt: skip


def alternate(contenders: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, float]:
    """Runs every contender once a round, each round beginning with another one; the median of each."""
    names = list(contenders)
    figures: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        for place in range(len(names)):
            name = names[(number + place) % len(names)]
            figures[name].append(contenders[name]())
    return {name: median(values) for name, values in figures.items()}


class Load:
    """Who used the processors from this moment on: our processes and their children, or everything else.

    A figure that missed its target on a machine that others kept busy says little; this tells it apart.
    """

    def __init__(self) -> None:
        self._ours, self._busy, self._all = _used()

    def shares(self) -> tuple[float, float]:
        """Percent of all processors used by our processes, and by the rest of the machine."""
        ours, busy, total = (now - then for now, then in zip(_used(), (self._ours, self._busy, self._all), strict=True))
        return 100 * ours / total, 100 * max(0, busy - ours) / total


def _used() -> tuple[int, int, int]:
    """Clock ticks used so far: by our processes that live, by everybody, and by everybody with the idle time."""
    parents, ticks = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            parents[int(entry.name)], ticks[int(entry.name)] = int(fields[1]), int(fields[11]) + int(fields[12])
    ours = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in ours} - ours:
        ours |= more
    line = [int(field) for field in Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]]
    return sum(ticks.get(process, 0) for process in ours), sum(line) - line[3] - line[4], sum(line)


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL of its own with fsync on; gives the address of an empty database."""
    from services.cli.embedded.postgres import Postgres

    with tempfile.TemporaryDirectory(prefix="quartier-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        server = Postgres.prepare(Path(folder), "bench")
        running = server.start()
        try:
            yield server.url
        finally:
            running.stop()
