# SPDX-License-Identifier: Apache-2.0
"""The way to the API past the router: what most requests ask for is one look into a dictionary away."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send


class Front:
    """Hands requests for the API to their endpoints, everything else to the application.

    Starlette's router, its error pages and the wrappers they put around every message took a tenth of the time of a
    small operation; the endpoints answer every error themselves.

    Args:
        endpoints: what answers HTTP under which path.
        others: the application.
    """

    def __init__(self, endpoints: Mapping[str, ASGIApp], others: ASGIApp) -> None:
        self._endpoints = endpoints
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection (ASGI)."""
        app = self._endpoints.get(scope["path"], self._others) if scope["type"] == "http" else self._others
        await app(scope, receive, send)
