# SPDX-License-Identifier: Apache-2.0
"""The file of secrets of an embedded city."""

from pathlib import Path

import pytest

from services.cli.embedded.process import EmbeddedError
from services.cli.embedded.secrets import Secrets


def test_a_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    first = Secrets(tmp_path / "secrets.json")
    made = first.password("nats.session"), first.key("session")
    again = Secrets(tmp_path / "secrets.json")
    assert (again.password("nats.session"), again.key("session")) == made


def test_every_name_has_a_secret_of_its_own(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path / "secrets.json")
    assert len({secrets.password("a"), secrets.password("b"), secrets.key("a"), secrets.key("b")}) == 4


def test_only_the_owner_reads_the_file(tmp_path: Path) -> None:
    Secrets(tmp_path / "secrets.json").key("session")
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_a_damaged_file_is_refused_instead_of_replaced(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{half a fi")
    with pytest.raises(EmbeddedError, match="bring the file back"):
        Secrets(tmp_path / "secrets.json")
    assert (tmp_path / "secrets.json").read_text() == "{half a fi"
