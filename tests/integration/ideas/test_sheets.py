# SPDX-License-Identifier: Apache-2.0
"""Several people write on one sheet at the same time, through two replicas, without losing a word."""

import asyncio
from uuid import uuid4

import pytest

from services.chassis.refusals import ConcurrentChange, NotAllowed, StateHasChanged
from services.contracts import ideas as contract
from services.contracts import registration, session
from services.contracts.refusals import NotInGroup, PassageChanged, SheetIsClosed, SheetIsEmpty, UnknownSheet
from services.contracts.shared import Cut
from tests.integration.ideas.city import GATEWAY, MODERATOR, START, City, eventually, resident, staff, until_seated


def write(
    sheet: contract.SheetView,
    text: str,
    *,
    passage_id: str = "",
    seen: int = 0,
    field: contract.SheetField = "approach",
) -> contract.WritePassage:
    return contract.WritePassage(
        conference_id=sheet.conference_id, sheet_id=sheet.sheet_id, passage_id=passage_id or uuid4().hex, field=field,
        text=text, seen=seen,
    )  # fmt: skip


def submit(sheet: contract.SheetView) -> contract.SubmitIdea:
    return contract.SubmitIdea(conference_id=sheet.conference_id, sheet_id=sheet.sheet_id)


def texts(sheets: tuple[contract.SheetView, ...]) -> list[str | None]:
    return [passage.text for sheet in sheets for passage in sheet.passages]


@pytest.fixture
def people() -> list[str]:
    return [uuid4().hex for _ in range(4)]


async def test_people_who_write_different_passages_at_once_all_succeed(city, people):
    sheet = await city.open_sheet(*people)
    await city.answer_everywhere()
    lines = [(who, f"Satz {n} von {who}") for who in people for n in range(6)]
    replies = await asyncio.gather(*(city.ask(write(sheet, text), resident(who)) for who, text in lines))
    assert [reply.refusal for reply in replies if reply.refusal] == []
    sheets = await eventually(city.sheets, lambda sheets: len(texts(sheets)) == len(lines))
    assert sorted(texts(sheets)) == sorted(text for _, text in lines)


async def test_of_those_who_change_the_same_passage_at_once_one_wins_and_the_others_are_told(city, people):
    sheet = await city.open_sheet(*people)
    await city.answer_everywhere()
    passage_id = uuid4().hex
    await city.does(write(sheet, "Anfang", passage_id=passage_id), resident(people[0]))
    rivals = [write(sheet, f"Fassung {n}", passage_id=passage_id, seen=1) for n in range(8)]
    replies = await asyncio.gather(*(city.ask(rival, resident(people[n % 4])) for n, rival in enumerate(rivals)))
    won = [n for n, reply in enumerate(replies) if reply.answer is not None]
    assert len(won) == 1
    losers = [reply.refusal for reply in replies if reply.refusal]
    assert all(isinstance(refusal, PassageChanged | ConcurrentChange) for refusal in losers)
    assert PassageChanged(passage_id=passage_id, version=2) in losers
    sheets = await eventually(city.sheets, lambda sheets: texts(sheets) == [f"Fassung {won[0]}"])
    assert sheets[0].passages[0].version == 2


async def test_a_removed_passage_disappears_and_a_stale_writer_is_told(city, people):
    sheet = await city.open_sheet(*people)
    passage_id = uuid4().hex
    await city.does(write(sheet, "Anfang", passage_id=passage_id), resident(people[0]))
    remove = contract.RemovePassage(
        conference_id=city.conference, sheet_id=sheet.sheet_id, passage_id=passage_id, seen=1
    )
    await city.does(remove, resident(people[1]))
    late = await city.refused(write(sheet, "Weiter", passage_id=passage_id, seen=1), resident(people[0]))
    assert late == PassageChanged(passage_id=passage_id, version=2)
    await eventually(city.sheets, lambda sheets: texts(sheets) == [])


async def test_only_the_group_its_mentor_and_moderators_write(city, people):
    mentor, other = uuid4().hex, uuid4().hex
    sheet = await city.open_sheet(*people, mentor=mentor)
    await city.seat(other)
    await until_seated(city, other)
    assert await city.refused(write(sheet, "Ich auch"), resident(other)) == NotInGroup(group_id=sheet.group_id)
    foreign = staff(uuid4().hex, "mentor", city.conference)
    assert await city.refused(write(sheet, "Ich auch"), foreign) == NotInGroup(group_id=sheet.group_id)
    await city.does(write(sheet, "Mentorin"), staff(mentor, "mentor", city.conference))
    await city.does(write(sheet, "Moderation"), MODERATOR)
    unknown = contract.WritePassage(
        conference_id=city.conference, sheet_id=uuid4().hex, passage_id=uuid4().hex, field="title", text="…"
    )
    assert isinstance(await city.refused(unknown, MODERATOR), UnknownSheet)


async def test_who_moves_to_another_group_writes_there(city, people):
    sheet = await city.open_sheet(*people)
    late = uuid4().hex
    await city.seat(late)
    await until_seated(city, late)
    moved = session.ParticipantMoved(
        at=START, conference_id=city.conference, generation=2, participant_id=late, group_id=sheet.group_id
    )
    await city.tell(moved)
    await eventually(lambda: city.ask(write(sheet, "Bin da"), resident(late)), lambda reply: reply.answer is not None)


async def test_a_sheet_is_read_by_its_group_and_by_everybody_once_it_is_an_idea(city, people):
    sheet = await city.open_sheet(*people)
    outsider = uuid4().hex
    await city.seat(outsider)
    await until_seated(city, outsider)
    question = contract.GetSheet(conference_id=city.conference, sheet_id=sheet.sheet_id)
    assert (await city.does(question, resident(people[0]))).sheet_id == sheet.sheet_id
    assert isinstance(await city.refused(question, resident(outsider)), NotAllowed)
    assert await city.sheets(resident(outsider)) == ()
    await city.does(write(sheet, "Nachbarschaftsgarten", field="title"), resident(people[0]))
    await city.does(submit(sheet), resident(people[0]))
    await eventually(lambda: city.sheets(resident(outsider)), bool)


async def test_how_to_reach_a_group_is_not_read_from_its_submitted_sheet_by_other_groups(city, people):
    sheet = await city.open_sheet(*people)
    outsider = uuid4().hex
    await city.seat(outsider)
    await until_seated(city, outsider)
    await city.does(write(sheet, "Nachbarschaftsgarten", field="title"), resident(people[0]))
    await city.does(write(sheet, "0761 555 010", field="contact"), resident(people[0]))
    await city.does(submit(sheet), resident(people[0]))
    await eventually(lambda: city.sheets(resident(outsider)), bool)
    question = contract.GetSheet(conference_id=city.conference, sheet_id=sheet.sheet_id)
    assert texts((await city.does(question, resident(outsider)),)) == ["Nachbarschaftsgarten"]
    assert texts(await city.sheets(resident(outsider))) == ["Nachbarschaftsgarten"]
    for reader in (resident(people[1]), MODERATOR, GATEWAY):
        assert texts((await city.does(question, reader),)) == ["Nachbarschaftsgarten", "0761 555 010"]


async def test_a_submitted_idea_keeps_its_fields_until_it_is_submitted_again(city, people):
    sheet = await city.open_sheet(*people)
    assert isinstance(await city.refused(submit(sheet), resident(people[0])), SheetIsEmpty)
    await city.does(write(sheet, "Garten", field="title"), resident(people[0]))
    await city.does(write(sheet, "Erst graben."), resident(people[1]))
    idea_id = (await city.does(submit(sheet), resident(people[0]))).idea_id
    await city.does(write(sheet, "Dann säen."), resident(people[0]))
    idea = (await eventually(city.ideas, bool))[0]
    assert idea.idea_id == idea_id
    assert idea.fields == {"title": "Garten", "approach": "Erst graben."}
    assert set(idea.authors) == {people[0], people[1]}
    named = await city.does(contract.ListIdeas(ids=(idea_id,)), GATEWAY)
    assert [one.idea_id for one in named.items] == [idea_id]
    assert (await city.does(contract.ListIdeas(ids=(uuid4().hex,)), GATEWAY)).items == ()
    assert (await city.does(submit(sheet), resident(people[2]))).idea_id == idea_id
    nothing = await city.does(contract.ListIdeas(cut=Cut(after=idea_id, before=idea_id, backward=True)), GATEWAY)
    assert (nothing.items, nothing.more) == ((), False)
    wanted = {"title": "Garten", "approach": "Erst graben.\n\nDann säen."}
    await eventually(city.ideas, lambda ideas: len(ideas) == 1 and ideas[0].fields == wanted)


async def test_nobody_submits_words_that_they_have_not_seen(city, people):
    sheet = await city.open_sheet(*people)
    seen = (await city.ask(write(sheet, "Garten", field="title"), resident(people[0]))).position
    await city.does(write(sheet, "Erst graben."), resident(people[1]))
    unseen = await city.requests.ask(submit(sheet), actor=resident(people[0]), command_id=uuid4(), expected=seen)
    assert isinstance(unseen.refusal, StateHasChanged)
    again = await city.requests.ask(
        submit(sheet), actor=resident(people[0]), command_id=uuid4(), expected=unseen.refusal.position
    )
    assert again.refusal is None


async def test_how_to_reach_the_group_is_shown_to_its_authors_and_to_staff_only(city, people):
    sheet = await city.open_sheet(*people)
    await city.does(write(sheet, "Garten", field="title"), resident(people[0]))
    await city.does(write(sheet, "garten@example.org", field="contact"), resident(people[0]))
    await city.does(submit(sheet), resident(people[0]))
    await eventually(city.ideas, bool)
    listing = contract.ListIdeas(conference_id=city.conference)
    partner = staff(uuid4().hex, "partner")
    for actor, sees in (
        (resident(people[0]), True), (MODERATOR, True), (resident(people[1]), False), (partner, False),
        (GATEWAY, False),
    ):  # fmt: skip
        assert ("contact" in (await city.does(listing, actor)).items[0].fields) is sees


async def test_when_the_session_ends_finished_sheets_become_ideas_and_all_sheets_close(city):
    groups = [[uuid4().hex for _ in range(3)] for _ in range(3)]
    for members in groups:
        await city.seat(*members)
    await city.enter("solutions", "sheet", kind="groups")
    await city.place(
        *(
            session.GroupPlaced(group_id=uuid4().hex, number=n, members=tuple(members))
            for n, members in enumerate(groups)
        )
    )
    await until_seated(city, *(who for members in groups for who in members))
    sheets = await eventually(city.sheets, lambda sheets: len(sheets) == 3)
    finished, begun, _ = sheets
    for field in ("title", "approach"):
        await city.does(write(finished, f"Ein {field}", field=field), MODERATOR)
    await city.does(write(begun, "Nur ein Titel", field="title"), MODERATOR)
    await city.tell(session.SessionEnded(at=START, conference_id=city.conference))
    closed = await eventually(city.sheets, lambda sheets: not any(sheet.open for sheet in sheets))
    assert {sheet.sheet_id for sheet in closed if sheet.idea_id} == {finished.sheet_id}
    assert [idea.fields for idea in await city.ideas()] == [{"title": "Ein title", "approach": "Ein approach"}]
    assert isinstance(await city.refused(write(begun, "Zu spät"), MODERATOR), SheetIsClosed)


async def test_an_erased_author_disappears_from_sheet_and_idea_and_the_words_stay(city, people):
    anna, ben, *_ = people
    sheet = await city.open_sheet(*people)
    await city.does(write(sheet, "Von Anna", field="title"), resident(anna))
    await city.does(write(sheet, "Von Ben"), resident(ben))
    await city.does(submit(sheet), resident(ben))
    await eventually(city.ideas, lambda ideas: ideas and set(ideas[0].authors) == {anna, ben})
    city.keys.pop(anna)
    await city.tell(registration.ParticipantErased(at=START, conference_id=city.conference, participant_id=anna))
    idea = (await eventually(city.ideas, lambda ideas: ideas[0].authors == (ben,)))[0]
    assert idea.fields["title"] == "Von Anna"
    sheets = await eventually(
        city.sheets, lambda sheets: {passage.author_id for passage in sheets[0].passages} == {None, ben}
    )
    assert sorted(text or "" for text in texts(sheets)) == ["Von Anna", "Von Ben"]


async def test_a_lost_answer_repeated_with_its_key_writes_once(city: City, people):
    sheet = await city.open_sheet(*people)
    request, key = write(sheet, "Einmal"), uuid4()
    first = await city.requests.ask(request, actor=resident(people[0]), command_id=key)
    again = await city.requests.ask(request, actor=resident(people[0]), command_id=key)
    assert first.answer == again.answer is not None
    assert texts(await eventually(city.sheets, texts)) == ["Einmal"]


async def test_gateways_are_told_that_a_sheet_changed(city: City, people):
    sheet = await city.open_sheet(*people)
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def hear(message):
        heard.put_nowait(message.data)

    subject = city.bus.subject_live("ideas", city.conference, "SheetsChanged")
    subscribed = await city.bus.subscribe(subject, hear)
    await city.does(write(sheet, "Neu"), resident(people[0]))
    assert await asyncio.wait_for(heard.get(), 60)
    await subscribed.stop()
