# SPDX-License-Identifier: Apache-2.0
"""A sheet becomes an idea, as it was at that moment."""

from datetime import UTC, datetime
from typing import Any

from services.chassis.decider import Sealed
from services.chassis.testing.story import Story
from services.ideas.domain.idea import (
    IDEA,
    IdeaAuthorshipRemoved,
    IdeaSubmitted,
    IdeaText,
    RemoveAuthorship,
    SheetIsEmpty,
    SubmitIdea,
    Submitted,
    authors_of,
    is_finished,
    texts_of,
)
from services.ideas.domain.sheet import SHEET, PassageRemoved, PassageWritten, SheetField, SheetOpened

NOON = datetime(2027, 4, 17, 12, tzinfo=UTC)
OPENED = SheetOpened(conference_id="conf", sheet_id="s1", group_id="g1", topic_id="t1")
TITLE = IdeaText(field="title", passage_id="p1", text=Sealed("s1", b"1"))
FACTS: dict[str, Any] = {
    "idea_id": "i1", "conference_id": "conf", "sheet_id": "s1", "topic_id": "t1", "authors": ("anna", "ben"),
    "mentors": ("mia",),
}  # fmt: skip
story = Story(IDEA)


def written(passage_id: str, field: SheetField, author_id: str, *, resident: bool = True) -> PassageWritten:
    return PassageWritten(
        sheet_id="s1", passage_id=passage_id, version=1, field=field, text=Sealed("s1", passage_id.encode()),
        author_id=author_id, resident=resident,
    )  # fmt: skip


def submit(*texts: IdeaText) -> SubmitIdea:
    return SubmitIdea(now=NOON, texts=texts, **FACTS)


def submitted(version: int, *texts: IdeaText) -> IdeaSubmitted:
    return IdeaSubmitted(version=version, texts=texts, **FACTS)


def test_a_sheet_with_a_text_becomes_an_idea():
    story.when(submit(TITLE)).then(submitted(1, TITLE))


def test_an_empty_sheet_does_not_become_an_idea():
    story.when(submit()).refused(SheetIsEmpty(sheet_id="s1"))


def test_submitting_the_same_again_changes_nothing():
    story.given(submitted(1, TITLE)).when(submit(TITLE)).then()


def test_a_sheet_that_changed_since_makes_a_newer_version():
    more = IdeaText(field="approach", passage_id="p2", text=Sealed("s1", b"2"))
    story.given(submitted(1, TITLE)).when(submit(TITLE, more)).then(submitted(2, TITLE, more))


def test_an_erased_author_is_removed_once():
    removed = IdeaAuthorshipRemoved(idea_id="i1", participant_id="anna")
    outcome = story.given(submitted(1, TITLE)).when(RemoveAuthorship(now=NOON, participant_id="anna"))
    outcome.then(removed)
    assert isinstance(outcome.after, Submitted)
    assert outcome.after.authors == ("ben",)
    story.given(submitted(1, TITLE), removed).when(RemoveAuthorship(now=NOON, participant_id="anna")).then()


def test_texts_are_in_the_order_of_fields_and_passages_without_removed_ones():
    sheet = SHEET.fold(
        SHEET.initial,
        [
            OPENED,
            written("p1", "approach", "anna"),
            written("p2", "title", "ben"),
            written("p3", "approach", "ben"),
            written("p4", "contact", "cem"),
            PassageRemoved(sheet_id="s1", passage_id="p4", version=2, by="cem"),
        ],
    )
    assert [(text.field, text.passage_id) for text in texts_of(sheet)] == [
        ("title", "p2"),
        ("approach", "p1"),
        ("approach", "p3"),
    ]
    assert authors_of(sheet) == ("anna", "ben")


def test_staff_who_help_writing_are_no_authors():
    sheet = SHEET.fold(SHEET.initial, [OPENED, written("p1", "title", "mia", resident=False)])
    assert authors_of(sheet) == ()


def test_a_sheet_is_finished_with_title_and_approach():
    approach = IdeaText(field="approach", passage_id="p2", text=Sealed("s1", b"2"))
    assert is_finished([TITLE, approach])
    assert not is_finished([TITLE])
