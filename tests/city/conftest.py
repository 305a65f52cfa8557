# SPDX-License-Identifier: Apache-2.0
"""One city for the tests of a module, on a fresh folder; one city at a time on the whole machine's run."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.city.town import Town
from tests.integration.cli.conftest import ROOT, mentioning, started

ONLY_TRUSTED = {"QUARTIER_ONLY_TRUSTED": "api"}
"""Rehearsals and these tests need nothing but the documents that the gateway knows."""


@pytest.fixture(scope="module")
def replicas(request: pytest.FixtureRequest) -> int:
    """Processes per service: `REPLICAS` of the module, else one."""
    return int(getattr(request.module, "REPLICAS", 1))


@pytest.fixture(scope="module")
def town(request: pytest.FixtureRequest, run_folder: Path, replicas: int) -> Iterator[Town]:
    """A running city; no test of a module depends on what another one did in it. It takes other documents than the
    gateway's own where the module says `FREE_DOCUMENTS`.
    """
    environment = {} if getattr(request.module, "FREE_DOCUMENTS", False) else ONLY_TRUSTED
    with (run_folder / "city.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second city beside it would only make both slow
        folder = Path(tempfile.mkdtemp(prefix="quartier-city-"))
        folder.chmod(0o755)
        city = Town(started(folder, ROOT, "--replicas", str(replicas), environment=environment), folder)
        try:
            yield city
        finally:
            city.up.stop()
        left = mentioning(folder)
        assert left == []
        shutil.rmtree(folder, ignore_errors=True)
