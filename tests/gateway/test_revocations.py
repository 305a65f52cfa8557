# SPDX-License-Identifier: Apache-2.0
"""Whose access ended while nobody here listened is out all the same."""

from typing import Any

import pytest

from gateway.live.access import _Person
from services.chassis.identity import Grant
from services.chassis.refusals import Unavailable
from services.contracts import registration
from tests.gateway.city import ANNA, BEN, CONFERENCE, MODERATOR, START, City
from tests.gateway.conftest import Address, running
from tests.gateway.pictures import until

GRANTS = "{ viewer { kind grants { role scope } } }"


def ended(*roles: tuple[str, str, str], people: tuple[str, ...] = (), excluded: tuple[str, ...] = ()) -> Any:
    gone = tuple(registration.RoleEnded(staff_id=who, role=role, scope=scope) for who, role, scope in roles)
    return registration.Revocations(people=people, excluded=excluded, roles=gone)


async def test_a_gateway_that_starts_knows_whose_access_has_ended(city: City, nats_url: str, prefix: str) -> None:
    erased = "0e" * 16
    told = ended((MODERATOR, "moderator", CONFERENCE), people=(erased, BEN), excluded=(ANNA,))
    city.say(registration.GetRevocations, lambda _: told)
    async with running(nats_url, prefix) as gateway:
        for token in (city.issuer.staff(erased), city.issuer.resident(BEN), city.issuer.resident(ANNA)):
            answer = await gateway.ask(GRANTS, token)
            assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert (await gateway.ask(GRANTS, city.issuer.staff()))["data"]["viewer"]["grants"] == []
        other = city.issuer.staff(scope="city")
        assert len((await gateway.ask(GRANTS, other))["data"]["viewer"]["grants"]) == 1


async def test_what_was_told_while_the_connection_was_lost_holds_after_it(city: City, gateway: Address) -> None:
    identity = gateway.gateway.identity
    assert len((await gateway.ask(GRANTS, city.issuer.staff()))["data"]["viewer"]["grants"]) == 1
    told = ended((MODERATOR, "moderator", CONFERENCE), excluded=(ANNA,))
    city.say(registration.GetRevocations, lambda _: told)
    await city.tell(registration.StaffReleased(at=START, conference_id=CONFERENCE, staff_id=BEN, role="mentor"))
    await until(lambda: BEN in identity._released)
    for callback in gateway.bus.on_reconnect:
        callback()
    await until(lambda: identity._released == {MODERATOR: frozenset({Grant("moderator", CONFERENCE)})})
    assert (await gateway.ask(GRANTS, city.issuer.staff()))["data"]["viewer"]["grants"] == []
    assert "errors" in await gateway.ask(GRANTS, city.issuer.resident(ANNA))
    city.say(registration.GetRevocations, lambda _: ended())
    for callback in gateway.bus.on_reconnect:
        callback()
    await until(lambda: not identity._released)
    assert "errors" not in await gateway.ask(GRANTS, city.issuer.resident(ANNA))


async def test_a_gateway_starts_without_registration_and_asks_it_later(city: City, nats_url: str, prefix: str) -> None:
    city.say(registration.GetRevocations, lambda _: ended((MODERATOR, "moderator", CONFERENCE)))
    await city.parts["registration"].down()
    async with running(nats_url, prefix) as gateway:
        assert gateway.gateway.identity._released == {}
        await city.parts["registration"].up()
        await until(lambda: MODERATOR in gateway.gateway.identity._released)


async def test_who_was_let_in_again_meanwhile_is_not_shut_out_by_an_older_answer(city: City, gateway: Address) -> None:
    access = gateway.gateway._access
    identity = gateway.gateway.identity
    role = {"at": START, "conference_id": CONFERENCE, "staff_id": MODERATOR, "role": "moderator"}

    def older(_: Any) -> Any:
        # The answer was made before the role was given again, and arrives after that was told.
        access._on_assigned(_Person(conference_id=CONFERENCE, staff_id=MODERATOR, role="moderator"))
        return ended((MODERATOR, "moderator", CONFERENCE), (BEN, "mentor", "city"))

    await city.tell(registration.StaffReleased(**role))
    await until(lambda: MODERATOR in identity._released)
    city.say(registration.GetRevocations, older)
    await access._learn()
    assert set(identity._released) == {BEN}


async def test_what_was_taken_meanwhile_is_not_given_back_by_an_older_answer(city: City, gateway: Address) -> None:
    access, identity = gateway.gateway._access, gateway.gateway.identity

    def older(_: Any) -> Any:
        # The answer was made before these were told, and arrives after it.
        access._on_released(_Person(conference_id=CONFERENCE, staff_id=MODERATOR, role="moderator"))
        access._on_excluded(_Person(participant_id=ANNA))
        return ended()

    city.say(registration.GetRevocations, older)
    assert await access._learn()
    assert set(identity._released) == {MODERATOR}
    assert "errors" in await gateway.ask(GRANTS, city.issuer.resident(ANNA))


async def test_a_release_that_was_heard_outlives_an_answer_that_does_not_know_of_it_yet(
    city: City, gateway: Address
) -> None:
    access, identity, part = gateway.gateway._access, gateway.gateway.identity, city.parts["registration"]
    await city.tell(registration.StaffReleased(at=START, conference_id=CONFERENCE, staff_id=BEN, role="mentor"))
    await until(lambda: BEN in identity._released)
    part.position -= 1  # its read models are not so far yet
    assert not await access._learn()
    assert BEN in identity._released
    part.position += 1
    assert await access._learn()
    assert identity._released == {}


async def learned(gateway: Address) -> None:
    """The gateway was cut off, and has asked what it did not hear."""
    assert await gateway.gateway._access._learn()


@pytest.mark.parametrize("heard", [True, False])
@pytest.mark.parametrize("known", [True, False])
async def test_who_is_excluded_and_then_erased_stays_out_when_the_connection_was_lost(
    heard: bool, known: bool, city: City, gateway: Address
) -> None:
    city.say(registration.GetRevocations, lambda _: ended(excluded=(BEN,)))
    await learned(gateway)
    # Registration deletes the row of who is erased: it does not call them excluded any more.
    if heard:
        gateway.gateway._access._on_erased(_Person(conference_id=CONFERENCE, participant_id=BEN))
    city.say(registration.GetRevocations, lambda _: ended(people=(BEN,) if known or not heard else ()))
    for _ in range(2):
        await learned(gateway)
        assert "errors" in await gateway.ask(GRANTS, city.issuer.resident(BEN))


async def test_who_is_erased_is_not_let_in_by_a_message_that_comes_late(city: City, gateway: Address) -> None:
    access = gateway.gateway._access
    access._on_erased(_Person(conference_id=CONFERENCE, participant_id=BEN))
    access._on_readmitted(_Person(conference_id=CONFERENCE, participant_id=BEN))
    assert "errors" in await gateway.ask(GRANTS, city.issuer.resident(BEN))


def paged(second: Any) -> Any:
    """Answers with two pages, of which the first says that Ben was erased."""
    first = registration.Revocations(people=(BEN,), excluded=(), roles=(), more_behind=BEN)
    return lambda query: second if query.behind == BEN else first


async def test_a_role_that_is_told_on_the_second_page_is_taken(city: City, gateway: Address) -> None:
    city.say(registration.GetRevocations, paged(ended((MODERATOR, "moderator", CONFERENCE), excluded=(ANNA,))))
    await learned(gateway)
    assert (await gateway.ask(GRANTS, city.issuer.staff()))["data"]["viewer"]["grants"] == []
    for person in (ANNA, BEN):
        assert "errors" in await gateway.ask(GRANTS, city.issuer.resident(person))


async def test_what_one_page_says_holds_while_another_one_cannot_be_had(city: City, gateway: Address) -> None:
    city.say(registration.GetRevocations, lambda _: ended((MODERATOR, "moderator", CONFERENCE), excluded=(ANNA,)))
    await learned(gateway)
    city.say(registration.GetRevocations, paged(Unavailable(service="registration")))
    assert not await gateway.gateway._access._learn()
    assert (await gateway.ask(GRANTS, city.issuer.staff()))["data"]["viewer"]["grants"] == []
    for person in (ANNA, BEN):
        assert "errors" in await gateway.ask(GRANTS, city.issuer.resident(person))
