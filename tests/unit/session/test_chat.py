# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta

from services.chassis.decider import Sealed
from services.chassis.testing.story import Story
from services.session.domain.chat import (
    BURST,
    CHAT,
    PLENARY,
    WINDOW,
    Broadcast,
    BroadcastSent,
    HideMessage,
    MessageHidden,
    MessagePosted,
    PostMessage,
    TooManyMessages,
    channel_key,
)

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ANNA, BILAL, MODERATOR = "a" * 32, "b" * 32, "c" * 32
TEXT = Sealed(ANNA, b"box")

story = Story(CHAT)


def posted(number: int, author: str = ANNA, at: datetime = NOON) -> MessagePosted:
    return MessagePosted(message_id=f"{number:032x}", channel=PLENARY, author_id=author, text=TEXT, posted_at=at)


def post(number: int, author: str = ANNA, now: datetime = NOON) -> PostMessage:
    return PostMessage(message_id=f"{number:032x}", channel=PLENARY, author_id=author, text=TEXT, now=now)


def burst(author: str = ANNA) -> list[MessagePosted]:
    return [posted(number, author, NOON + timedelta(seconds=number / 10)) for number in range(BURST)]


def test_a_message_is_kept_with_its_author_and_its_instant():
    story.when(post(1)).then(posted(1))


def test_who_writes_ten_messages_in_a_moment_has_to_wait():
    story.given(*burst()).when(post(99, now=NOON + timedelta(seconds=2))).refused(
        TooManyMessages(retry_at=NOON + WINDOW)
    )


def test_after_ten_seconds_there_is_room_again():
    story.given(*burst()).when(post(99, now=NOON + WINDOW)).then(posted(99, at=NOON + WINDOW))


def test_one_persons_haste_does_not_silence_another():
    story.given(*burst()).when(post(99, BILAL, NOON + timedelta(seconds=2))).then(
        posted(99, BILAL, NOON + timedelta(seconds=2))
    )


def test_staff_tells_everybody_something():
    story.when(Broadcast(message_id="1" * 32, author_id=MODERATOR, text=TEXT, now=NOON)).then(
        BroadcastSent(message_id="1" * 32, author_id=MODERATOR, text=TEXT, posted_at=NOON)
    )


def test_the_limit_holds_for_broadcasts_too():
    sent = [BroadcastSent(message_id=f"{n:032x}", author_id=ANNA, text=TEXT, posted_at=NOON) for n in range(BURST)]
    story.given(*sent).when(Broadcast(message_id="1" * 32, author_id=ANNA, text=TEXT, now=NOON)).refused(
        TooManyMessages
    )


def test_staff_hides_a_message():
    hide = HideMessage(message_id=f"{1:032x}", channel=PLENARY, by=MODERATOR, now=NOON)
    story.given(posted(1)).when(hide).then(MessageHidden(message_id=f"{1:032x}", channel=PLENARY, by=MODERATOR))


def test_hiding_a_hidden_message_changes_nothing():
    hide = HideMessage(message_id=f"{1:032x}", channel=PLENARY, by=MODERATOR, now=NOON)
    story.given(posted(1)).when(hide, hide).then()


def test_the_state_does_not_grow_with_the_messages():
    many = [posted(number, at=NOON + timedelta(seconds=number)) for number in range(500)]
    assert len(story.given(*many).state.written[ANNA]) == BURST


def test_every_channel_of_every_conference_has_a_stream_of_its_own():
    assert channel_key(ANNA, PLENARY) != channel_key(BILAL, PLENARY)
