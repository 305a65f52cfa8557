# SPDX-License-Identifier: Apache-2.0
"""The jury after the evenings: an organiser opens a round over all ideas, jurors score, the best ideas are awarded."""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any

from gateway.client import Client, new_id
from services.cli.rehearse.record import Record
from services.cli.rehearse.stage import SetUpFailed, Staged, ask, must
from services.cli.rehearse.world import World, local

JURORS = 3
CRITERIA = (("Nutzen für das Quartier", 3), ("Machbarkeit", 2), ("Gemeinschaft", 2))
BUDGET_CENTS = 500_000
AWARDS = 2

ROUND_SECONDS = 20.0
"""Real time in which a juror sees the round, and the ranking of a closed round is there."""


async def judge(world: World, records: list[Record], staged: list[Staged], organiser: str, seed: int) -> None:
    """Plays a jury round over the ideas of all conferences; what it led to is noted with the first conference.

    Args:
        records, staged: of the same conferences in the same order.

    Raises:
        SetUpFailed: the city refused what an organiser or a juror must be able to do.
    """
    note = records[0]
    draw = random.Random(seed)  # noqa: S311 - a rehearsal is drawn, not a secret
    async with world.client(organiser) as client:
        for record in records:
            record.counts["ideas"] = await _ideas(
                client, next(s.gid for s in staged if local(s.gid) == record.conference_id)
            )
        if not sum(record.counts["ideas"] for record in records):
            note.error("organiser", "no idea was submitted")
            return
        jurors = [new_id("Person") for _ in range(JURORS)]
        for number, juror in enumerate(jurors, 1):
            name = f"Jury {number}"
            await must(client, "AddStaff", staff_id=juror, name=name, email=f"{local(juror)}@jury.example.org")
            await must(client, "AssignStaff", conference_id=None, staff_id=juror, role="JUROR")
        round_id = new_id("JuryRound")
        await must(
            client,
            "OpenJuryRound",
            round_id=round_id,
            title="Jury Freiburg",
            criteria=[{"criterionId": new_id("Criterion"), "name": n, "weight": w} for n, w in CRITERIA],
            jurors=jurors,
            conference_ids=[each.gid for each in staged],
            reviews_per_idea=2,
            budget_cents=BUDGET_CENTS,
        )
        for juror in jurors:
            await _score(world, note, round_id, local(juror), draw)
        await must(client, "CloseJuryRound", round_id=round_id)
        await _award(client, note, round_id)


async def _ideas(client: Client, gid: str) -> int:
    found, after = 0, None
    while True:
        page = (await ask(client, "Ideas", conferenceId=gid, first=100, after=after)).ideas
        found += len(page.nodes)
        if not page.page_info.has_next_page:
            return found
        after = page.page_info.end_cursor


async def _once(client: Client, round_id: str, holds: Callable[[Any], Any]) -> Any:
    """The round, as soon as it is as it will be: who asks did not write it, so the read model may be behind."""
    deadline = time.monotonic() + ROUND_SECONDS
    while True:
        found = (await ask(client, "JuryRound", id=round_id)).jury_round
        if holds(found):
            return found
        if time.monotonic() >= deadline:
            raise SetUpFailed(f"the jury round is not as it should be: {found}")
        await asyncio.sleep(0.1)


async def _score(world: World, note: Record, round_id: str, juror: str, draw: random.Random) -> None:
    async with world.client(await world.sign_in("juror", juror, "Jury", None)) as client:
        jury_round = await _once(client, round_id, lambda found: found is not None)
        if jury_round.ranking:
            note.error("juror", "the ranking was visible before the round closed")
        for review in jury_round.queue:
            scores = [{"criterionId": each.id, "score": draw.randint(1, 5)} for each in jury_round.criteria]
            fields = {"round_id": round_id, "idea_id": review.idea_id, "scores": scores, "comment": "Gut begründet."}
            await must(client, "ScoreIdea", **fields)
            note.counts["scores"] += 1


async def _award(client: Client, note: Record, round_id: str) -> None:
    ranking = (await _once(client, round_id, lambda found: found is not None and found.ranking)).ranking
    if [each.rank for each in ranking] != sorted(each.rank for each in ranking):
        note.error("organiser", "the ranking is not in order")
    for each in ranking[:AWARDS]:
        await must(
            client, "AwardIdea", round_id=round_id, idea_id=each.idea_id, amount_cents=BUDGET_CENTS // (2 * AWARDS)
        )
        note.counts["awards"] += 1
