# SPDX-License-Identifier: Apache-2.0
"""A process without a log consumes events by writing tables, and nothing else."""

from typing import Any, cast

import pytest

from services.chassis.policies import Policies
from services.chassis.reactions import Reactions, Tables
from tests.integration.chassis.tally import NumberCounted

TABLES = Tables(db=cast(Any, None), bus=cast(Any, None))


def test_a_policy_that_decides_needs_a_log():
    policies = Policies("elsewhere")

    @policies.when(NumberCounted)
    async def decide(_event, _ctx):
        return []

    with pytest.raises(ValueError, match="elsewhere has no log"):
        Reactions(TABLES, policies, NumberCounted.SERVICE)


def test_a_policy_that_writes_tables_needs_none():
    policies = Policies("elsewhere")

    @policies.write(NumberCounted)
    async def write(_tx, _event, _position):
        pass

    assert Reactions(TABLES, policies, NumberCounted.SERVICE).source == NumberCounted.SERVICE
