# SPDX-License-Identifier: Apache-2.0
"""Reads the code of conduct: the one that comes with the program, or the city's own."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import msgspec
import yaml
from msgspec import Meta

from services.chassis.settings import Settings
from services.session.settings import SessionSettings

SHIPPED = files("services.session") / "code_of_conduct.yaml"

Words = Annotated[str, Meta(min_length=1, max_length=1000)]


class BadCodeOfConduct(Exception):
    """The code of conduct cannot be used; says what is wrong with the file."""


class Text(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One text in both languages."""

    de: Words
    en: Words


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule; staff name it by its key when they warn somebody."""

    key: Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{0,39}$")]
    text: Text


class CodeOfConduct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What residents agree to; another version is to be accepted anew."""

    version: Annotated[str, Meta(pattern="^[A-Za-z0-9._-]{1,40}$")]
    rules: Annotated[tuple[Rule, ...], Meta(min_length=1, max_length=20)]


def code_of_conduct(settings: Settings) -> CodeOfConduct:
    """The code of conduct of this city.

    Raises:
        BadCodeOfConduct: the file that the setting names cannot be used.
    """
    return _read(settings.code_of_conduct if isinstance(settings, SessionSettings) else None)


@cache
def _read(file: Path | None) -> CodeOfConduct:
    """Read once: it was checked when the service started."""
    source = SHIPPED if file is None else file
    try:
        code = msgspec.convert(yaml.safe_load(source.read_text(encoding="utf-8")), CodeOfConduct)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise BadCodeOfConduct(f"{source}: {error}") from None
    if len({rule.key for rule in code.rules}) < len(code.rules):
        raise BadCodeOfConduct(f"{source}: two rules have the same key")
    return code
