# SPDX-License-Identifier: Apache-2.0
"""What a simulated person notes of what the city answers."""

import asyncio
from collections import Counter
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from gateway.client import Unreached
from services.cli.rehearse.patience import Patience
from services.cli.rehearse.player import Player
from services.cli.rehearse.record import Record
from tests.unit.cli.scripted import City, Hasty, refused

ANNA = "a" * 32
YES = Counter(["1"])
TIMED_OUT = Unreached("TimeoutError", sent=True)


def anna(city: City, *, patience: float = 60.0) -> Player:
    world: Any = SimpleNamespace(client=lambda token: city)
    player = Player(world, Record("c" * 32), gid="", me=ANNA, name="anna", token=None, seed=1)
    player.patience = Patience(player.record.retried, Hasty(), seconds=patience)
    return player


async def dots_of(player: Player) -> None:
    await player.voted(player.record.dots, YES, "CastDots", dots=[])


async def test_an_accepted_vote_is_known():
    player = anna(City("done"))
    await dots_of(player)
    assert player.record.dots.accepted == {ANNA: YES}
    assert player.record.dots.unanswered == 0


async def test_a_refused_vote_is_known():
    player = anna(City(refused("VotingIsClosed")))
    await dots_of(player)
    assert (player.record.dots.refused, player.record.dots.unanswered) == (1, 0)


async def test_a_vote_whose_repetition_was_refused_is_unknown():
    player = anna(City(TIMED_OUT, refused("VotingIsClosed")))
    await dots_of(player)
    assert player.record.dots.unknown == {ANNA: [YES]}
    assert player.record.unknown == {"CastDots: VotingIsClosed": 1}
    assert player.record.retried == {"CastDots: TimeoutError": 1}
    assert not player.record.errors


async def test_a_vote_that_was_given_up_is_unknown_and_an_error():
    player = anna(City(TIMED_OUT), patience=0.0)
    await dots_of(player)
    assert player.record.dots.unanswered == 1
    assert player.record.errors == ["anna: CastDots was not answered within 0 s"]


async def test_a_vote_that_reached_nobody_is_refused_and_an_error():
    player = anna(City(Unreached("ClientConnectorError", sent=False)), patience=0.0)
    await dots_of(player)
    assert (player.record.dots.refused, player.record.dots.unanswered) == (1, 0)
    assert player.record.errors


async def test_a_vote_of_somebody_who_leaves_before_the_answer_is_unknown():
    player = anna(City(asyncio.CancelledError()))
    with pytest.raises(asyncio.CancelledError):
        await dots_of(player)
    assert player.record.dots.unanswered == 1


@pytest.mark.parametrize("kind", ["InvalidInput", "IdempotencyKeyReused", "NotFound", "UnknownRefusal"])
async def test_a_refusal_that_no_race_explains_is_an_error(kind):
    player = anna(City(refused(kind)))
    await player.command("CastBallot")
    assert player.record.errors


async def test_a_refusal_that_people_can_meet_is_none():
    player = anna(City(refused("PollIsClosed")))
    await player.command("CastBallot")
    assert not player.record.errors
    assert player.record.refusals == {"CastBallot: PollIsClosed": 1}


@pytest.mark.parametrize(
    ("answers", "confirmed", "lost"),
    [
        (["done"], 1, 0),
        ([refused("PlacementChanged")], 0, 0),
        ([refused("NotAllowed")], 0, 1),
        ([TIMED_OUT, refused("NotAllowed")], 0, 0),
    ],
)
async def test_a_placement_is_confirmed_or_overtaken_or_lost(answers, confirmed, lost):
    player = anna(City(*answers))
    placement: Any = SimpleNamespace(generation=1, room="c.g1")
    player.view.picture = msgspec.structs.replace(player.view.picture, placement=placement)
    await player.confirm_placement()
    await player.confirm_placement()
    assert (len(player.record.confirmed), len(player.record.lost)) == (confirmed, lost)
