# SPDX-License-Identifier: Apache-2.0
"""Settings: read from the environment alone, frozen, refused with a sentence that names the variable."""

import pydantic
import pytest

from services.chassis.clock import Clock
from services.chassis.settings import BadSettings, Settings, load_settings

GOOD = {"DATABASE_URL": "postgresql://app:hush@db/session", "NATS_URL": "nats://session:hush@nats:4222"}


@pytest.fixture(autouse=True)
def _only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    for name in ("QUARTIER_CLOCK", "QUARTIER_EMBEDDED", "QUARTIER_PREFIX", "QUARTIER_HTTP_PORT"):
        monkeypatch.delenv(name, raising=False)


def test_the_environment_is_read():
    settings = load_settings(Settings)
    assert (settings.database_url, settings.prefix, settings.clock) == (GOOD["DATABASE_URL"], "quartier", Clock())


def test_settings_cannot_be_changed():
    settings = load_settings(Settings)
    with pytest.raises(pydantic.ValidationError):
        settings.prefix = "other"


def test_requests_are_remembered_under_a_key_that_follows_from_the_setting_and_does_not_tell_it(monkeypatch):
    keys = []
    for setting in ("ab" * 32, "ab" * 32, "cd" * 32):
        monkeypatch.setenv("QUARTIER_KEY_ENCRYPTION_KEY", setting)
        settings = load_settings(Settings)
        keys.append(settings.request_key)
        assert settings.request_key != settings.key_encryption
    assert keys[0] == keys[1] != keys[2]


def test_secrets_are_not_shown():
    assert "hush" not in repr(load_settings(Settings))


def test_a_fast_clock_is_refused_in_a_city(monkeypatch):
    monkeypatch.setenv("QUARTIER_CLOCK", "1.0,60")
    with pytest.raises(BadSettings, match="QUARTIER_CLOCK"):
        load_settings(Settings)


def test_a_fast_clock_is_taken_in_an_embedded_city(monkeypatch):
    monkeypatch.setenv("QUARTIER_CLOCK", "1.0,60")
    monkeypatch.setenv("QUARTIER_EMBEDDED", "1")
    assert load_settings(Settings).clock == Clock(1.0, 60.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://app:hush@db"),
        ("NATS_URL", "hush"),
        ("QUARTIER_HTTP_PORT", "hush"),
        ("QUARTIER_HTTP_BIND", "hush"),
        ("QUARTIER_PREFIX", "a.hush"),
        ("QUARTIER_KEY_ENCRYPTION_KEY", "hush"),
        ("QUARTIER_CLOCK", "hush"),
    ],
)
def test_a_bad_value_is_refused_by_name_and_not_repeated(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSettings, match=f"^{name} ") as refused:
        load_settings(Settings)
    assert "hush" not in str(refused.value)


def test_a_missing_variable_is_named(monkeypatch):
    monkeypatch.delenv("DATABASE_URL")
    with pytest.raises(BadSettings, match=r"^DATABASE_URL is not set"):
        load_settings(Settings)
