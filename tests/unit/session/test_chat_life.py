# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta

from services.chassis.testing.story import Story
from services.session.domain.chat import CHAT
from services.session.domain.chat_life import (
    CHAT_LIFE,
    ChatDeleted,
    ChatIsDeleted,
    DeleteChat,
    city_chat,
    deleted,
    kept_until,
)
from services.session.record import EVENTS

story = Story(CHAT_LIFE)
CHAT_ID = "c" * 32
THEN = datetime(2026, 11, 2, 21, tzinfo=UTC)


def test_a_chat_is_deleted_once():
    gone = ChatDeleted(chat_id=CHAT_ID, deleted_at=THEN)
    story.when(DeleteChat(chat_id=CHAT_ID, now=THEN)).then(gone)
    story.given(gone).when(DeleteChat(chat_id=CHAT_ID, now=THEN + timedelta(days=1))).then()


def test_whoever_comes_too_late_learns_since_when_it_is_gone():
    assert deleted(CHAT_LIFE.initial) is None
    life = CHAT_LIFE.fold(CHAT_LIFE.initial, [ChatDeleted(chat_id=CHAT_ID, deleted_at=THEN)])
    assert deleted(life) == ChatIsDeleted(deleted_at=THEN)


def test_the_minutes_of_an_evening_are_not_made_from_its_chat():
    assert not {*CHAT.events, *CHAT_LIFE.events} & {*EVENTS}


def test_what_the_staff_of_the_city_write_is_a_chat_for_each_day_and_kept_until_the_next_one_is_over():
    assert city_chat(THEN.date()) != city_chat(THEN.date() + timedelta(days=1))
    assert kept_until(THEN.date()) == datetime(2026, 11, 4, tzinfo=UTC)
