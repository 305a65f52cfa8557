# SPDX-License-Identifier: Apache-2.0
"""House rules that no bought tool knows, as functions from a source tree to sentences about what breaks them.

What import-linter can say is said in pyproject.toml; here is what needs the syntax tree or the text of a file.
"""

import ast
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

SERVICES = ("registration", "session", "rooms", "ideas")
SPDX = "# SPDX-License-Identifier: Apache-2.0"

_TYPES_AND_ARITHMETIC = {
    "__future__", "abc", "bisect", "collections", "contextlib", "copy", "dataclasses", "datetime", "decimal", "enum",
    "fractions", "functools", "hashlib", "heapq", "hmac", "itertools", "json", "math", "operator", "re", "statistics",
    "string", "types", "typing", "unicodedata", "uuid", "zoneinfo",
}  # fmt: skip
"""Modules of the standard library that neither look at the world nor change it."""

_ASKING_THE_WORLD = {"now", "utcnow", "today", "uuid1", "uuid4", "time_ns", "getrandom", "urandom", "token_hex"}
_TOUCHING_THE_WORLD = {"open", "print", "input", "exec", "eval", "breakpoint", "__import__"}

_CONTRACT_MODULES = {"services.chassis.decider", "services.chassis.contract", "services.contracts"}


def domains_are_pure(root: Path) -> Iterator[str]:
    """A domain asks for no time, no id and no randomness, reads and writes nothing, imports only what it may."""
    for service in SERVICES:
        own = f"services.{service}.domain"
        for path, tree in _modules(root / "services" / service / "domain"):
            yield from _foreign(
                root, path, tree, _TYPES_AND_ARITHMETIC | {"msgspec"}, {own, "services.chassis.decider"}
            )
            for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
                name = _called(call)
                if name in _ASKING_THE_WORLD or (isinstance(call.func, ast.Name) and name in _TOUCHING_THE_WORLD):
                    yield f"{_place(root, path, call)} a domain calls {name}(); it gets that in its command"


def methods_are_pure(root: Path) -> Iterator[str]:
    """A method computes: numpy, scipy, stems of words, its own domain, and no randomness but a seeded generator."""
    for service in SERVICES:
        own = {f"services.{service}.methods", f"services.{service}.domain"}
        for path, tree in _modules(root / "services" / service / "methods"):
            yield from _foreign(
                root,
                path,
                tree,
                _TYPES_AND_ARITHMETIC | {"msgspec", "numpy", "random", "scipy", "snowballstemmer", "time"},
                own,
            )


def contracts_carry_and_do_nothing(root: Path) -> Iterator[str]:
    """Contracts are types: they import the base types of the chassis and nothing that does something."""
    for path, tree in _modules(root / "services" / "contracts"):
        yield from _foreign(root, path, tree, _TYPES_AND_ARITHMETIC | {"msgspec"}, _CONTRACT_MODULES)


def policies_write_no_sql_and_call_nobody(root: Path) -> Iterator[str]:
    """A policy decides on its own aggregates; what it asks or tells the world goes through its commands."""
    for service in SERVICES:
        path = root / "services" / service / "policies.py"
        if path.exists():
            for name, line in _imports(ast.parse(path.read_text())):
                if name.partition(".")[0] in {"httpx", "asyncpg", "nats", "aiosmtplib", "livekit", "socket"}:
                    yield f"{path.relative_to(root)}:{line} a policy imports {name}"


def every_module_says_whose_it_is_and_why(root: Path) -> Iterator[str]:
    """The licence line is first, a docstring follows."""
    for folder in ("services", "gateway", "tests", "benchmarks"):
        for path in sorted((root / folder).rglob("*.py")):
            if "node_modules" in path.parts:
                continue  # not ours
            text = path.read_text()
            if not text.startswith(SPDX):
                yield f"{path.relative_to(root)}:1 the licence line is missing: {SPDX}"
            elif folder != "tests" and ast.get_docstring(ast.parse(text)) is None:
                yield f"{path.relative_to(root)}:2 the module does not say why it exists"


def nothing_is_swallowed(root: Path) -> Iterator[str]:
    """No handler catches everything and does nothing about it."""
    for folder in ("services", "gateway"):
        for path, tree in _modules(root / folder):
            for handler in (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)):
                broad = handler.type is None or _last_name(handler.type) in {"Exception", "BaseException"}
                if broad and all(isinstance(one, ast.Pass | ast.Continue) for one in handler.body):
                    yield f"{_place(root, path, handler)} every exception is swallowed here"


RULES: tuple[Callable[[Path], Iterable[str]], ...] = (
    domains_are_pure,
    methods_are_pure,
    contracts_carry_and_do_nothing,
    policies_write_no_sql_and_call_nobody,
    every_module_says_whose_it_is_and_why,
    nothing_is_swallowed,
)


def _modules(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(folder.rglob("*.py")):
        yield path, ast.parse(path.read_text(), str(path))


def _imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from services.session import domain` may name a module below: the whole path is what counts.
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def _foreign(root: Path, path: Path, tree: ast.Module, packages: set[str], modules: set[str]) -> Iterator[str]:
    """Imports of anything but these packages and these modules of ours."""
    for name, line in _imports(tree):
        ours = name.partition(".")[0] in {"services", "gateway"}
        known = any(name == module or name.startswith(f"{module}.") for module in modules)
        if not (known if ours else name.partition(".")[0] in packages):
            kind = "" if ours or name.partition(".")[0] not in sys.stdlib_module_names else " of the standard library"
            yield f"{path.relative_to(root)}:{line} {name}{kind} may not be imported here"


def _called(call: ast.Call) -> str:
    return _last_name(call.func)


def _last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _place(root: Path, path: Path, node: ast.expr | ast.ExceptHandler) -> str:
    return f"{path.relative_to(root)}:{node.lineno}"
