# SPDX-License-Identifier: Apache-2.0
"""`quartier rehearse`: draws progress, prints the summary, writes the report, and fails when a rule was broken."""

import asyncio
import json
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from services.cli.embedded.process import EmbeddedError
from services.cli.rehearse.director import Progress as Bars
from services.cli.rehearse.director import Wanted, rehearse
from services.cli.rehearse.minute import figures
from services.cli.rehearse.minute.director import Wanted as WantedMinute
from services.cli.rehearse.minute.director import rehearse_minute
from services.cli.rehearse.report import show

Report: TypeAlias = dict[str, Any] | None
Play: TypeAlias = Callable[[Bars], Coroutine[Any, Any, Report]]


def run(wanted: Wanted, report: Path | None) -> bool:
    """Plays a rehearsal for the terminal.

    Args:
        report: file for the report as JSON.

    Returns:
        Whether every rule held.
    """
    return _played(lambda bars: rehearse(wanted, bars), report, show)


def run_minute(wanted: WantedMinute, report: Path | None) -> bool:
    """Plays the city minute for the terminal, or only prepares for it.

    Args:
        report: file for the report as JSON.

    Returns:
        Whether every rule held.
    """
    return _played(lambda bars: rehearse_minute(wanted, bars), report, figures.show)


def _played(play: Play, report: Path | None, show_it: Callable[[dict[str, Any], Console], None]) -> bool:
    console = Console()
    with _bars(console) as bars, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result = runner.run(_until_told(play(bars)))
    if result is None:
        return True
    if report is not None:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    show_it(result, console)
    return all(result["invariants"].values())


async def _until_told(rehearsal: Coroutine[Any, Any, Report]) -> Report:
    """Ends the rehearsal, its city included, on SIGTERM as on Ctrl-C."""
    task = asyncio.ensure_future(rehearsal)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await task
    except* EmbeddedError as group:  # many people register at once; what the first one met says it all
        raise _first(group) from None


def _first(group: BaseExceptionGroup[EmbeddedError]) -> EmbeddedError:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner


@contextmanager
def _bars(console: Console) -> Iterator[Bars]:
    numbers = TextColumn("{task.completed:.0f}/{task.total:.0f}")
    columns = (TextColumn("{task.description:14}"), BarColumn(), numbers, TimeElapsedColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as drawn:
        tasks: dict[str, TaskID] = {}

        def begin(what: str, of: float) -> None:
            tasks[what] = drawn.add_task(what, total=of)

        yield Bars(
            begin, lambda what, by: drawn.advance(tasks[what], by), lambda text: console.print(text, markup=False)
        )
