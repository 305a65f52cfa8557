# SPDX-License-Identifier: Apache-2.0
"""Several people write on one sheet without losing a word."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.chassis.decider import Refusal, Sealed
from services.chassis.testing.story import Story
from services.ideas.domain.sheet import (
    MOST_PASSAGES,
    MOST_PASSAGES_OF_ONE,
    SHEET,
    CloseSheet,
    Open,
    OpenSheet,
    PassageChanged,
    PassageRemoved,
    PassageWritten,
    RemoveAuthorship,
    RemovePassage,
    SheetAuthorshipRemoved,
    SheetClosed,
    SheetIsClosed,
    SheetIsFull,
    SheetOpened,
    TooManyPassages,
    UnknownSheet,
    WritePassage,
)

NOON = datetime(2027, 4, 17, 12, tzinfo=UTC)
OPENED = SheetOpened(conference_id="conf", sheet_id="s1", group_id="g1", topic_id="t1")
story = Story(SHEET)
sheet = story.given(OPENED)


def box(text: str) -> Sealed:
    return Sealed("s1", text.encode())


def written(passage_id: str, version: int, text: str = "…", author_id: str = "anna") -> PassageWritten:
    return PassageWritten(
        sheet_id="s1", passage_id=passage_id, version=version, field="approach", text=box(text), author_id=author_id,
        resident=True,
    )  # fmt: skip


def write(passage_id: str, seen: int, text: str = "…", author_id: str = "anna") -> WritePassage:
    return WritePassage(
        now=NOON, passage_id=passage_id, field="approach", text=box(text), author_id=author_id, resident=True, seen=seen
    )


def remove(passage_id: str, seen: int) -> RemovePassage:
    return RemovePassage(now=NOON, passage_id=passage_id, by="anna", seen=seen)


def test_a_group_gets_one_sheet():
    opening = OpenSheet(now=NOON, conference_id="conf", sheet_id="s1", group_id="g1", topic_id="t1")
    story.when(opening).then(OPENED)
    sheet.when(opening).then()


def test_a_new_passage_is_its_first_version():
    sheet.when(write("p1", 0, "Wir pflanzen Bäume.")).then(written("p1", 1, "Wir pflanzen Bäume."))


def test_a_passage_grows_by_versions():
    sheet.given(written("p1", 1)).when(write("p1", 1, "mehr")).then(written("p1", 2, "mehr"))


def test_who_had_an_older_version_before_them_is_told_the_newer_one():
    sheet.given(written("p1", 1), written("p1", 2)).when(write("p1", 1)).refused(
        PassageChanged(passage_id="p1", version=2)
    )


def test_two_new_passages_with_one_id_are_not_mixed_up():
    sheet.given(written("p1", 1)).when(write("p1", 0)).refused(PassageChanged(passage_id="p1", version=1))


def test_a_passage_that_never_was_cannot_be_continued():
    sheet.when(write("p1", 3)).refused(PassageChanged(passage_id="p1", version=0))


def test_passages_of_others_do_not_matter():
    sheet.given(written("p1", 1), written("p1", 2)).when(write("p2", 0)).then(written("p2", 1))


def test_a_removed_passage_leaves_the_sheet_and_can_be_written_again_by_who_saw_that():
    removed = PassageRemoved(sheet_id="s1", passage_id="p1", version=2, by="anna")
    sheet.given(written("p1", 1)).when(remove("p1", 1)).then(removed)
    sheet.given(written("p1", 1), removed).when(write("p1", 1)).refused(PassageChanged(passage_id="p1", version=2))
    sheet.given(written("p1", 1), removed).when(write("p1", 2)).then(written("p1", 3))


def test_removing_twice_changes_nothing():
    removed = PassageRemoved(sheet_id="s1", passage_id="p1", version=2, by="anna")
    sheet.given(written("p1", 1), removed).when(remove("p1", 1)).then()
    sheet.given(written("p1", 1), removed).when(remove("p1", 2)).then()


def test_a_passage_changed_by_others_is_not_removed_unseen():
    sheet.given(written("p1", 1), written("p1", 2)).when(remove("p1", 1)).refused(
        PassageChanged(passage_id="p1", version=2)
    )


def test_nothing_is_written_before_the_sheet_is_opened_or_after_it_is_closed():
    story.when(write("p1", 0)).refused(UnknownSheet)
    closed = sheet.given(SheetClosed(sheet_id="s1"))
    closed.when(write("p1", 0)).refused(SheetIsClosed(sheet_id="s1"))
    closed.when(CloseSheet(now=NOON)).then()


def test_a_sheet_holds_a_limited_number_of_passages():
    full = sheet.given(*(written(f"p{n}", 1) for n in range(MOST_PASSAGES)))
    full.when(write("one more", 0)).refused(SheetIsFull(limit=MOST_PASSAGES))
    full.when(write("p7", 1)).then(written("p7", 2))


def test_nobody_fills_the_sheet_of_a_group_alone():
    busy = sheet.given(*(written(f"p{n}", 1) for n in range(MOST_PASSAGES_OF_ONE)))
    busy.when(write("one more", 0)).refused(TooManyPassages(limit=MOST_PASSAGES_OF_ONE))
    busy.when(write("p7", 1)).then(written("p7", 2))
    busy.when(write("b1", 0, author_id="ben")).then(written("b1", 1, author_id="ben"))


def test_who_changes_the_passages_of_others_may_still_begin_their_own():
    changed = [written(f"p{n}", 2, author_id="ben") for n in range(MOST_PASSAGES_OF_ONE)]
    begun = [written(f"p{n}", 1) for n in range(MOST_PASSAGES_OF_ONE)]
    story.given(OPENED, *begun, *changed).when(write("b1", 0, author_id="ben")).then(written("b1", 1, author_id="ben"))


def test_an_erased_author_is_forgotten_and_the_words_stay():
    removed = SheetAuthorshipRemoved(sheet_id="s1", participant_id="anna")
    outcome = sheet.given(written("p1", 1), written("p2", 1, author_id="ben")).when(
        RemoveAuthorship(now=NOON, participant_id="anna")
    )
    outcome.then(removed)
    assert isinstance(outcome.after, Open)
    assert outcome.after.passages["p1"].author_id is None
    assert outcome.after.passages["p1"].text == box("…")
    assert outcome.after.passages["p2"].author_id == "ben"


def test_a_closed_sheet_forgets_an_erased_author_too():
    sheet.given(written("p1", 1), SheetClosed(sheet_id="s1")).when(
        RemoveAuthorship(now=NOON, participant_id="anna")
    ).then(SheetAuthorshipRemoved(sheet_id="s1", participant_id="anna"))


def test_who_wrote_nothing_leaves_no_trace():
    sheet.given(written("p1", 1)).when(RemoveAuthorship(now=NOON, participant_id="cem")).then()


writings = st.lists(
    st.tuples(st.sampled_from(["p1", "p2", "p3"]), st.integers(0, 4), st.booleans()), min_size=1, max_size=40
)


@given(writings)
def test_whatever_is_written_in_whatever_order_only_a_seen_version_is_ever_replaced(
    attempts: list[tuple[str, int, bool]],
):
    state = SHEET.fold(SHEET.initial, [OPENED])
    latest: dict[str, tuple[int, Sealed | None]] = {}
    for nth, (passage_id, seen, removing) in enumerate(attempts):
        version, text = latest.get(passage_id, (0, None))
        command = remove(passage_id, seen) if removing else write(passage_id, seen, f"text {nth}")
        result = SHEET.decide(state, command)
        if isinstance(result, Refusal):
            assert seen != version or (removing and version == 0)
        elif result:
            assert seen == version
            latest[passage_id] = (version + 1, None if removing else box(f"text {nth}"))
            state = SHEET.fold(state, result)
        else:
            assert removing
            assert text is None
    assert isinstance(state, Open)
    assert {key: (passage.version, passage.text) for key, passage in state.passages.items()} == latest
