# SPDX-License-Identifier: Apache-2.0
"""Nobody reaches what is not theirs in a whole running city: at its door, and at the services themselves.

What came of every try is `docs/isolation.md`; `QUARTIER_WRITE=1 pytest tests/city/test_isolation.py` writes it anew.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from gateway.client import Refused
from gateway.identity.claims import grants_of
from gateway.schema.permissions import Needs
from gateway.schema.table import CLIENTS, Client, allowed, lines
from services.chassis.bus import Bus
from services.chassis.identity import Actor
from tests.city.evening import Evening, Guest, Person, evening, resident, staff
from tests.city.furnished import COMMENT, Furnished, city_juror, furnished, judged, score
from tests.city.isolation import ANSWERED, DONE, Stranger, whole
from tests.city.isolation_inside import FOR_ALL, OWN_WORDS, as_rooms, past_the_gateway
from tests.city.isolation_page import COMMITTED, WHO, Seen, page
from tests.city.of_series import work_in_their_series
from tests.city.town import Town, eventually
from tests.city.truth import in_stream, settle
from tests.gateway.questions import SCHEMA

FREE_DOCUMENTS = True
APP_SCOPES = ("idea:read", "resource-offer:write")
EVIL = "https://evil.example"
PROTOCOL = Subprotocol("graphql-transport-ws")


class Stage(NamedTuple):
    """Two evenings, and who comes to the first one without belonging there, or not quite."""

    here: Furnished
    there: Furnished
    waiting: Person
    juror: Person
    app_key: str

    @property
    def gateway(self) -> str:
        return self.here.evening.world.gateways[0]


async def test_everybody_is_refused_what_is_not_theirs(town: Town) -> None:
    async with staged(town) as stage:
        seen = Seen()
        await settle(town)
        before = stored(town, stage.here)
        await strangers_at_the_door(stage, seen)
        await somebody_elses_cursor(stage, seen)
        await strangers_inside(town, stage, seen)
        assert stored(town, stage.here) == before
        await sealed_scores(town, stage, seen)
        await work_in_their_series(stage.here, stage.there)
        await forged_origin(stage, seen)
        await erased(stage, seen)
        if os.environ.get("QUARTIER_WRITE"):
            COMMITTED.write_text(page(seen))
        assert COMMITTED.read_text() == page(seen)


@asynccontextmanager
async def staged(town: Town) -> AsyncIterator[Stage]:
    world = town.world()
    guests = [[Guest(f"{name}hild {name}mann {n}", f"r{n}") for n in range(3)] for name in ("Zwiebel", "Acker")]
    async with evening(world, guests[0], capacity=3) as here, evening(world, guests[1], capacity=3) as there:
        made, other = await asyncio.gather(furnished(here, "Zwiebelkranz"), furnished(there, "Ackerwinde"))
        await judged(made)
        waiting = await resident(world, here.gid, Guest("Warteliese", "w"))
        juror = await staff(world, here.organiser, here.gid, "guest", "Jury 3")
        await city_juror(here, juror)
        try:
            yield Stage(made, other, waiting, juror, await app_key(here.organiser))
        finally:
            await asyncio.gather(*(one.close() for one in (*made.jurors, waiting, juror)))


async def app_key(organiser: Person) -> str:
    """The key of an app with a few scopes."""

    async def sent(command: str, **fields: Any) -> Any:
        outcome = await organiser.command(command, **fields)
        assert not isinstance(outcome, Refused), outcome
        return outcome

    scopes = [scope.replace(":", "_").replace("-", "_").upper() for scope in APP_SCOPES]
    app = await sent("RegisterApp", name="Börse", contact_name="F. F.", contact_email="f@boerse.example",
                     purpose="Angebote", licence="CC BY 4.0", scopes=scopes)  # fmt: skip
    await sent("ApproveApp", app_id=app.app_id, scopes=scopes)
    return str((await sent("IssueAppKey", app_id=app.app_id, secret=app.secret, days=30)).api_key)


def stored(town: Town, of: Furnished) -> dict[str, int]:
    """How many events the services hold of an evening, and of the city's jury."""
    count = "SELECT count(*) FROM stored_events WHERE conference_id = %s"
    found = {name: town.rows(name, count, UUID(of.evening.conference_id))[0][0] for name in town.databases()}
    jury = "SELECT count(*) FROM stored_events WHERE conference_id IS NULL AND topic NOT LIKE 'ideas.challenge%%'"
    return {**found, "jury": town.rows("ideas", jury)[0][0]}


# At the door ----------------------------------------------------------------------------------------------------


async def strangers_at_the_door(stage: Stage, seen: Seen) -> None:
    """Everybody tries every line of the table of permissions; what the table says is what came of it."""
    here, outsider = stage.here, stage.there.evening.residents[0].client.token
    app = Client(Actor("", "app", grants_of(frozenset(APP_SCOPES))), scopes=frozenset(APP_SCOPES))
    columns = {
        "nobody": (None, here.gid, CLIENTS["anonymous"]),
        "outsider": (outsider, here.gid, CLIENTS["other resident"]),
        "smuggler": (outsider, stage.there.gid, CLIENTS["resident"]),
        "waiting": (stage.waiting.client.token, here.gid, CLIENTS["waiting"]),
        "juror": (stage.juror.client.token, here.gid, CLIENTS["juror"]),
        "app": (stage.app_key, here.gid, app),
    }
    for name, (token, gid, client) in columns.items():
        stranger = Stranger(stage.gateway, token)
        came = await stranger.tries_everything(here, gid)
        seen.columns[name] = came
        wrong = {
            (kind, field): came[kind, field]
            for kind, field, needs in lines()
            if (kind, field) in came and wrongly(came[kind, field], kind, field, needs, name, client)
        }
        assert wrong == {}, name
        for word in here.words:  # a resident who waits and the staff of the city know who wrote an idea
            known = name == "waiting" and word != here.words[0]
            told = [text for text in stranger.heard if word in text]
            assert not told or known or name == "juror", (name, told)
        assert not any(COMMENT in text for text in stranger.heard), name


def wrongly(came: str, kind: str, field: str, needs: Needs, name: str, client: Client) -> bool:
    """Whether a line was answered that must not be, or refused that may be asked."""
    if "public" in needs.roles:
        return kind != "Mutation" and came == "NOT_ALLOWED"  # public commands ask for a secret
    if kind == "Mutation":
        names_others = field not in OF_ONESELF
        return came in (DONE, ANSWERED) and (names_others or not allowed(needs, client))
    if name == "juror" and "juror" in needs.roles:
        return came != "NOT_ALLOWED"  # a round that is not theirs
    if name == "smuggler" and field == "chat":
        return came != "NOT_ALLOWED"  # of a group of the other conference
    return (came == ANSWERED) != allowed(needs, client)


async def somebody_elses_cursor(stage: Stage, seen: Seen) -> None:
    """Going on from where somebody of another conference was, begins with one's own snapshot."""
    watch = """subscription($id: ID!, $after: String) { conferenceChanges(conferenceId: $id, after: $after) {
        __typename ... on News { cursor } ... on ConferenceSnapshot { chats { messages { text } } } } }"""
    owner = Stranger(stage.gateway, stage.here.evening.residents[1].client.token)
    async with owner.watching() as socket:
        assert await owner.watch(socket, watch, {"id": stage.here.gid}) == ANSWERED
    cursor = json.loads(owner.heard[0])["payload"]["data"]["conferenceChanges"]["cursor"]
    assert stage.here.words[0] in owner.heard[0]  # or finding nothing in what others hear would prove nothing
    other = Stranger(stage.gateway, stage.there.evening.residents[1].client.token)
    async with other.watching() as socket:
        came = await other.watch(socket, watch, {"id": stage.there.gid, "after": cursor})
    assert came == "BAD_USER_INPUT" or '"ConferenceSnapshot"' in other.heard[0]
    assert not any(word in other.heard[0] for word in stage.here.words)
    told = "the own snapshot" if came == ANSWERED else f"`{came}`"
    seen.others.append((WHO["outsider"], "goes on at home from a cursor of this conference", told))


OF_ONESELF = frozenset({"requestHelp", "postChallenge"})
"""Commands that name nothing of anybody: who may send them at home, or for an organisation, has them done."""


# Inside ---------------------------------------------------------------------------------------------------------


async def strangers_inside(town: Town, stage: Stage, seen: Seen) -> None:
    """Also without the gateway's check: whoever is named as the actor, the services decide again."""
    seen.inside = await past_the_gateway(town, stage.here, stage.there.evening)
    public = {kind.__name__ for kind in FOR_ALL}
    for who, told in seen.inside.items():
        assert {kind for kind, word in told.items() if word == "answered"} <= public, who
        assert {kind: word for kind, word in told.items() if word in OWN_WORDS} == {}, who
    seen.rooms = await as_rooms(town, stage.here)
    assert "let" not in " ".join(seen.rooms.values()).split(), seen.rooms


async def sealed_scores(town: Town, stage: Stage, seen: Seen) -> None:
    """A juror of the very round learns nothing of what another one scored, while it is open."""
    here = stage.here
    one, other = here.jurors
    juror = Stranger(stage.gateway, one.client.token)
    everything = whole(SCHEMA.type_map["JuryRound"])
    things = {"id": here.things["JuryRound"]}
    changes = f"""subscription($id: ID!) {{ juryRoundChanges(roundId: $id) {{
        __typename ... on JuryRoundSnapshot {{ round {{ {everything} }} }}
        ... on JuryRoundChanged {{ submitted ranking {{ ideaId }} }}
        ... on ReviewsChanged {{ changedReviews {{ ideaId comment scores {{ score }} }} }} }} }}"""
    async with juror.watching() as socket, httpx.AsyncClient(trust_env=False, timeout=60) as http:
        payload = {"query": changes, "variables": things}
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
        await score(here, other, 1)
        await score_plainly(here, one)
        async with asyncio.timeout(60):
            while '"submitted":2' not in juror.heard[-1] if juror.heard else True:
                juror.heard.append(str(await socket.recv()))
        for query in (
            f"query($id: ID!) {{ juryRound(id: $id) {{ {everything} }} }}",
            f"query($id: ID!) {{ node(id: $id) {{ ... on JuryRound {{ {everything} }} }} }}",
        ):
            answer = await juror.ask(http, query, things)
            (judging,) = answer["data"].values()
            assert judging["ranking"] == []
            assert [[each["score"] for each in review["scores"]] for review in judging["queue"]] == [[3]]
        assert not any(COMMENT in text for text in juror.heard)
        for command in ("closeJuryRound", "awardIdea"):
            needed = {"closeJuryRound": {}, "awardIdea": {"ideaId": here.things["Idea"], "amountCents": 1}}[command]
            kind = command[0].upper() + command[1:]
            values = {"idempotencyKey": "x", "roundId": here.things["JuryRound"], **needed}
            query = f"mutation($input: {kind}Input!) {{ {command}(input: $input) {{ ... on Refusal {{ code }} }} }}"
            answer = await juror.ask(http, query, {"input": values})
            assert answer["data"][command]["code"] == "NOT_ALLOWED"
    bus = await Bus.connect(town.bus("tool"), "tool", "quartier")
    try:
        told = [event.data for event in await in_stream(bus, "ideas")]
    finally:
        await bus.close()
    assert told
    assert not any(b'"scores"' in data or COMMENT.encode() in data for data in told)
    seen.others += [
        ("a juror of the round", "the other juror's scores: `juryRound`, `node`, `juryRoundChanges` while they score",
         "the own queue alone, no ranking"),
        ("a juror of the round", "closes the round, awards an idea", "`NOT_ALLOWED`"),
        ("every service", "reads what the ideas service has told all others", "no score, no comment"),
    ]  # fmt: skip


async def score_plainly(of: Furnished, juror: Person) -> None:
    things = of.things
    outcome = await juror.command(
        "ScoreIdea", round_id=things["JuryRound"], idea_id=things["Idea"],
        scores=[{"criterionId": things["Criterion"], "score": 3}],
    )  # fmt: skip
    assert not isinstance(outcome, Refused), outcome


# Pages and tokens -----------------------------------------------------------------------------------------------


async def forged_origin(stage: Stage, seen: Seen) -> None:
    """A page of somebody else lets a browser ask; the browser says whose page it is."""
    api, who, found = f"{stage.gateway}/graphql", "a page of another origin", seen.others
    ask, query = {"query": "{ __typename }"}, {"origin": EVIL}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        plain = await http.post(api, content=json.dumps(ask), headers={**query, "content-type": "text/plain"})
        get = await http.get(api, params=ask, headers=query)
        events = await http.get(f"{api}/stream", params=ask, headers=query)
        wanted = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
        flight = await http.options(api, headers={**query, **wanted})
        for what, answer, status in (
            ("POSTs what needs no preflight", plain, 415),
            ("GETs a query", get, 403),
            ("GETs an event stream", events, 403),
        ):
            assert answer.status_code == status
            found.append((who, what, f"{status} `{answer.json()['errors'][0]['extensions']['code']}`"))
        assert flight.status_code >= 400
        assert not any(name.startswith("access-control") for answer in (flight, plain, get) for name in answer.headers)
        found.append((who, "asks whether it may POST JSON", f"{flight.status_code}, no `Access-Control-Allow-Origin`"))
    with pytest.raises(InvalidStatus) as kept_out:
        async with connect(f"ws{api[4:]}", subprotocols=[PROTOCOL], origin=Origin(EVIL)):
            pass
    assert kept_out.value.response.status_code == 403
    found.append((who, "opens a WebSocket", "403"))


async def erased(stage: Stage, seen: Seen) -> None:
    """Who was erased is out at once, with a token that has not expired, and with connections that are open."""
    one: Evening = stage.here.evening
    person = one.residents[2]
    person.renew = None
    stranger = Stranger(stage.gateway, person.client.token)
    asked = {"query": "subscription($id: ID!) { conferenceChanges(conferenceId: $id) { __typename } }",
             "variables": {"id": one.gid}}  # fmt: skip
    headers = {"authorization": f"Bearer {person.client.token}", "accept": "text/event-stream"}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http, stranger.watching() as socket:
        async with http.stream("POST", f"{stage.gateway}/graphql/stream", json=asked, headers=headers) as stream:
            parts = stream.aiter_text()
            assert "ConferenceSnapshot" in await anext(parts)
            outcome = await one.organiser.command("EraseMe", conference_id=one.gid, participant_id=person.gid_of_me)
            assert not isinstance(outcome, Refused), outcome
            rest = "".join([part async for part in parts])
        assert "UNAUTHENTICATED" in rest
        assert rest.rstrip().endswith("event: complete\ndata:") or "event: complete" in rest
        async with asyncio.timeout(60):
            await socket.wait_closed()
        assert socket.close_code == 4403

        async def out() -> httpx.Response | None:
            answer = await http.post(f"{stage.gateway}/graphql", json={"query": "{ viewer { kind } }"},
                                     headers={**headers, "accept": "application/graphql-response+json"})  # fmt: skip
            return answer if answer.status_code == 401 else None

        answer = await eventually("the token is refused", out)
        assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    async with connect(f"ws{stage.gateway[4:]}/graphql", subprotocols=[PROTOCOL]) as socket:
        payload = {"authorization": headers["authorization"]}
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        async with asyncio.timeout(60):
            await socket.wait_closed()
        assert socket.close_code == 4403
    link = await one.world.mailbox.link(f"r2.{one.conference_id[:8]}@example.org", "enter", one.conference_id)
    person.client.token = None
    entered = await person.command("EnterWithLink", conference_id=one.gid, secret=link.secret)
    assert isinstance(entered, Refused)
    who = "who was erased, with a token that has not expired"
    seen.others += [
        (who, "asks a query", "401 `UNAUTHENTICATED`"),
        (who, "has a WebSocket open", "closed with 4403"),
        (who, "reads an event stream", "`UNAUTHENTICATED`, complete"),
        (who, "opens a WebSocket", "closed with 4403"),
        (who, "enters with the personal link", f"`{entered.code}`"),
    ]
