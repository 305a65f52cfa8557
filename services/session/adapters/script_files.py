# SPDX-License-Identifier: Apache-2.0
"""Reads scripts from YAML or JSON files and says in which lines one cannot be used.

The scripts of this package come with the program; a city puts its own into a folder that a setting names.
"""

import json
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import yaml

from services.session.domain.script import Phase, Script, problems

SHIPPED = files("services.session") / "scripts"

ENDINGS = (".yaml", ".yml", ".json")


class Fault(NamedTuple):
    """What is wrong in one line of a file, as a sentence."""

    line: int
    text: str


class BadScript(Exception):
    """A script cannot be used.

    Args:
        file: its name.
        faults: what is wrong, from top to bottom.
    """

    def __init__(self, file: str, *faults: Fault) -> None:
        super().__init__("\n".join(f"{file}, line {fault.line}: {fault.text}" for fault in faults))
        self.faults = faults


def load_scripts(folder: Path | None = None) -> dict[str, Script]:
    """All scripts by name: those of this package, and those of `folder`, which replace others of the same name.

    Raises:
        BadScript: a file cannot be used, or two of one folder have the same name.
    """
    found: dict[str, Script] = {}
    for place in (SHIPPED, folder):
        here: dict[str, Script] = {}
        for entry in sorted(place.iterdir(), key=lambda one: one.name) if place is not None else ():
            if entry.name.endswith(ENDINGS):
                script = load_script(entry)
                if script.name in here:
                    raise BadScript(entry.name, Fault(1, "another file of this folder has the same name"))
                here[script.name] = script
        found |= here
    return found


def load_script(file: Traversable) -> Script:
    """The script in one file.

    Raises:
        BadScript: it is no YAML, has fields that are missing, unknown or of a wrong form, or breaks a rule.
    """
    # JSON is YAML, too.
    try:
        text = file.read_text(encoding="utf-8")
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if isinstance(token, yaml.AliasToken):  # it can stand for itself, or for millions of lines
                raise BadScript(file.name, Fault(token.start_mark.line + 1, "a script has no aliases"))
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise BadScript(file.name, Fault(line, error.problem or "this is not YAML")) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise BadScript(file.name, Fault(1, "this is not text as YAML in UTF-8")) from None
    if root is None:
        raise BadScript(file.name, Fault(1, "the file is empty"))
    lines: dict[str, int] = {}
    data = _plain(root, "$", lines, file.name)
    try:
        script = msgspec.convert(data, Script)
    except msgspec.ValidationError as error:
        found = {Fault(_line(lines, path), text) for path, text in _misfits(data, error)}
        raise BadScript(file.name, *sorted(found)) from None
    faults = [Fault(_line(lines, problem.path), problem.text) for problem in problems(script)]
    if script.name != file.name.rsplit(".", 1)[0]:
        faults.append(Fault(_line(lines, "$.name"), "the script's name is not the name of its file"))
    if faults:
        raise BadScript(file.name, *sorted(faults))
    return script


def schema() -> str:
    """The JSON Schema of a script, for editors that complete and check while somebody writes."""
    described = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Script)}
    return json.dumps(described, indent=2, ensure_ascii=False)


def _misfits(data: Any, error: msgspec.ValidationError) -> Iterator[tuple[str, str]]:
    """Paths and sentences for what has no right form: the first thing in all, and the first in each phase."""
    yield _misfit(error, "$")
    phases = data.get("phases") if isinstance(data, dict) else None
    for number, phase in enumerate(phases if isinstance(phases, list) else ()):
        try:
            msgspec.convert(phase, Phase)
        except msgspec.ValidationError as found:
            yield _misfit(found, f"$.phases[{number}]")


def _misfit(error: msgspec.ValidationError, root: str) -> tuple[str, str]:
    text, _, path = str(error).partition(" - at `")
    return root + path.rstrip("`").removeprefix("$"), text


def _plain(node: yaml.Node, path: str, lines: dict[str, int], file: str) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        plain: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in plain:
                raise BadScript(file, Fault(key.start_mark.line + 1, f"`{name}` stands here twice"))
            plain[name] = _plain(value, f"{path}.{name}", lines, file)
            lines[f"{path}.{name}"] = key.start_mark.line + 1
        return plain
    if isinstance(node, yaml.SequenceNode):
        return [_plain(value, f"{path}[{number}]", lines, file) for number, value in enumerate(node.value)]
    try:
        return yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError):
        raise BadScript(file, Fault(lines[path], "this value cannot be read")) from None


def _line(lines: dict[str, int], path: str) -> int:
    """The line of a path, or of the closest thing around it that has one."""
    while path not in lines and path != "$":
        path = path[: max(path.rfind("."), path.rfind("["))] or "$"
    return lines.get(path, 1)
