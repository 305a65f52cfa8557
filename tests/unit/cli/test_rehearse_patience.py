# SPDX-License-Identifier: Apache-2.0
"""What a simulated app makes of a city that does not answer at once."""

from collections import Counter
from typing import Any

import pytest

from gateway.client import Unreached
from services.cli.rehearse.patience import GivenUp, Patience, Unknown
from tests.unit.cli.scripted import City, Hasty, error, refused

DONE = "done"
CLOSED = refused("PollIsClosed")
TIMED_OUT = Unreached("TimeoutError", sent=True)
NOT_CONNECTED = Unreached("ClientConnectorError", sent=False)


def somebody(seconds: float = 60.0) -> Patience:
    return Patience(Counter(), Hasty(), seconds=seconds)


async def vote(patience: Patience, city: Any) -> Any:
    return await patience.command(city, "CastBallot", {"option": 1})


PASSING = [
    TIMED_OUT,
    Unreached("ServerDisconnectedError", sent=True),
    *map(refused, ("Busy", "Unavailable", "Fault")),
    error("TIMEOUT"),
]
UNHEARD = [NOT_CONNECTED, refused("ConcurrentChange"), error("TOO_MANY_OPERATIONS")]


@pytest.mark.parametrize("trouble", [*PASSING, *UNHEARD])
async def test_what_passes_is_tried_again_with_the_same_key_and_noted(trouble):
    patience, city = somebody(), City(trouble, DONE)
    assert await vote(patience, city) == DONE
    assert len(city.keys) == 2
    assert len(set(city.keys)) == 1
    assert sum(patience.retried.values()) == 1


async def test_the_first_refusal_is_certain():
    assert await vote(somebody(), City(CLOSED)) == CLOSED


@pytest.mark.parametrize("trouble", PASSING)
async def test_a_refusal_after_a_try_that_may_have_been_carried_out_says_nothing(trouble):
    assert await vote(somebody(), City(trouble, CLOSED)) == Unknown(CLOSED)


@pytest.mark.parametrize("trouble", UNHEARD)
async def test_a_refusal_after_a_try_that_reached_nobody_is_certain(trouble):
    assert await vote(somebody(), City(trouble, CLOSED)) == CLOSED


async def test_what_may_have_been_carried_out_stays_open_when_a_later_try_reached_nobody():
    assert await vote(somebody(), City(TIMED_OUT, NOT_CONNECTED, CLOSED)) == Unknown(CLOSED)


@pytest.mark.parametrize(("trouble", "unknown"), [(TIMED_OUT, True), (NOT_CONNECTED, False)])
async def test_who_gives_up_knows_whether_it_may_have_been_carried_out(trouble, unknown):
    with pytest.raises(GivenUp) as given_up:
        await vote(somebody(seconds=0.0), City(trouble))
    assert given_up.value.unknown is unknown


async def test_an_error_that_does_not_pass_is_given_up_at_once():
    with pytest.raises(GivenUp, match="BAD_USER_INPUT"):
        await vote(somebody(), City(error("BAD_USER_INPUT"), DONE))


async def test_an_expired_token_is_renewed():
    city = City(error("UNAUTHENTICATED"), DONE)
    renewed: list[str | None] = []

    async def renew(token: str | None) -> None:
        renewed.append(token)

    assert await vote(Patience(Counter(), Hasty(), renew), city) == DONE
    assert renewed == ["old"]


async def test_who_cannot_renew_a_token_gives_up():
    with pytest.raises(GivenUp, match="UNAUTHENTICATED"):
        await vote(somebody(), City(error("UNAUTHENTICATED")))


async def test_a_query_is_asked_again():
    assert await somebody().query(City(TIMED_OUT, error("TIMEOUT"), DONE), "Evening", {}) == DONE  # type: ignore[arg-type]
