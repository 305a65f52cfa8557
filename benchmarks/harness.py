# SPDX-License-Identifier: Apache-2.0
"""Measures contenders in turn, so that a busy moment of the machine hits all of them, and takes medians."""

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
    """A figure of which less is better, such as milliseconds; `target` is a value, whatever the peer does."""
    return Result(
        name=name, value=value, unit=unit, peer=peer, peer_value=peer_value,
        ratio=None if peer_value is None else peer_value / value, target=target, ok=target is None or value <= target,
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
