# SPDX-License-Identifier: Apache-2.0
"""Subscriptions: whatever happens on the way, snapshot plus changes is a fresh snapshot."""

import asyncio
import time

import msgspec
import pytest

from gateway.live.hub import TELL_SECONDS
from gateway.schema.relay import global_id
from services.contracts import ideas, session
from tests.gateway.city import (
    ANNA,
    BEN,
    CEM,
    CONFERENCE,
    GROUP_1,
    GROUP_2,
    City,
)
from tests.gateway.conftest import Address, running
from tests.gateway.live_cases import CALL, CASES, REGROUPED
from tests.gateway.pictures import (
    AT,
    LIVE,
    fresh,
    named,
    running_beside,
    sample,
    until,
    view,
    watching,
)


@pytest.mark.parametrize("who", ["resident", "staff"])
@pytest.mark.parametrize("case", CASES)
async def test_snapshot_plus_changes_is_a_fresh_snapshot(case: str, who: str, city: City, gateway: Address) -> None:
    token = city.issuer.resident() if who == "resident" else city.issuer.staff()
    answer, news = CASES[case]
    async with watching(gateway, token) as picture:
        city.know([answer])
        await city.tell(news)
        async with running_beside(gateway) as other:
            await picture.becomes(await fresh(other, token))
        assert who == "resident" or picture.kinds


async def test_a_resident_is_told_of_their_own_group_alone(city: City, gateway: Address) -> None:
    async with watching(gateway, city.issuer.resident()) as picture:
        await picture.becomes(named)
        now = picture.now
        assert now is not None
        assert (now.groups, now.help, now.presence, now.venue) == (None, None, None, None)
        assert now.my_group is not None
        assert [person.display_name for person in now.my_group.members] == ["Anna", "Ben"]
        assert sorted(chat.channel for chat in now.chats) == sorted([global_id("Group", GROUP_1), "plenary"])
        assert [sheet.group_id for sheet in now.sheets or ()] == [global_id("Group", GROUP_1)]
        assert "Cem" not in msgspec.json.encode(now).decode()


async def test_a_change_that_a_resident_may_not_see_is_not_told(city: City, gateway: Address) -> None:
    async with watching(gateway, city.issuer.resident()) as picture:
        await picture.becomes(named)
        picture.kinds.clear()
        city.know([view(session.HelpView, calls=(CALL,))])
        await city.tell(session.HelpRequested(**AT, call_id="ca" * 16, group_id=GROUP_2))
        city.know([view(session.SessionView, status="PAUSED")])
        await city.tell(session.SessionPaused(**AT, run=1))
        await picture.becomes(lambda now: now.session.status == "PAUSED")
        assert picture.kinds == ["SessionChanged"]


async def test_who_moves_to_another_group_reads_its_chat_and_leaves_the_old_one(city: City, gateway: Address) -> None:
    async with watching(gateway, city.issuer.resident()) as picture:
        city.know([view(session.GroupsView, generation=2, groups=REGROUPED)])
        await city.tell(session.ParticipantMoved(**AT, generation=2, participant_id=ANNA, group_id=GROUP_2))
        await picture.becomes(
            lambda now: {chat.channel for chat in now.chats} == {"plenary", global_id("Group", GROUP_2)}
        )


async def test_a_stale_answer_is_asked_for_again(city: City, nats_url: str, prefix: str) -> None:
    async with (
        running(nats_url, prefix, safety_seconds=600) as gateway,
        watching(gateway, city.issuer.resident()) as picture,
    ):
        part = city.parts["session"]
        await city.tell(session.SessionPaused(**AT, run=1))
        part.position -= 1  # the read model is behind its log
        await asyncio.sleep(0.1)
        city.know([view(session.SessionView, status="PAUSED")])
        part.position += 1
        await picture.becomes(lambda now: now.session.status == "PAUSED")


async def test_a_lost_message_is_healed(city: City, nats_url: str, prefix: str) -> None:
    async with (
        running(nats_url, prefix, safety_seconds=0.3) as gateway,
        watching(gateway, city.issuer.resident()) as picture,
    ):
        city.know([view(session.SessionView, status="PAUSED")])
        await city.tell(session.SessionPaused(**AT, run=1), lost=True)
        await picture.becomes(lambda now: now.session.status == "PAUSED")


async def test_a_part_whose_service_was_away_follows_when_it_is_back(city: City, gateway: Address) -> None:
    await city.parts["ideas"].down()
    async with watching(gateway, city.issuer.resident()) as picture:
        assert picture.now is not None
        assert picture.now.board is None
        assert picture.now.session is not None
        await city.parts["ideas"].up()
        await picture.becomes(lambda now: now.board is not None and now.sheets and now.problems)


async def test_a_service_that_goes_away_leaves_the_last_picture(city: City, gateway: Address) -> None:
    async with watching(gateway, city.issuer.resident()) as picture:
        await city.parts["ideas"].down()
        await city.tell(ideas.CardsChanged(**LIVE))
        city.know([view(session.SessionView, status="PAUSED")])
        await city.tell(session.SessionPaused(**AT, run=1))
        await picture.becomes(lambda now: now.session.status == "PAUSED")
        assert picture.now is not None
        assert picture.now.board is not None


async def test_viewers_of_one_conference_share_its_questions(city: City, gateway: Address) -> None:
    async with (
        watching(gateway, city.issuer.resident()),
        watching(gateway, city.issuer.resident(BEN)),
        watching(gateway, city.issuer.resident(CEM)),
    ):
        assert sum(isinstance(query, session.GetSession) for query in city.queries) == 1
        assert len(gateway.gateway.hubs) == 1
    await until(lambda: len(gateway.gateway.hubs) == 0)


async def test_what_several_viewers_are_told_alike_is_executed_once(city: City, gateway: Address) -> None:
    async with (
        watching(gateway, city.issuer.resident(ANNA)) as anna,
        watching(gateway, city.issuer.resident(BEN)) as ben,
        watching(gateway, city.issuer.resident(CEM)) as cem,
    ):
        for picture in (anna, ben, cem):
            await picture.becomes(named)
        executed, told = sample("executions"), sample("messages")
        city.know([view(session.SessionView, status="PAUSED")])
        await city.tell(session.SessionPaused(**AT, run=1))
        for picture in (anna, ben, cem):
            await picture.becomes(lambda now: now.session.status == "PAUSED")
        assert (sample("executions") - executed, sample("messages") - told) == (1, 3)


async def test_many_changes_in_a_moment_are_told_together(city: City, gateway: Address) -> None:
    async with watching(gateway, city.issuer.resident()) as picture:
        await picture.becomes(named)
        poll, began = view(session.PollsView).polls[0], time.monotonic()
        picture.kinds.clear()
        for ballots in range(3, 103):
            city.know([view(session.PollsView, polls=(msgspec.structs.replace(poll, ballots=ballots),))])
            await city.tell(session.PollResultsChanged(**LIVE))
        await picture.becomes(lambda now: now.polls[0].ballots == 102)
        rounds = 2 + (time.monotonic() - began) / TELL_SECONDS
        assert picture.kinds.count("PollsChanged") <= rounds


async def test_a_name_that_could_not_be_asked_for_follows(city: City, gateway: Address) -> None:
    async with watching(gateway, city.issuer.resident(CEM)):  # now the gateway knows the keys of tokens
        await city.parts["registration"].down()
        gateway.gateway.backends.names.forget(CONFERENCE, ANNA)
        async with watching(gateway, city.issuer.resident(ANNA)) as picture:
            assert picture.now is not None
            assert picture.now.my_group is not None
            assert picture.now.my_group.members[0].display_name is None
            await city.parts["registration"].up()
            await picture.becomes(lambda now: now.my_group.members[0].display_name == "Anna")
