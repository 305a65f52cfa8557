# SPDX-License-Identifier: Apache-2.0
"""The house rules hold."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.architecture.rules import RULES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_house_rule(rule: Callable[[Path], Iterable[str]]) -> None:
    assert list(rule(ROOT)) == []
