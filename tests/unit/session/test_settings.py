# SPDX-License-Identifier: Apache-2.0
"""What the session service refuses to start without."""

import pytest

from services.chassis.settings import BadSettings
from services.session.settings import SessionSettings

ADDRESSES = {"database_url": "postgresql://host/name", "nats_url": "nats://host"}


@pytest.fixture(autouse=True)
def _no_key_in_the_environment(monkeypatch):
    monkeypatch.delenv("QUARTIER_KEY_ENCRYPTION_KEY", raising=False)


def test_without_the_key_that_wraps_the_keys_of_votes_it_does_not_start():
    with pytest.raises(BadSettings, match="QUARTIER_KEY_ENCRYPTION_KEY"):
        SessionSettings(**ADDRESSES)


def test_with_it_the_settings_are_good():
    assert SessionSettings(**ADDRESSES, key_encryption_key="07" * 32).key_encryption == bytes([7]) * 32
