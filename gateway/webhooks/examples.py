# SPDX-License-Identifier: Apache-2.0
"""An example of every message, made by the code that makes the real ones; with the forms: `docs/webhook-events.json`.

python -m gateway.webhooks.examples [--write]
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, get_type_hints
from uuid import UUID

import msgspec

from gateway.webhooks.catalogue import KINDS, Kind, of_event, ping
from services.chassis.contract import ContractEvent

COMMITTED: Final = Path(__file__).parents[2] / "docs" / "webhook-events.json"

_EVENING: Final = datetime(2026, 11, 7, 18, 0, tzinfo=UTC)
_SAMPLES: Final[dict[str, Any]] = {
    "at": _EVENING,
    "starts_at": _EVENING,
    "deadline": _EVENING + timedelta(minutes=15),
    "title": "Stühlinger spricht",
    "zone": "Europe/Berlin",
    "capacity": 50,
    "language": "de",
    "script": "full-evening",
    "run": 3,
    "phase": "exchange",
    "kind": "groups",
    "tools": (),
    "group_mode": "mix",
    "amount_cents": 250_000,
    "conference_id": "c0" * 16,
    "district_id": "d1" * 16,
    "series_id": "5e" * 16,
    "challenge_id": "ca" * 16,
    "idea_id": "1d" * 16,
    "sheet_id": "55" * 16,
    "topic_id": "70" * 16,
    "round_id": "20" * 16,
}


def sample(event: type[ContractEvent]) -> ContractEvent:
    """Some event of this type."""
    return event(**{name: _SAMPLES[name] for name in get_type_hints(event) if name not in ("SERVICE", "VERSION")})


def example(kind: Kind) -> Any:
    """A message of this type, as JSON is read."""
    if kind.of is None:
        return json.loads(ping(UUID("1f" * 16), _EVENING, UUID("1e" * 16)).body)
    told = of_event(sample(kind.of), 1)
    assert told is not None  # noqa: S101 -- it is of the catalogue
    return json.loads(told.body)


def catalogue() -> str:
    """The file as it is committed."""
    entries = [
        {
            "type": kind.name,
            "version": kind.version,
            "description": kind.description,
            "example": example(kind),
            "data": msgspec.json.schema(kind.data),
        }
        for kind in KINDS.values()
    ]
    return json.dumps(entries, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Prints or writes the catalogue."""
    if sys.argv[1:] == ["--write"]:
        COMMITTED.write_text(catalogue())
    else:
        sys.stdout.write(catalogue())
    return 0


if __name__ == "__main__":
    sys.exit(main())
