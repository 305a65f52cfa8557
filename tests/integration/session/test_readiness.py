# SPDX-License-Identifier: Apache-2.0
"""A crowd says at the same instant that it is ready, through two replicas: every word counts, and one leads on."""

import asyncio

import pytest

from services.contracts import session as asked
from services.session.domain.readiness import READINESS, readiness_key
from services.session.domain.session_facts import PhaseClosing
from tests.integration.session.evening import Evening, evening

READY_SCRIPT = """\
name: ready
title: {de: Bereit, en: Ready}
phases:
  - {key: alone, kind: plenary, minutes: 10, advance: ready_share, title: {de: A, en: A}, prompt: {de: A, en: A}}
  - {key: closing, kind: plenary, minutes: 10, title: {de: B, en: B}, prompt: {de: B, en: B}}
"""
PEOPLE = 50


@pytest.fixture
async def night(service_database, nats_url, prefix, tmp_path):
    (tmp_path / "ready.yaml").write_text(READY_SCRIPT, encoding="utf-8")
    async with evening(service_database, nats_url, prefix, tmp_path, replicas=2) as night:
        await night.announce(script="ready")
        await night.seat(PEOPLE)
        await night.report(night.residents)
        await night.ask(asked.StartSession(conference_id=night.conference))
        yield night


async def test_fifty_who_are_ready_at_once_are_all_heard_and_the_phase_closes_once(night: Evening):
    ready = asked.SetReadiness(conference_id=night.conference, run=1, readiness="READY")
    replies = await asyncio.gather(*(night.try_(ready, night.resident(one)) for one in night.residents))
    assert [reply.refusal for reply in replies] == [None] * PEOPLE
    said = (await night.one.runtime.repository.load(READINESS, readiness_key(night.conference, 1))).state.said
    assert said == dict.fromkeys(night.residents, "READY")
    assert sum(isinstance(event, PhaseClosing) for _, event in await night.log()) == 1
