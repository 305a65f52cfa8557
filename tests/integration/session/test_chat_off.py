# SPDX-License-Identifier: Apache-2.0
"""A phase whose script turns a channel off: nobody writes there, staff reach everybody all the same."""

import pytest

from services.contracts import session as asked
from services.contracts.refusals import ChannelIsOff
from tests.integration.session.evening import SCRIPT, Evening, evening


@pytest.fixture
async def night(service_database, nats_url, prefix, tmp_path):
    quiet = SCRIPT.replace("name: short", "name: quiet")
    quiet = quiet.replace("{key: one, kind: groups", "{key: one, chat: [group], kind: groups")
    (tmp_path / "quiet.yaml").write_text(quiet, encoding="utf-8")
    async with evening(service_database, nats_url, prefix, tmp_path) as night:
        await night.announce(script="quiet")
        await night.seat(6)
        await night.report(night.residents)
        await night.ask(asked.StartSession(conference_id=night.conference))
        yield night


async def test_in_the_phase_nobody_writes_there_and_afterwards_everybody_does(night: Evening):
    anna = night.resident(night.residents[0])
    post = asked.PostMessage(conference_id=night.conference, channel="plenary", text="Hallo")
    await night.ask(post, anna)
    await night.next(1)
    for actor in (anna, night.moderator):
        assert (await night.try_(post, actor)).refusal == ChannelIsOff(phase="one")
    group = next(group for group in (await night.groups()).groups if anna.id in group.members)
    await night.ask(asked.PostMessage(conference_id=night.conference, channel=group.group_id, text="Hallo"), anna)
    await night.ask(asked.PostMessage(conference_id=night.conference, channel="staff", text="Hallo"))
    await night.ask(asked.Broadcast(conference_id=night.conference, text="Noch fünf Minuten."))
    assert [phase.chat for phase in (await night.view()).phases][:2] == [("plenary", "group"), ("group",)]
    await night.next(2)
    await night.ask(post, anna)
