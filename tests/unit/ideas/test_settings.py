# SPDX-License-Identifier: Apache-2.0
"""The service does not start without what it needs to keep votes secret."""

import pytest

from services.chassis.settings import BadSettings, load_settings
from services.ideas.settings import IdeasSettings


def test_without_the_key_of_keys_the_start_is_refused_with_the_name_of_the_variable(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost/ideas")
    monkeypatch.setenv("NATS_URL", "nats://localhost:4222")
    monkeypatch.delenv("QUARTIER_KEY_ENCRYPTION_KEY", raising=False)
    with pytest.raises(BadSettings, match="QUARTIER_KEY_ENCRYPTION_KEY"):
        load_settings(IdeasSettings)
