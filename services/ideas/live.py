# SPDX-License-Identifier: Apache-2.0
"""Tells gateways, at most twice a second, that a board, a voting or a sheet of a conference or a jury round changed."""

import asyncio
from uuid import UUID

from services.chassis.service import Runtime
from services.contracts.ideas import CardsChanged, JuryRoundChanged, SheetsChanged
from services.ideas.readmodel.boards import BOARDS, CARDS_ON_BOARD
from services.ideas.readmodel.jury_rounds import JURY_ROUNDS
from services.ideas.readmodel.problems import PROBLEMS, VOTINGS
from services.ideas.readmodel.sheets import SHEETS

_CARDS = {BOARDS.name, CARDS_ON_BOARD.name, PROBLEMS.name, VOTINGS.name}


async def tell_changes(runtime: Runtime) -> None:
    """Runs until it is cancelled."""
    waiting: dict[tuple[str, str], int] = {}
    some = asyncio.Event()

    def changed(projection: str, keys: frozenset[str], position: int) -> None:
        if projection in _CARDS or projection == SHEETS.name:
            waiting.update({(projection, key): position for key in keys})
            some.set()
        elif projection == JURY_ROUNDS.name:
            for round_id in keys:
                runtime.live.send(JuryRoundChanged(conference_id=round_id, position=position))

    runtime.projector.changed.append(changed)
    try:
        while True:
            await some.wait()
            some.clear()
            batch = dict(waiting)
            waiting.clear()
            await _tell(runtime, batch)
    finally:
        runtime.projector.changed.remove(changed)


async def _tell(runtime: Runtime, batch: dict[tuple[str, str], int]) -> None:
    """Finds the conferences of the documents that changed, and sends one change for each of them and kind."""
    rows = await runtime.db.pool.fetch(
        "SELECT projection, key, conference_id FROM documents JOIN unnest($1::text[], $2::text[])"
        " AS changed (projection, key) USING (projection, key) WHERE conference_id IS NOT NULL",
        [projection for projection, _ in batch], [key for _, key in batch],
    )  # fmt: skip
    latest: dict[tuple[bool, UUID], int] = {}
    for row in rows:
        about = (row["projection"] == SHEETS.name, row["conference_id"])
        latest[about] = max(latest.get(about, 0), batch[row["projection"], row["key"]])
    for (sheets, conference), position in latest.items():
        kind = SheetsChanged if sheets else CardsChanged
        runtime.live.send(kind(conference_id=conference.hex, position=position))
