# SPDX-License-Identifier: Apache-2.0
"""Which refusals a handler can give, read from the source: what it names, and what that names, and so on.

A decider is followed only into the cases of the commands that the handler makes. What a method is called on is not
known here, so every method of that name in the service counts.
"""

import ast
import importlib
import inspect
import pkgutil
import sys
import textwrap
import types
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

from services.chassis.decider import Command, Decider, Refusal


class Service:
    """The source of one service.

    Args:
        package: its name, such as `services.session`.
    """

    def __init__(self, package: str) -> None:
        root = importlib.import_module(package)
        found = pkgutil.walk_packages(root.__path__, f"{package}.")
        self.package = package
        self.modules = [importlib.import_module(one.name) for one in found if not one.name.endswith("__main__")]
        self._trees: dict[Any, ast.AST] = {}
        self._methods: dict[str, list[Any]] = {}
        self._deciders: dict[type[Command], list[Any]] = {}
        for module in self.modules:
            for value in vars(module).values():
                if isinstance(value, type) and value.__module__ == module.__name__:
                    for name, method in vars(value).items():
                        if inspect.isfunction(method):
                            self._methods.setdefault(name, []).append(method)
                if isinstance(value, Decider):
                    for command in _commands(value):
                        self._deciders.setdefault(command, []).append(value.decide)

    def refusals(self, handler: Any) -> set[type[Refusal]]:
        """The service's own refusals that a handler can come back with."""
        found: set[type[Refusal]] = set()
        seen: set[tuple[Any, frozenset[type[Command]]]] = set()
        open_: list[tuple[Any, frozenset[type[Command]]]] = [(handler, frozenset())]
        while open_:
            function, commands = open_.pop()
            if (function, commands) in seen:
                continue
            seen.add((function, commands))
            for value in self._named(function, commands):
                if isinstance(value, type) and issubclass(value, Refusal):
                    found.add(value)
                elif isinstance(value, type) and issubclass(value, Command):
                    open_ += [(decide, frozenset({value})) for decide in self._deciders.get(value, ())]
                elif inspect.isfunction(value):
                    open_.append((value, commands))
        return {one for one in found if one.__module__.startswith(self.package)}

    def _named(self, function: Any, commands: frozenset[type[Command]]) -> Iterator[Any]:
        """What is called, or handed on, in a function of this service."""
        module = sys.modules[function.__module__]
        if not function.__module__.startswith(self.package):
            return
        if function not in self._trees:
            source = inspect.getsource(function)
            self._trees[function] = ast.parse(textwrap.dedent(source))
        scope = vars(module) | inspect.getclosurevars(function).nonlocals
        for node in _walk(self._trees[function], commands, scope):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                known = _value(node.func, scope)
                yield from [known] if known is not None else self._methods.get(node.func.attr, ())
            elif isinstance(node, ast.Call):
                value = _value(node.func, scope)
                if isinstance(value, type):
                    yield value
            elif isinstance(node, ast.Name):
                value = _value(node, scope)
                if inspect.isfunction(value):
                    yield value


def _commands(decider: Decider[Any, Any, Any]) -> tuple[type[Command], ...]:
    function = decider.decide
    name = list(inspect.signature(function).parameters)[1]
    hint = get_type_hints(function)[name]
    return get_args(hint) if isinstance(hint, types.UnionType) or get_args(hint) else (hint,)


def _walk(node: ast.AST, commands: frozenset[type[Command]], scope: dict[str, Any]) -> Iterator[ast.AST]:
    """All nodes but annotations, patterns, and what is not reached with these commands."""
    if isinstance(node, ast.If) and commands:
        meant = _asked_for(node.test, scope)
        if meant is not None:
            for statement in node.body if meant & commands else node.orelse:
                yield from _walk(statement, commands, scope)
            return
    if isinstance(node, ast.match_case):
        for part in (*_reached(list(node.body), commands, scope), *([node.guard] if node.guard else [])):
            yield from _walk(part, commands, scope)
        return
    yield node
    if isinstance(node, ast.Call) and _value(node.func, scope) is isinstance:
        return
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "args"} and not isinstance(node, ast.Call):
            continue
        parts = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, ast.AST)]
        for part in _reached(parts, commands, scope) if name in {"body", "cases"} else parts:
            yield from _walk(part, commands, scope)


def _reached(parts: list[ast.AST], commands: frozenset[type[Command]], scope: dict[str, Any]) -> Iterator[ast.AST]:
    """The statements, or cases, up to the one that ends the way of these commands for certain."""
    for part in parts:
        if isinstance(part, ast.match_case) and commands:
            meant = {value for value in _patterns(part.pattern, scope) if issubclass(value, Command)}
            if meant and not meant & commands:
                continue
            yield part
            whole = isinstance(part.pattern, ast.MatchClass | ast.MatchOr)
            if meant and whole and part.guard is None:
                return
            continue
        yield part
        meant_by = _asked_for(part.test, scope) if isinstance(part, ast.If) and commands else None
        if meant_by is not None and meant_by & commands and isinstance(part.body[-1], ast.Return):  # type: ignore[attr-defined]
            return


def _asked_for(test: ast.expr, scope: dict[str, Any]) -> frozenset[type[Command]] | None:
    """The commands of an `isinstance(command, A | B)`; None for another question."""
    if not isinstance(test, ast.Call) or _value(test.func, scope) is not isinstance:
        return None
    found = [_value(node, scope) for node in ast.walk(test.args[1]) if isinstance(node, ast.Name | ast.Attribute)]
    kinds = {one for one in found if isinstance(one, type)}
    return frozenset(kinds) if kinds and all(issubclass(one, Command) for one in kinds) else None


def _patterns(pattern: ast.pattern, scope: dict[str, Any]) -> Iterator[type]:
    for node in ast.walk(pattern):
        if isinstance(node, ast.MatchClass):
            value = _value(node.cls, scope)
            if isinstance(value, type):
                yield value


def _value(node: ast.expr, scope: dict[str, Any]) -> Any:
    """What a name stands for in a module; None for what only running tells."""
    if isinstance(node, ast.Name):
        return scope.get(node.id, isinstance if node.id == "isinstance" else None)
    if isinstance(node, ast.Attribute):
        owner = _value(node.value, scope)
        return getattr(owner, node.attr, None) if isinstance(owner, types.ModuleType) else None
    return None
