# SPDX-License-Identifier: Apache-2.0
"""Many people at once, two replicas, the real bus: no seat is sold twice and nobody is lost."""

import asyncio
from collections import Counter

from services.chassis.subjects import partition
from services.contracts import registration as contract
from tests.integration.registration.city import EVENING, all_mails_sent, both_answer, open_evening
from tests.integration.registration.desk import resident


async def test_two_hundred_confirm_at_once_for_fifty_seats(city):
    await open_evening(city, capacity=50)
    await city.register(range(200))
    secrets = await city.secrets()
    assert len(secrets) == 200
    await both_answer(city)
    await asyncio.gather(*(city.confirm(secret) for secret in secrets.values()))
    entries = await city.roster()
    seated = [entry for entry in entries if entry.status == "SEATED"]
    waiting = [entry.waiting_position for entry in entries if entry.status == "WAITLISTED"]
    assert (len(seated), waiting) == (50, list(range(1, 151)))
    assert {entry.participant_id for entry in entries} == set(secrets)
    await all_mails_sent(city)
    subjects = Counter(mail["Subject"].split(":")[0] for mail in city.mailbox.mails)
    assert subjects == {"Bitte bestätigen": 200, "Ihr Platz": 50, "Auf der Warteliste": 150}
    assert len({mail["Message-ID"] for mail in city.mailbox.mails}) == 400


async def test_nobody_is_lost_when_a_replica_leaves_in_the_middle(city):
    await open_evening(city, capacity=10)
    await city.register(range(60))
    secrets = await city.secrets()
    leaving = next(replica for replica in city.replicas if partition(EVENING) in replica.server.partitions)
    city.replicas.remove(leaving)
    confirming = [asyncio.create_task(city.confirm(secret)) for secret in secrets.values()]
    await confirming[5]
    await leaving.stop()
    await asyncio.gather(*confirming)
    statuses = Counter(entry.status for entry in await city.roster())
    assert statuses == {"SEATED": 10, "WAITLISTED": 50}


async def test_cancelling_and_confirming_at_once_leaves_no_seat_empty_and_none_sold_twice(city):
    await open_evening(city, capacity=10)
    await city.register(range(40))
    secrets = await city.secrets()
    first = list(secrets)[:20]
    for participant in first:
        await city.confirm(secrets[participant])
    await both_answer(city)
    cancelling = [
        city.done(contract.CancelRegistration(conference_id=EVENING, participant_id=participant), resident(participant))
        for participant in first[:5] + first[10:15]
    ]
    await asyncio.gather(*cancelling, *(city.confirm(secrets[each]) for each in list(secrets)[20:]))
    entries = await city.roster()
    statuses = Counter(entry.status for entry in entries)
    assert statuses == {"SEATED": 10, "WAITLISTED": 20, "CANCELLED": 10}
    assert [e.waiting_position for e in entries if e.status == "WAITLISTED"] == list(range(1, 21))
    assert set(first[5:10]) <= {entry.participant_id for entry in entries if entry.status == "SEATED"}
