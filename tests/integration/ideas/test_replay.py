# SPDX-License-Identifier: Apache-2.0
"""Read models can be dropped and replayed; what was told is not done twice."""

from uuid import uuid4

from services.contracts import ideas as contract
from services.contracts import session
from tests.integration.ideas.city import MODERATOR, START, City, eventually, resident, until_seated


async def documents(city: City) -> dict[tuple[str, str], str]:
    rows = await city.replicas[0].runtime.db.pool.fetch("SELECT projection, key, body::text AS body FROM documents")
    return {(row["projection"], row["key"]): row["body"] for row in rows}


async def test_replayed_read_models_are_those_that_grew(city):
    anna = uuid4().hex
    conference_id = city.conference
    await city.seat(anna)
    await until_seated(city, anna)
    await city.enter("problems", "values", "problems", "topics")
    await eventually(city.problems, lambda view: view.open)
    await city.does(contract.AddCard(conference_id=conference_id, kind="VALUE", text="Offenheit"), resident(anna))
    propose = contract.ProposeProblem(conference_id=conference_id, text="Zu wenig Bänke")
    problem_id = (await city.does(propose, resident(anna))).problem_id
    await city.does(contract.CastDots(conference_id=conference_id, dots={problem_id: 5}), resident(anna))
    await city.does(contract.ChooseTopics(conference_id=conference_id), MODERATOR)
    sheet = await city.open_sheet(anna)
    write = contract.WritePassage(
        conference_id=conference_id, sheet_id=sheet.sheet_id, passage_id=uuid4().hex, field="title", text="Bänke"
    )
    await city.does(write, resident(anna))
    await city.does(contract.SubmitIdea(conference_id=conference_id, sheet_id=sheet.sheet_id), resident(anna))
    await city.tell(session.SessionEnded(at=START, conference_id=conference_id))
    await eventually(city.sheets, lambda sheets: not sheets[0].open)
    projector = city.replicas[0].runtime.projector
    grown = await documents(city)
    assert {name for name, _ in grown} >= {"boards", "cards", "problems", "votings", "sheets", "submitted_ideas"}
    for name in projector.projections:
        await projector.rebuild(name)
    assert await documents(city) == grown


async def test_a_phase_that_is_told_again_opens_nothing_twice(city):
    anna = uuid4().hex
    sheet = await city.open_sheet(anna)
    await city.enter("solutions", "sheet", kind="groups")
    await city.place(session.GroupPlaced(group_id=sheet.group_id, number=1, members=(anna,)))
    await city.enter("values", "values")
    await eventually(city.board, lambda board: board.open_kinds == ("VALUE",))
    assert [one.sheet_id for one in await city.sheets()] == [sheet.sheet_id]
