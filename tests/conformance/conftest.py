# SPDX-License-Identifier: Apache-2.0
"""The gateway and its tiny services of the gateway's own tests."""

from tests.gateway.conftest import city, gateway

__all__ = ["city", "gateway"]
