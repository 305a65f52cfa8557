# SPDX-License-Identifier: Apache-2.0
"""What schemathesis takes for an error of the gateway: it loads this module by itself."""

from typing import Any

import schemathesis

REFUSALS = frozenset({
    "BAD_USER_INPUT", "DOCUMENT_TOO_HEAVY", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "NOT_ALLOWED",
    "NOT_FOUND",
})  # fmt: skip
"""How a client is told that it asked for something wrong, or for what is not its own. While nothing is down or
hurried, an error with another code is the gateway's own."""


@schemathesis.check
def no_fault(_: Any, response: Any, case: Any) -> None:
    """No 5xx, and no error but a refusal."""
    assert response.status_code < 500, response.text
    codes = {error["extensions"]["code"] for error in response.json().get("errors", ())}
    assert codes <= REFUSALS, response.text
