# SPDX-License-Identifier: Apache-2.0
"""A typed client of the GraphQL API, for rehearsals, tests and tools written in Python.

    async with Client("http://127.0.0.1:8000", token) as client:
        evening = await client.execute("Evening", {"id": conference})
        outcome = await client.command("StartSession", conference_id=conference)
        if isinstance(outcome, Refused): ...
        async for change in client.subscribe("ConferenceChanges", {"conferenceId": conference}): ...

The operations are the files in `operations/`; `results.py` is generated from them and the schema
(`python -m gateway.client.generate`), so an answer has the operation's fields as attributes in snake_case.
"""

from gateway.client.client import Client, connections, new_id, reaching
from gateway.client.codes import pairing_code
from gateway.client.fold import fold
from gateway.client.outcomes import ClientError, Closed, Refused, Unreached

__all__ = [
    "Client", "ClientError", "Closed", "Refused", "Unreached",
    "connections", "fold", "new_id", "pairing_code", "reaching",
]  # fmt: skip
