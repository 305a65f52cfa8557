# SPDX-License-Identifier: Apache-2.0
"""The Python client against a running gateway."""

import asyncio
import hashlib

import pytest

from gateway.client import Client, ClientError, Closed, Refused, Unreached, connections, messages
from gateway.client.results import CastBallotSuccess, ConferenceSnapshot, PollsChanged, SessionChanged
from gateway.execution.trusted import document_id
from gateway.schema.relay import global_id
from services.contracts import session
from services.contracts.refusals import PollIsClosed
from tests.gateway.city import ANNA, CONFERENCE, START, City, evening
from tests.gateway.conftest import Address, running

GID = global_id("Conference", CONFERENCE)
POLL = global_id("Poll", "90" * 16)


async def test_a_query_answers_with_typed_values(city: City, gateway: Address) -> None:
    async with Client(gateway.url, city.issuer.resident()) as client:
        result = await client.execute("Evening", {"id": GID})
    assert result.conference.session.status == "RUNNING"
    assert [person.display_name for person in result.conference.my_group.members] == ["Anna", "Ben"]


async def test_a_command_answers_with_its_success_or_a_refusal(city: City, gateway: Address) -> None:
    async with Client(gateway.url, city.issuer.resident()) as client:
        done = await client.command("CastBallot", conference_id=GID, poll_id=POLL, option=1)
        assert isinstance(done, CastBallotSuccess)
        assert done.position.startswith("session/")
        city.outcomes[session.CastBallot] = lambda request: PollIsClosed(poll_id=request.poll_id)
        refused = await client.command("CastBallot", conference_id=GID, poll_id=POLL, option=1)
    assert isinstance(refused, Refused)
    assert (refused.kind, refused.code) == ("PollIsClosed", "POLL_IS_CLOSED")
    assert city.commands[0][0] == session.CastBallot(conference_id=CONFERENCE, poll_id="90" * 16, option=1)
    assert city.commands[0][1].actor.id == ANNA


async def test_a_subscription_begins_with_a_snapshot_and_goes_on_with_typed_changes(
    city: City, gateway: Address
) -> None:
    async with Client(gateway.url, city.issuer.resident()) as client:
        changes = client.subscribe("ConferenceChanges", {"conferenceId": GID})
        snapshot = await anext(changes)
        assert isinstance(snapshot, ConferenceSnapshot)
        assert snapshot.my_group is not None
        assert snapshot.my_group.number == 1
        polls = next(view for view in evening() if isinstance(view, session.PollsView))
        city.know([session.PollsView(conference_id=CONFERENCE, polls=(*polls.polls, *polls.polls[:0]))])
        paused = next(view for view in evening() if isinstance(view, session.SessionView))
        city.know([session.SessionView(**{**as_dict(paused), "status": "PAUSED"})])
        await city.tell(session.SessionPaused(at=START, conference_id=CONFERENCE, run=1))
        change = await anext(changes)
        assert isinstance(change, SessionChanged)
        assert change.session is not None
        assert change.session.status == "PAUSED"
        city.know([session.PollsView(conference_id=CONFERENCE, polls=())])
        await city.tell(session.PollOpened(at=START, conference_id=CONFERENCE, poll_id="90" * 16))
        assert isinstance(await anext(changes), PollsChanged)
        await changes.aclose()


async def test_the_client_needs_no_more_than_trusted_documents(city: City, nats_url: str, prefix: str) -> None:
    async with (
        running(nats_url, prefix, only_trusted="api") as gateway,
        Client(gateway.url, city.issuer.resident()) as client,
    ):
        assert (await gateway.ask("{ __typename }"))["errors"][0]["extensions"]["code"] == "ONLY_TRUSTED_DOCUMENTS"
        assert (await client.execute("Evening", {"id": GID})).conference.session.status == "RUNNING"
        done = await client.command("CastBallot", conference_id=GID, poll_id=POLL, option=1)
        assert isinstance(done, CastBallotSuccess)
        changes = client.subscribe("ConferenceChanges", {"conferenceId": GID})
        assert isinstance(await anext(changes), ConferenceSnapshot)
        await changes.aclose()


def test_an_operation_is_named_as_the_gateway_names_documents() -> None:
    assert messages.document_id("Viewer") == document_id(messages.document("Viewer"))
    asked = messages.body("Viewer", None, by_id=True)
    assert messages.document_id("Viewer").encode() in asked
    assert b"query" not in asked


async def test_a_gateway_that_does_not_know_an_operation_is_sent_its_text(
    city: City, gateway: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = "sha256:" + hashlib.sha256(b"of another version").hexdigest()
    monkeypatch.setattr(messages, "_id", lambda _: {"documentId": strange})
    async with Client(gateway.url, city.issuer.resident()) as client:
        found = await asyncio.gather(*(client.execute("Viewer") for _ in range(8)))
        assert {one.viewer.kind for one in found} == {"RESIDENT"}
        assert (await client.execute("Viewer")).viewer.kind == "RESIDENT"
        done = await client.command("CastBallot", conference_id=GID, poll_id=POLL, option=1)
        assert isinstance(done, CastBallotSuccess)
        assert len(city.commands) == 1
        changes = client.subscribe("ConferenceChanges", {"conferenceId": GID})
        assert isinstance(await anext(changes), ConferenceSnapshot)
        await changes.aclose()


async def test_a_client_that_is_not_wanted_is_told_so(city: City, gateway: Address) -> None:
    async with Client(gateway.url, "nonsense") as client:
        with pytest.raises(ClientError) as failed:
            await client.execute("Viewer")
        assert failed.value.codes == ["UNAUTHENTICATED"]
        with pytest.raises(Closed) as closed:
            await anext(client.subscribe("ConferenceChanges", {"conferenceId": GID}))
        assert closed.value.code == 4403


async def test_clients_share_connections_that_outlive_each_of_them(city: City, gateway: Address) -> None:
    async with connections() as http:
        async with Client(gateway.url, city.issuer.resident(), http=http) as first:
            assert (await first.execute("Viewer")).viewer is not None
        async with Client(gateway.url, "nonsense", http=http) as second:
            with pytest.raises(ClientError):
                await second.execute("Viewer")


async def test_who_finds_nobody_knows_that_nothing_was_done(unused_tcp_port: int) -> None:
    async with Client(f"http://127.0.0.1:{unused_tcp_port}") as client:
        with pytest.raises(Unreached) as unreached:
            await client.command("CastBallot", conference_id=GID, poll_id=POLL, option=1)
    assert not unreached.value.sent


async def test_who_gets_no_answer_in_time_cannot_know_what_was_done(city: City, gateway: Address) -> None:
    async with Client(gateway.url, city.issuer.resident(), timeout=0.0001) as client:
        with pytest.raises(Unreached) as unreached:
            await client.command("CastBallot", conference_id=GID, poll_id=POLL, option=1)
    assert unreached.value.sent


async def test_a_subscription_ends_when_no_connection_comes_back(unused_tcp_port: int) -> None:
    async with Client(f"http://127.0.0.1:{unused_tcp_port}") as client:
        with pytest.raises(ConnectionError, match="no connection for 0 s"):
            await anext(client.subscribe("ConferenceChanges", {"conferenceId": GID}, patience=0.0))


def as_dict(view: session.SessionView) -> dict[str, object]:
    return {name: getattr(view, name) for name in view.__struct_fields__}
