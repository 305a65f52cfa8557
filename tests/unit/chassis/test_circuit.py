# SPDX-License-Identifier: Apache-2.0
"""When a service is asked, and when nobody waits for it any more."""

from services.chassis.circuit import BREAK_SECONDS, Circuit


def test_a_service_that_answers_is_asked() -> None:
    circuit = Circuit()
    circuit.answered(1.0)
    assert circuit.lets_through(2.0)


def test_one_question_in_vain_is_enough_when_nothing_else_was_answered_meanwhile() -> None:
    circuit = Circuit()
    circuit.answered(1.0)
    circuit.failed(asked_at=2.0, now=5.0)
    assert not circuit.lets_through(5.1)


def test_a_service_that_answered_others_meanwhile_is_not_silent() -> None:
    circuit = Circuit()
    circuit.answered(3.0)
    circuit.failed(asked_at=2.0, now=5.0)
    assert circuit.lets_through(5.1)


def test_a_silent_service_is_tried_by_one_after_each_pause() -> None:
    circuit = Circuit()
    circuit.failed(asked_at=2.0, now=5.0)
    later = 5.0 + BREAK_SECONDS
    assert [circuit.lets_through(later), circuit.lets_through(later)] == [True, False]
    assert circuit.lets_through(later + BREAK_SECONDS)


def test_whatever_a_silent_service_answers_everybody_asks_it_again() -> None:
    circuit = Circuit()
    circuit.failed(asked_at=2.0, now=5.0)
    circuit.answered(5.2)
    assert circuit.lets_through(5.3)
    assert circuit.lets_through(5.3)
