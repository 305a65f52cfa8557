# SPDX-License-Identifier: Apache-2.0
"""Every check of `make check` catches what it is there for: a violation is planted in a copy, and found."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.rules import RULES, SPDX

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The configuration and the code, to be spoilt."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "README.md").touch()
    ignore = shutil.ignore_patterns("__pycache__", "web", "*.json")
    for package in ("services", "gateway"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignore)
    return tmp_path


def plant(root: Path, path: str, *lines: str) -> None:
    """Writes a module with the decent head that every module has."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    for folder in (file.parent, file.parent.parent):
        if folder != root and not (folder / "__init__.py").exists():
            (folder / "__init__.py").touch()
    file.write_text("\n".join([SPDX, '"""Planted."""', "", *lines, ""]))


def tool(root: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=root, capture_output=True, text=True, check=False,
        env={"PATH": f"{BIN}:/usr/bin:/bin", "PYTHONPATH": str(root), "COLUMNS": "300", "NO_COLOR": "1"},
    )  # fmt: skip


IMPORTS = {
    "services meet": ("services/session/planted.py", "import services.rooms"),
    "a lower floor imports a higher one": ("services/chassis/planted.py", "import services.contracts"),
    "contracts import a service": ("services/contracts/planted.py", "import services.ideas"),
    "the gateway imports a service": ("gateway/planted.py", "import services.rooms"),
    "the tool imports a service": ("services/cli/planted.py", "import services.registration"),
    "the tool imports the gateway": ("services/cli/planted_too.py", "import gateway.schema"),
    "a domain imports its read model": ("services/session/domain/planted.py", "import services.session.readmodel"),
    "an adapter imports the read model": ("services/session/adapters/planted.py", "import services.session.readmodel"),
    "a domain imports I/O": ("services/rooms/domain/planted.py", "import asyncio"),
    "a domain imports contracts": ("services/rooms/domain/planted_too.py", "import services.contracts"),
    "somebody else speaks to LiveKit": ("services/session/adapters/planted_too.py", "import livekit"),
    "a service knows GraphQL": ("services/ideas/readmodel/planted.py", "import strawberry"),
    "the gateway speaks to NATS": ("gateway/planted_too.py", "import nats"),
    "a read model speaks to PostgreSQL itself": ("services/ideas/readmodel/planted_too.py", "import asyncpg"),
    "the client knows the schema's code": ("gateway/client/planted.py", "import strawberry"),
    "psycopg outside of tests": ("services/chassis/planted_too.py", "import psycopg"),
    "a publisher asks a read model": ("services/rooms/publishing.py", "import services.rooms.readmodel"),
}


def test_import_linter_finds_each_planted_import(copy: Path) -> None:
    for path, line in IMPORTS.values():
        plant(copy, path, line)
    said = tool(copy, "lint-imports", "--no-cache")
    assert said.returncode == 1, said.stdout + said.stderr
    told = said.stdout.replace("\n", " ")
    missed = []
    for what, (path, line) in IMPORTS.items():
        module = path.removesuffix(".py").replace("/", ".")
        target = line.removeprefix("import ")
        if f"{module} -> {target}" not in told:
            missed.append(what)
    assert missed == []


def test_import_linter_finds_a_planted_stray_module(copy: Path) -> None:
    plant(copy, "services/ideas/helpers.py")
    said = tool(copy, "lint-imports", "--no-cache")
    assert said.returncode == 1
    assert "services.ideas.helpers" in said.stdout


RULE_BREAKERS = {
    "asks for the time": (
        "services/session/domain/planted.py",
        "from datetime import datetime",
        "NOW = datetime.now()",
    ),
    "asks for the time of old": (
        "services/ideas/domain/planted.py",
        "import datetime as d",
        "NOW = d.datetime.utcnow()",
    ),
    "makes an id": ("services/rooms/domain/planted.py", "from uuid import uuid4", "ID = uuid4()"),
    "draws lots": ("services/rooms/domain/planted.py", "import random"),
    "reads a file": ("services/rooms/domain/planted.py", "TEXT = open('x')"),
    "prints": ("services/registration/domain/planted.py", "print('x')"),
    "sleeps": ("services/session/domain/planted.py", "import time"),
    "a domain imports its service": ("services/session/domain/planted.py", "from services.session import readmodel"),
    "a method imports the chassis": ("services/session/methods/planted.py", "import services.chassis.store"),
    "contracts do something": ("services/contracts/planted.py", "import httpx"),
    "a policy calls the world": ("services/rooms/policies.py", "import httpx"),
    "swallows": ("gateway/planted.py", "try:", "    X = 1", "except Exception:", "    pass"),
}


@pytest.mark.parametrize("what", RULE_BREAKERS)
def test_a_planted_breach_of_a_house_rule_is_found(tmp_path: Path, what: str) -> None:
    path, *lines = RULE_BREAKERS[what]
    plant(tmp_path, path, *lines)
    found = [sentence for rule in RULES for sentence in rule(tmp_path) if sentence.startswith(path)]
    assert found != []


def test_a_planted_module_without_licence_or_reason_is_found(tmp_path: Path) -> None:
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "bare.py").write_text('"""Says why, but not whose."""\n')
    (tmp_path / "gateway" / "mute.py").write_text(f"{SPDX}\nX = 1\n")
    found = [sentence for rule in RULES for sentence in rule(tmp_path)]
    assert [sentence.partition(":")[0] for sentence in found] == ["gateway/bare.py", "gateway/mute.py"]


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("F401", "import json"),
        ("ANN201", "def planted():\n    return 1"),
        ("DTZ005", "from datetime import datetime\n\nNOW = datetime.now()"),
        ("D103", "def planted() -> int:\n    return 1"),
        ("S608", 'def planted(name: str) -> str:\n    """Plants."""\n    return f"SELECT * FROM {name}"'),
        ("ASYNC251", 'import time\n\n\nasync def planted() -> None:\n    """Plants."""\n    time.sleep(1)'),
    ],
)
def test_ruff_finds_a_planted_fault(tmp_path: Path, code: str, line: str) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    plant(tmp_path, "services/chassis/planted.py", line)
    said = tool(tmp_path, "ruff", "check", "--no-cache", "--output-format=concise")
    assert said.returncode == 1
    assert code in said.stdout


def test_ruff_finds_planted_disorder(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    plant(tmp_path, "services/planted.py", "X = {  'a' :1 }")
    assert tool(tmp_path, "ruff", "format", "--check", "--no-cache").returncode == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("def planted(x):\n    return x", "no-untyped-def"),
        ("def planted(x: int | None) -> int:\n    return x", "return-value"),
        ("def planted(x: int) -> int:\n    return x  # type: ignore[arg-type]", "unused-ignore"),
        (
            "from typing import assert_never\n\n\ndef planted(x: int | str) -> int:\n    match x:\n"
            "        case int():\n            return x\n        case _:\n            assert_never(x)",
            "arg-type",
        ),
    ],
)
def test_mypy_finds_a_planted_fault(tmp_path: Path, line: str, said: str) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    plant(tmp_path, "services/planted.py", line)
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "__init__.py").touch()
    found = tool(tmp_path, "mypy")
    assert found.returncode == 1, found.stdout + found.stderr
    assert f"[{said}]" in found.stdout


@pytest.mark.parametrize(
    ("code", "line"),
    [("DEP001", "import django"), ("DEP003", "import click"), ("DEP004", "import pytest")],
    ids=["missing", "transitive", "development"],
)
def test_deptry_finds_a_planted_import(copy: Path, code: str, line: str) -> None:
    plant(copy, "services/chassis/planted.py", line)
    said = tool(copy, "deptry", "--no-ansi", ".")
    assert said.returncode == 1
    assert f"{code} '{line.removeprefix('import ')}'" in said.stdout + said.stderr
