# SPDX-License-Identifier: Apache-2.0
"""What the settings refuse, and what secrets give away."""

import pytest

from services.chassis.settings import CannotStart, load_settings
from services.registration.adapters.secrets import Secrets, hash_of
from services.registration.settings import RegistrationSettings

ANNA, BORIS = "a" * 32, "b" * 32


@pytest.fixture
def environment(monkeypatch):
    for name, value in {
        "DATABASE_URL": "postgresql://x@127.0.0.1/x",
        "NATS_URL": "nats://127.0.0.1",
        "SMTP_URL": "smtp://127.0.0.1:25",
        "QUARTIER_KEY_ENCRYPTION_KEY": "00" * 32,
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.2", "::"])  # noqa: S104
def test_the_local_issuer_is_refused_beyond_this_machine(environment, address):
    environment.setenv("QUARTIER_LOCAL_ISSUER", "1")
    environment.setenv("QUARTIER_HTTP_BIND", address)
    with pytest.raises(CannotStart, match="QUARTIER_LOCAL_ISSUER"):
        load_settings(RegistrationSettings)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_local_issuer_starts_on_loopback(environment, address):
    environment.setenv("QUARTIER_LOCAL_ISSUER", "1")
    environment.setenv("QUARTIER_HTTP_BIND", address)
    assert load_settings(RegistrationSettings).local_issuer


def test_a_city_without_a_mail_server_does_not_start(environment):
    environment.delenv("SMTP_URL")
    with pytest.raises(CannotStart, match="SMTP_URL"):
        load_settings(RegistrationSettings)


def test_mails_come_from_the_address_in_the_settings(environment):
    environment.setenv("QUARTIER_MAIL_FROM", "Stadt Freiburg <konferenz@freiburg.example>")
    sender = load_settings(RegistrationSettings).sender
    assert (sender.display_name, sender.addr_spec) == ("Stadt Freiburg", "konferenz@freiburg.example")


def test_every_link_has_a_secret_of_its_own():
    secrets = Secrets(bytes(32))
    made = {secrets.link(purpose, who, n) for purpose in ("confirm", "enter") for who in (ANNA, BORIS) for n in (0, 1)}
    made.add(Secrets(b"\1" * 32).link("enter", ANNA))
    assert len(made) == 9
    assert secrets.link("enter", ANNA) == Secrets(bytes(32)).link("enter", ANNA)
    assert len({hash_of(each) for each in made}) == 9


def test_an_address_is_the_same_in_upper_and_lower_case():
    secrets = Secrets(bytes(32))
    assert secrets.address("Anna@Example.ORG ") == secrets.address("anna@example.org")
    assert secrets.address("anna@example.org") != Secrets(b"\1" * 32).address("anna@example.org")
