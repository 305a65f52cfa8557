# SPDX-License-Identifier: Apache-2.0
"""GraphiQL in the browser, on laptops: the API at hand, with examples for each role.

GraphiQL itself comes from a content delivery network, pinned by digest; nothing else does.
"""

import json
from functools import cache
from importlib.resources import files

from gateway.examples import ROLES, examples

POLICY = (
    "default-src 'none'; connect-src 'self' ws: wss:; img-src data:; font-src data: https://unpkg.com; "
    "script-src 'unsafe-inline' https://unpkg.com; style-src 'unsafe-inline' https://unpkg.com; "
    "worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of the page."""


@cache
def page() -> str:
    """The page."""
    known = {
        role: [
            {
                "query": f"# {one.purpose}\n{one.document}\n",
                "variables": json.dumps(one.variables, indent=2, ensure_ascii=False),
            }
            for one in examples()
            if one.role == role
        ]
        for role in ROLES
    }
    # `<` never stands in JSON as it is, so no text can end the script.
    data = json.dumps(known, ensure_ascii=False).replace("<", "\\u003c")
    return (files(__name__) / "page.html").read_text().replace("/*EXAMPLES*/", data)
