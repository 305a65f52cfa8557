# SPDX-License-Identifier: Apache-2.0
"""Who has not accepted the code of conduct sees the evening and takes no part in it, until they did."""

import pytest

from services.contracts import session as asked
from services.contracts.refusals import CodeHasChanged, CodeNotAccepted
from services.session.domain.code import CodeAccepted
from tests.integration.session.evening import SCRIPT, Evening, evening, seated

VERSION = "quartier-1"


@pytest.fixture
async def night(service_database, nats_url, prefix, tmp_path):
    asks = SCRIPT.replace("name: short", "name: asks\ncode_of_conduct: true")
    (tmp_path / "asks.yaml").write_text(asks, encoding="utf-8")
    async with evening(service_database, nats_url, prefix, tmp_path) as night:
        await night.announce(script="asks")
        await night.seat(9)
        await night.report(night.residents)
        yield night


def accept(night: Evening, version: str = VERSION) -> asked.AcceptCodeOfConduct:
    return asked.AcceptCodeOfConduct(conference_id=night.conference, version=version)


async def test_they_neither_vote_nor_write_nor_sit_in_a_group_and_are_seated_once_they_accept(night: Evening):
    *careful, hasty = night.residents
    for one in careful:
        await night.ask(accept(night), night.resident(one))
    await night.ask(asked.StartSession(conference_id=night.conference))
    needed = CodeNotAccepted(participant_id=hasty)
    post = asked.PostMessage(conference_id=night.conference, channel="plenary", text="Hallo")
    ready = asked.SetReadiness(conference_id=night.conference, run=1, readiness="READY")
    for request in (post, ready):
        assert (await night.try_(request, night.resident(hasty))).refusal == needed
        await night.ask(request, night.resident(careful[0]))
    own = asked.GetPresence(conference_id=night.conference)
    assert [one.must_accept for one in (await night.ask(own, night.resident(hasty))).conduct] == [True]
    await night.next(1)
    assert seated(await night.groups()) == sorted(careful)
    await night.ask(accept(night), night.resident(hasty))
    assert seated(await night.groups()) == sorted(night.residents)
    await night.ask(post, night.resident(hasty))
    assert (await night.ask(own, night.resident(hasty))).conduct == ()


async def test_it_is_accepted_once_and_in_its_present_version(night: Evening):
    anna = night.resident(night.residents[0])
    assert (await night.try_(accept(night, "old"), anna)).refusal == CodeHasChanged(version=VERSION)
    for _ in range(2):
        await night.ask(accept(night), anna)
    log = [event for _, event in await night.log()]
    assert [event for event in log if isinstance(event, CodeAccepted)] == [
        CodeAccepted(participant_id=anna.id, version=VERSION)
    ]


async def test_everybody_may_read_it(night: Evening):
    code = await night.ask(asked.GetCodeOfConduct())
    assert code.version == VERSION
    assert all(rule.text.de and rule.text.en for rule in code.rules)
