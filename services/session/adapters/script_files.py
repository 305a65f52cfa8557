# SPDX-License-Identifier: Apache-2.0
"""Reads scripts from YAML files and says in which line one cannot be used.

The scripts of this package come with the program; a city puts its own into a folder that a setting names.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import msgspec
import yaml

from services.session.domain.script import Script, problems

SHIPPED = files("services.session") / "scripts"


class BadScript(Exception):
    """A script cannot be used; the text names file, line and problem."""


def load_scripts(folder: Path | None = None) -> dict[str, Script]:
    """All scripts by name: those of this package, and those of `folder`, which replace others of the same name.

    Raises:
        BadScript: a file cannot be used, or its script is not named as the file.
    """
    found: dict[str, Script] = {}
    for place in (SHIPPED, folder):
        for entry in sorted(place.iterdir(), key=lambda one: one.name) if place is not None else ():
            if entry.name.endswith((".yaml", ".yml")):
                script = load_script(entry)
                found[script.name] = script
    return found


def load_script(file: Traversable) -> Script:
    """The script in one file.

    Raises:
        BadScript: it is no YAML, has a field that is missing, unknown or of a wrong form, or breaks a rule.
    """
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise BadScript(f"{file.name}, line {line}: {error.problem or 'this is not YAML'}") from None
    if root is None:
        raise BadScript(f"{file.name}, line 1: the file is empty")
    lines: dict[str, int] = {}
    data = _plain(root, "$", lines, file.name)
    try:
        script = msgspec.convert(data, Script)
    except msgspec.ValidationError as error:
        text, _, rest = str(error).partition(" - at `")
        raise BadScript(f"{file.name}, line {_line(lines, rest.rstrip('`') or '$')}: {text}") from None
    for problem in problems(script):
        raise BadScript(f"{file.name}, line {_line(lines, problem.path)}: {problem.text}")
    if script.name != file.name.rsplit(".", 1)[0]:
        raise BadScript(f"{file.name}, line {_line(lines, '$.name')}: the script's name is not the name of its file")
    return script


def _plain(node: yaml.Node, path: str, lines: dict[str, int], file: str) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        plain: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in plain:
                raise BadScript(f"{file}, line {key.start_mark.line + 1}: `{name}` stands here twice")
            plain[name] = _plain(value, f"{path}.{name}", lines, file)
            lines[f"{path}.{name}"] = key.start_mark.line + 1
        return plain
    if isinstance(node, yaml.SequenceNode):
        return [_plain(value, f"{path}[{number}]", lines, file) for number, value in enumerate(node.value)]
    return yaml.SafeLoader("").construct_object(node)


def _line(lines: dict[str, int], path: str) -> int:
    """The line of a path, or of the closest thing around it that has one."""
    while path not in lines and path != "$":
        path = path[: max(path.rfind("."), path.rfind("["))] or "$"
    return lines.get(path, 1)
