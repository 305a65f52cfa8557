# SPDX-License-Identifier: Apache-2.0
"""Several questions to one service in one message, and their answers in one.

A hop over the broker costs more than most answers. Whoever wants many things of a service at once, such as the
evenings of fifty conferences, asks for them together; each question is still answered by its own handler, takes a
turn of its own as if it had come alone, and fails alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

T = TypeVar("T")
R = TypeVar("R")

MANY = "Many"
"""In the subject, where the name of a query stands."""

QUESTIONS = 100
"""So many questions at most in one message."""

ROOM = 900_000
"""Bytes of answers in one message; what does not fit is asked for again. The broker takes 1 MiB."""

SIDE_BY_SIDE = 8
"""So many questions of one message at most wait for a turn or have one; as many as a service has connections to its
database. Turns are given in the order of asking, so a question that comes alone stands behind eight of a hundred."""

TIME = 0.9
"""The share of a message's time that its questions have; the rest is for the way back."""


class Question(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question.

    Args:
        name: of the query.
        body: the query as JSON.
        within: what the conference belongs to that it is about; see `Actor.within`.
    """

    name: str
    body: msgspec.Raw
    within: tuple[str, ...] = ()


_QUESTIONS = msgspec.json.Decoder(tuple[Question, ...])
_ANSWERS = msgspec.json.Decoder(tuple[msgspec.Raw, ...])
_ENCODER = msgspec.json.Encoder()


def asked(questions: Iterable[tuple[str, bytes, tuple[str, ...]]]) -> bytes:
    """The message that asks.

    Args:
        questions: name, JSON and `within` of each query, at most `QUESTIONS`.
    """
    return _ENCODER.encode([Question(name, msgspec.Raw(body), within) for name, body, within in questions])


def read_questions(data: bytes) -> Sequence[Question]:
    """What a message asks.

    Raises:
        msgspec.DecodeError: it is no such message, or asks too much at once.
    """
    questions = _QUESTIONS.decode(data)
    if len(questions) > QUESTIONS:
        raise msgspec.ValidationError(f"at most {QUESTIONS} questions")
    return questions


def answered(replies: Iterable[bytes]) -> bytes:
    """The message that answers, in the order of the questions; the first one is in it, whatever its length.

    Args:
        replies: each as JSON.
    """
    room, parts = ROOM, []
    for number, reply in enumerate(replies):
        room -= len(reply) + 1
        parts.append(reply if room >= 0 or number == 0 else b"null")
    return b"[" + b",".join(parts) + b"]"


def read_answers(data: bytes) -> list[msgspec.Raw | None] | None:
    """The replies in a message, None for each that did not fit; None when it is a single reply, a refusal of all."""
    if not data.startswith(b"["):
        return None
    return [None if bytes(raw) == b"null" else raw for raw in _ANSWERS.decode(data)]


async def answer_each(
    questions: Sequence[T],
    answer: Callable[[T], Awaitable[R]],
    turns: asyncio.Semaphore,
    seconds: float,
    running: "set[asyncio.Task[None]]",
) -> list[R | None]:
    """Answers questions, each in a turn of its own; whoever calls has none, or nobody would ever get one.

    Args:
        questions: what was asked.
        answer: answers one; raises nothing.
        turns: of everything that is answered at the same time.
        seconds: real time for all of them together.
        running: holds the tasks of this until they have ended; those that are late, and cancelled, need a while.

    Returns:
        The answers in the order of the questions, None for those that are late.
    """
    answers: list[R | None] = [None] * len(questions)
    left = iter(enumerate(questions))

    async def answer_what_is_left() -> None:
        for place, question in left:
            async with turns:
                answers[place] = await answer(question)

    tasks = [asyncio.create_task(answer_what_is_left()) for _ in range(min(SIDE_BY_SIDE, len(questions)))]
    running.update(tasks)
    for task in tasks:
        task.add_done_callback(running.discard)
    try:
        if tasks:
            await asyncio.wait(tasks, timeout=max(seconds, 0.0))
    finally:
        for task in tasks:
            task.cancel()
    return list(answers)
