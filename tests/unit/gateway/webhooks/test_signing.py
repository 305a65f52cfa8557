# SPDX-License-Identifier: Apache-2.0
"""Signatures are those of the Standard Webhooks specification."""

import base64
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from gateway.webhooks import signing


def now() -> int:
    """This second: the library refuses messages that are five minutes old, as long as the whole suite takes."""
    return int(datetime.now(UTC).timestamp())


BODY = '{"type":"ping","data":{"name":"Jürgen"}}'.encode()


def test_the_example_of_the_specification_s_libraries_has_their_signature():
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    signed = signing.sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_specification_s_library_takes_a_message():
    secret = signing.new_secret()
    headers = signing.headers([secret], "msg_1", now(), BODY)
    assert Webhook(secret).verify(BODY, dict(headers))["type"] == "ping"


def test_with_two_secrets_either_receiver_takes_it():
    old, new = signing.new_secret(), signing.new_secret()
    headers = dict(signing.headers([new, old], "msg_1", now(), BODY))
    assert Webhook(old).verify(BODY, headers)
    assert Webhook(new).verify(BODY, headers)


@pytest.mark.parametrize("change", ["body", "webhook-id", "webhook-timestamp"])
def test_whatever_is_changed_is_not_taken(change):
    secret = signing.new_secret()
    headers = dict(signing.headers([secret], "msg_1", now(), BODY))
    body = BODY
    if change == "body":
        body = BODY.replace(b"ping", b"pong")
    elif change == "webhook-id":
        headers[change] = "msg_2"
    else:
        headers[change] = str(now() + 2)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers)


def test_a_secret_has_32_random_bytes():
    one, two = signing.new_secret(), signing.new_secret()
    assert one != two
    assert one.startswith("whsec_")
    assert len(base64.b64decode(one.removeprefix("whsec_"))) == 32
