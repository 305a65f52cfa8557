# SPDX-License-Identifier: Apache-2.0
"""Who asks: access tokens and API keys are verified here, once, and become a `Login`.

Issuers are registration (residents and keys of apps; on laptops staff too), whose keys come over the bus, and the
city's provider of OpenID Connect or OAuth 2.0 (staff and apps), found by discovery. The gateway issues nothing: it is a
resource server, and says so under `/.well-known/oauth-protected-resource`.
"""

from gateway.identity.api_keys import ApiKeys
from gateway.identity.claims import CityClaims
from gateway.identity.clients import Clients
from gateway.identity.issuers import Discovered, Issuer, Registration
from gateway.identity.logins import NOBODY, BadToken, IssuerAway, Login
from gateway.identity.verify import Identity

__all__ = [
    "NOBODY",
    "ApiKeys",
    "BadToken",
    "CityClaims",
    "Clients",
    "Discovered",
    "Identity",
    "Issuer",
    "IssuerAway",
    "Login",
    "Registration",
]
