# SPDX-License-Identifier: Apache-2.0
"""schemathesis asks the running gateway whatever the schema allows: it always answers, and never with a 5xx.

schemathesis takes every error of a field for one of the server, also a refusal such as `NOT_ALLOWED`: what we mean by
one says `fuzz_check.py`.
"""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.schema.export import COMMITTED
from tests.conformance.node import run
from tests.conformance.worlds import World, answers
from tests.gateway.city import City
from tests.gateway.conftest import running

ROOT = Path(__file__).parents[2]
SECONDS = int(os.environ.get("QUARTIER_CONFORMANCE_FUZZ_SECONDS", "15"))
"""For how long."""


@pytest.mark.soak
async def test_whatever_the_schema_allows_is_answered(
    city: City, nats_url: str, prefix: str, service_database: Callable[[str], str], tmp_path: Path
) -> None:
    for query, answer in answers(World("fuzz")).items():
        city.say(query, answer)
    points = {"points_per_second": 1e9, "points_at_once": 10**9}
    async with running(nats_url, prefix, database_url=service_database("gateway"), **points) as gateway:
        program = Path(sys.executable).with_name("schemathesis")
        token = city.issuer.staff(role="organiser", scope="city", lifetime=SECONDS + 600)
        status, said = await run(
            program, "run", COMMITTED, "--url", f"{gateway.url}/graphql", "--header", f"Authorization: Bearer {token}",
            "--checks", "no_fault", "--max-examples", "1000000", "--max-time", str(SECONDS),
            cwd=tmp_path, seconds=SECONDS + 240,
            SCHEMATHESIS_HOOKS="tests.conformance.fuzz_check", PYTHONPATH=str(ROOT),
        )  # fmt: skip
        alive = await gateway.ask("{ __typename }")
    assert status == 0, said
    assert alive == {"data": {"__typename": "Query"}}
    found = re.search(r"(\d+) generated", said)
    sys.stdout.write(f"{found[1] if found else 0} cases in {SECONDS} s\n")
    assert found is not None or SECONDS < 60, said  # a short slice may end before the first case on a busy machine
