# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks [name ...]` runs all benchmarks, or those named, and writes `.quartier/bench.json`.

A benchmark is a module of this package with a function `run() -> list[Result]`.
"""

import importlib
import pkgutil
import sys
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

import benchmarks
from benchmarks.harness import Result

OUTPUT = Path(".quartier/bench.json")


LONG = {"city"}
"""Those that take minutes are run when they are named."""


def names() -> list[str]:
    """Every module of the package that measures something within a moment."""
    found = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if not module.ispkg)
    return [name for name in found if name not in {"__main__", "harness", *LONG}]


def table(results: list[Result]) -> Table:
    """The results for people."""
    shown = Table("", "ours", "unit", "peer", "peer's", "ratio", "target", "", title="Side by side, median of 5")
    for result in results:
        shown.add_row(
            result.name,
            _figure(result.value),
            result.unit,
            result.peer or "",
            "" if result.peer_value is None else _figure(result.peer_value),
            "" if result.ratio is None else f"{result.ratio:.2f}",
            "" if result.target is None else _figure(result.target),
            "[green]ok[/]" if result.ok else "[red]missed[/]",
        )
    return shown


def _figure(value: float) -> str:
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def main(wanted: list[str]) -> None:
    """Runs benchmarks. A missed target is shown, and is no failure: the machine may be busy."""
    console = Console()
    results: list[Result] = []
    for name in wanted or names():
        with console.status(f"measuring: {name}"):
            found = importlib.import_module(f"benchmarks.{name}").run()
        console.print(table(found))
        results += found
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")


main(sys.argv[1:])
