# SPDX-License-Identifier: Apache-2.0
"""Staff of a series in a running city: they do their work at each conference of it, and nothing at any other."""

from contextlib import aclosing
from datetime import timedelta
from typing import Any

import httpx
import pytest

from gateway.client import ClientError, Closed, Refused, new_id
from services.cli.rehearse.world import local
from tests.city.evening import Evening, Person
from tests.city.furnished import Furnished
from tests.city.town import eventually


async def serves(here: Evening, series: str, role: str, name: str) -> Person:
    """Somebody whose role holds in a series, given by an organiser of the city."""
    person = Person(here.world, here.gid, "", name, None)
    gid = new_id("Person")
    person.me = local(gid)
    await done(here.organiser, "AddStaff", staff_id=gid, name=name, email=f"{person.me}@staff.example.org")
    await done(here.organiser, "AssignStaff", series_id=series, staff_id=gid, role=role.upper())
    body = {"role": role, "staff_id": person.me, "name": name, "series_id": local(series)}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        person.client.token = (await http.post(here.world.issuer, json=body)).raise_for_status().json()["token"]
    return person


async def done(person: Person, command: str, **fields: Any) -> Any:
    outcome = await person.command(command, **fields)
    assert not isinstance(outcome, Refused), f"{person.name}: {command}: {outcome}"
    return outcome


async def refused(person: Person, command: str, **fields: Any) -> None:
    outcome = await person.command(command, **fields)
    assert isinstance(outcome, Refused), f"{person.name}: {command}"
    assert outcome.code == "NOT_ALLOWED", f"{person.name}: {command}: {outcome}"


async def series_of(here: Evening) -> tuple[str, str]:
    """The global ids of the series and the district of a conference."""
    found = (await here.organiser.ask("ConferenceDetails", id=here.gid)).conference.details
    return str(found.series_id), str(found.district_id)


async def work_in_their_series(made: Furnished, elsewhere: Furnished) -> None:
    """A moderator and an organiser of the series of the one evening, who try the other one as well."""
    here, there = made.evening, elsewhere.evening
    (series, district), (other, _) = await series_of(here), await series_of(there)
    mia = await serves(here, series, "moderator", "Mia aus der Reihe")
    otto = await serves(here, series, "organiser", "Otto aus der Reihe")
    try:
        await leads(mia, here, there)
        await organises(otto, mia, here, (series, district, other))
        await is_released(mia, here, series)
    finally:
        await mia.close()
        await otto.close()


async def leads(mia: Person, here: Evening, there: Evening) -> None:
    """The evening of the series, where she is seen as staff while she is there."""
    await done(mia, "Broadcast", conference_id=here.gid, text="Gleich geht es weiter")
    await refused(mia, "Broadcast", conference_id=there.gid, text="Hier spricht niemand")
    async with aclosing(mia.client.subscribe("ConferenceChanges", {"conferenceId": here.gid})) as watching:
        await anext(watching)

        async def there_as_staff() -> bool:
            found = (await mia.ask("EveningForStaff", id=here.gid)).conference.presence
            return (mia.gid_of_me, ["MODERATOR"]) in [(one.person.id, list(one.roles)) for one in found.staff]

        await eventually("who comes by a role in the series is shown as staff", there_as_staff)
    with pytest.raises(ClientError) as kept_out:
        await anext(mia.client.subscribe("ConferenceChanges", {"conferenceId": there.gid}))
    assert kept_out.value.codes == ["NOT_ALLOWED"]


async def organises(otto: Person, mia: Person, here: Evening, places: tuple[str, str, str]) -> None:
    """A further conference of the series, at which the moderator of the series may do her work at once."""
    series, district, other = places
    later = new_id("Conference")
    facts = {
        "conference_id": later, "district_id": district, "title": "Noch ein Abend", "language": "DE", "capacity": 20,
        "starts_at": (here.world.clock.now() + timedelta(days=30)).isoformat(),
    }  # fmt: skip
    await refused(otto, "AnnounceConference", series_id=other, **facts)
    await refused(mia, "AnnounceConference", series_id=series, **facts)
    await done(otto, "AnnounceConference", series_id=series, **facts)

    async def opened() -> bool:
        return not isinstance(await otto.command("OpenConference", conference_id=later), Refused)

    await eventually("the gateway has heard of the conference", opened)
    await refused(mia, "CancelConference", conference_id=later)

    async def lobby() -> bool:  # the session service hears of the conference in its own time
        return not isinstance(await mia.command("OpenLobby", conference_id=later), Refused)

    await eventually("the moderator of the series opens the lobby", lobby)
    await refused(otto, "CreateSeries", series_id=new_id("Series"), title="Eigene Reihe", zone="Europe/Berlin")


async def is_released(mia: Person, here: Evening, series: str) -> None:
    """At once, from each conference of the series."""
    watching = mia.client.subscribe("ConferenceChanges", {"conferenceId": here.gid})
    await anext(watching)
    await done(here.organiser, "ReleaseStaff", series_id=series, staff_id=mia.gid_of_me, role="MODERATOR")
    with pytest.raises(Closed) as closed:
        async for _ in watching:
            pass
    assert closed.value.code == 4403
    await refused(mia, "Broadcast", conference_id=here.gid, text="Noch jemand da?")
