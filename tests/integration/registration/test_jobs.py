# SPDX-License-Identifier: Apache-2.0
"""Jobs on two real replicas: every row has one turn, a second person decides, a cancellation is the end."""

import asyncio
import os
import sys
import time
from contextlib import asynccontextmanager
from datetime import timedelta

import msgspec
import psycopg
import pytest

from services.chassis.bus import Bus, topology
from services.chassis.clock import Clock
from services.chassis.identity import Actor, Grant
from services.chassis.refusals import InvalidInput, NotAllowed, NotFound
from services.chassis.requests import Requests
from services.chassis.subjects import partition
from services.chassis.timers import TimerContext
from services.contracts import registration as contract
from services.contracts.refusals import ApprovalNeeded, JobIs, OwnJob, TooManyJobs, UnknownJob
from services.contracts.shared import Cut
from services.registration import jobs_api
from services.registration.main import timers
from services.registration.readmodel.deadlines import JobDue
from tests.integration.registration.city import City, open_city
from tests.integration.registration.desk import KEY, ORGANISER, STARTS_AT, mail_server
from tests.integration.registration.test_apps import everything

STARTS = STARTS_AT.replace(year=2030)
SECOND = Actor("1" * 32, "staff", (Grant("organiser", "city"),))
PORTAL = Actor("2" * 32, "app", (Grant("organiser", "city"),))


@pytest.fixture
def city(city):
    """The two replicas, and a client that knows the refusals of registration."""
    city.requests = Requests(city.runtime.bus, [ApprovalNeeded, OwnJob, TooManyJobs, UnknownJob, JobIs])
    return city


def conference(number: int) -> str:
    return f"{number:032x}"


def announcement(number: int, **more) -> contract.AnnounceConference:
    given = {
        "conference_id": conference(number), "series_id": "5" * 32, "district_id": "d" * 32,
        "title": f"Abend {number}", "starts_at": STARTS + timedelta(days=number),
    }  # fmt: skip
    return contract.AnnounceConference(**(given | more))


def cancellations(numbers) -> contract.StartJob:
    return contract.StartJob(
        cancel_conferences=tuple(contract.CancelConference(conference_id=conference(n)) for n in numbers)
    )


async def announced(city, numbers):
    """Conferences, announced by a job."""
    job = await city.done(contract.StartJob(announce_conferences=tuple(announcement(n) for n in numbers)))
    await ended(city, job.job_id)


async def job_of(city, job_id) -> contract.JobView:
    return await city.done(contract.GetJob(job_id=job_id))


async def ended(city, job_id) -> contract.JobView:
    """The job when there is nothing more to do for it."""
    return await until(city, job_id, lambda job: job.ended_at is not None)


async def until(city, job_id, holds) -> contract.JobView:
    async with asyncio.timeout(60):
        while True:
            found = (await city.ask(contract.GetJob(job_id=job_id), ORGANISER)).answer
            if found is not None and holds(found):
                return found
            await asyncio.sleep(0.02)


async def rows_of(city, job_id, **more):
    return (await city.done(contract.ListJobRows(job_id=job_id, cut=Cut(first=100), **more))).items


async def log_of(city, *topics):
    """The events with these topics in their order: notification id and content."""
    rows = await city.runtime.db.pool.fetch(
        "SELECT notification_id, convert_from(state, 'UTF8') AS state FROM stored_events WHERE topic = ANY($1::text[])"
        " ORDER BY notification_id",
        [f"registration.{topic}" for topic in topics],
    )
    return [(row["notification_id"], msgspec.json.decode(row["state"])) for row in rows]


async def statuses(city, numbers):
    """The conferences that are called off."""
    off = {event["conference_id"] for _, event in await log_of(city, "conference_cancelled")}
    return [n for n in numbers if conference(n) in off]


async def test_a_series_is_planned_row_by_row_and_each_refusal_names_its_row_and_field(city):
    rows = [announcement(n) for n in range(30)]
    rows[3] = announcement(3, series_id="6" * 32)
    rows[7] = announcement(7, starts_at=STARTS.replace(year=1900))
    job = await city.done(contract.StartJob(announce_conferences=tuple(rows)))
    assert job.status == "RUNNING"
    view = await ended(city, job.job_id)
    assert (view.status, view.kind, view.rows, view.done, view.failed) == (
        "FINISHED", "ANNOUNCE_CONFERENCES", 30, 28, 2,
    )  # fmt: skip
    assert (view.requested_by, view.by_app) == (ORGANISER.id, False)
    found = await rows_of(city, job.job_id)
    assert [row.number for row in found] == list(range(1, 31))
    assert [row.result_id for row in found[:3]] == [conference(n) for n in range(3)]
    failed = await rows_of(city, job.job_id, only_failed=True)
    assert [row.number for row in failed] == [4, 8]
    assert await rows_of(city, job.job_id, number=8) == failed[1:]
    assert msgspec.json.decode(failed[0].refused) == {"refusal": "NotFound", "what": "series", "id": "6" * 32}
    assert msgspec.json.decode(failed[1].refused)["field"] == "starts_at"
    assert len(await log_of(city, "conference_announced")) == 28


async def test_what_hits_few_conferences_is_done_at_once_and_what_hits_many_waits(city):
    await announced(city, range(8))
    few = await city.done(cancellations([0, 1, 2, 3, 4]))
    assert (few.status, few.approve_until) == ("RUNNING", None)
    await ended(city, few.job_id)
    many = await city.done(cancellations([2, 3, 4, 5, 6, 7]))
    assert (many.status, many.approve_until is not None) == ("AWAITING_APPROVAL", True)
    assert await statuses(city, range(8)) == [0, 1, 2, 3, 4]
    await city.done(contract.ApproveJob(job_id=many.job_id), SECOND)
    view = await ended(city, many.job_id)
    assert (view.status, view.done, view.decided_by) == ("FINISHED", 6, SECOND.id)
    assert await statuses(city, range(8)) == list(range(8))


def cancellation(number) -> contract.CancelConference:
    return contract.CancelConference(conference_id=conference(number))


async def needs(city, numbers, actor=ORGANISER) -> bool:
    query = contract.ApprovalFor(kind="CANCEL_CONFERENCES", conference_ids=tuple(map(conference, numbers)))
    return (await city.done(query, actor)).needed


async def test_what_one_person_does_in_pieces_is_counted_together(city):
    """By single commands and by jobs, whichever replica decides; each person for themselves, each kind for itself."""
    await announced(city, range(12))
    assert not await needs(city, range(5))
    for number in range(2):
        await city.done(cancellation(number))
    assert (await city.done(cancellations([1, 2, 3]))).status == "RUNNING"
    assert (await needs(city, [4]), await needs(city, [4, 5])) == (False, True)
    later = await city.done(cancellations([4, 5]))
    assert later.status == "AWAITING_APPROVAL"
    await city.done(cancellation(4))
    assert (await city.ask(cancellation(5), ORGANISER)).refusal == ApprovalNeeded(limit=5)
    assert (await city.done(cancellations([3]))).status == "RUNNING"
    await city.done(contract.OpenConference(conference_id=conference(11)))
    await city.done(cancellation(6), SECOND)
    await city.done(contract.ApproveJob(job_id=later.job_id), SECOND)
    assert (await ended(city, later.job_id)).done == 2
    await city.done(cancellations([7, 8, 9, 10]), SECOND)  # what they approved was not their own doing


async def test_of_many_cancellations_by_one_person_at_once_no_more_than_the_limit_are_done(city):
    await announced(city, range(16))
    for number in range(16):  # both replicas take each: they race
        for replica in city.replicas:
            await replica.server.serve(partition(conference(number)))
    replies = await asyncio.gather(
        *(city.ask(cancellation(number), ORGANISER) for number in range(16)),
        *(city.ask(cancellations([number]), ORGANISER) for number in range(4)),
    )
    refused = [reply.refusal for reply in replies if reply.refusal is not None]
    assert set(refused) <= {ApprovalNeeded(limit=5)}
    for reply in replies[16:]:
        if reply.answer.status == "RUNNING":
            await ended(city, reply.answer.job_id)
    assert len(await statuses(city, range(16))) == 5


async def test_neither_the_requester_nor_an_app_by_itself_is_the_second_person(city):
    await announced(city, range(6))
    job_id = (await city.done(cancellations(range(6)))).job_id
    assert (await city.ask(contract.ApproveJob(job_id=job_id), ORGANISER)).refusal == OwnJob()
    assert isinstance((await city.ask(contract.ApproveJob(job_id=job_id), PORTAL)).refusal, NotAllowed)
    assert (await city.ask(contract.ApproveJob(job_id="f" * 32), SECOND)).refusal == UnknownJob(job_id="f" * 32)
    assert isinstance((await city.ask(contract.GetJob(job_id="f" * 32), SECOND)).refusal, NotFound)


async def test_why_a_job_was_rejected_is_sealed_and_gone_with_who_said_it(city):
    await announced(city, range(6))
    job_id = (await city.done(cancellations(range(6)))).job_id
    await city.done(contract.RejectJob(job_id=job_id, reason="Der Saal ist doch frei"), SECOND)
    view = await ended(city, job_id)
    assert (view.status, view.reason, view.decided_by) == ("REJECTED", "Der Saal ist doch frei", SECOND.id)
    assert b"Saal" not in await everything(city.runtime)
    await city.done(contract.EraseStaff(staff_id=SECOND.id), ORGANISER)
    assert (await job_of(city, job_id)).reason is None
    assert await statuses(city, range(6)) == []


async def test_rows_are_of_one_kind_and_there_are_some(city):
    assert isinstance((await city.ask(contract.StartJob(), ORGANISER)).refusal, InvalidInput)
    two = contract.StartJob(
        cancel_conferences=(contract.CancelConference(conference_id=conference(1)),),
        open_conferences=(contract.OpenConference(conference_id=conference(1)),),
    )
    refusal = (await city.ask(two, ORGANISER)).refusal
    assert refusal == InvalidInput(field="cancel_conferences", problem="rows of exactly one kind")


async def test_so_many_jobs_may_be_unfinished_and_no_more(city, monkeypatch):
    monkeypatch.setattr(jobs_api, "UNFINISHED", 1)
    await announced(city, range(6))
    job = await city.done(cancellations(range(6)))
    await until(city, job.job_id, lambda view: view.status == "AWAITING_APPROVAL")
    assert (await city.ask(cancellations(range(2)), ORGANISER)).refusal == TooManyJobs(unfinished=1)
    await city.done(contract.CancelJob(job_id=job.job_id))
    await ended(city, job.job_id)
    await ended(city, (await city.done(cancellations(range(2)))).job_id)


async def test_a_job_that_nobody_approves_expires(service_database, nats_url, prefix):
    clock = Clock(time.time(), 100_000)
    async with open_city(
        service_database("registration"), nats_url, prefix, replicas=1, embedded=True, clock=clock
    ) as city:
        await announced(city, range(6))
        job = await city.done(cancellations(range(6)))
        assert (await ended(city, job.job_id)).status == "EXPIRED"
        assert await statuses(city, range(6)) == []


async def test_jobs_come_in_pages_the_newest_first(city):
    await announced(city, range(6))
    made = [(await city.done(cancellations([n]))).job_id for n in range(3)]
    for job_id in made:
        await ended(city, job_id)
    seen, after = [], None
    while True:
        page = await city.done(contract.ListJobs(cut=Cut(first=2, after=after), status="FINISHED"))
        seen += [job.job_id for job in page.items]
        after = page.keys[-1]
        if not page.more:
            break
    assert seen[:3] == made[::-1]
    back = await city.done(contract.ListJobs(cut=Cut(first=2, before=page.keys[-1], backward=True)))
    assert [job.job_id for job in back.items] == seen[-3:-1]
    for bad in (contract.ListJobs, lambda cut: contract.ListJobRows(job_id=made[0], cut=cut)):
        assert isinstance((await city.ask(bad(cut=Cut(after="nonsense")), ORGANISER)).refusal, InvalidInput)


async def test_of_two_who_approve_at_once_one_is_noted_and_both_are_told_yes(city):
    await announced(city, range(6))
    job_id = (await city.done(cancellations(range(6)))).job_id
    people = [Actor(f"{n:032x}", "staff", (Grant("organiser", "city"),)) for n in range(1, 9)]
    await asyncio.gather(*(city.done(contract.ApproveJob(job_id=job_id), person) for person in people))
    view = await ended(city, job_id)
    (noted,) = await log_of(city, "job_approved")
    assert (view.status, view.decided_by) == ("FINISHED", noted[1]["approved_by"])


@pytest.mark.parametrize("attempt", range(3))
async def test_of_an_approval_and_a_cancellation_at_once_the_log_knows_an_order_and_rows_keep_it(city, attempt):
    await announced(city, range(40))
    job_id = (await city.done(cancellations(range(40)))).job_id
    yes, stop = await asyncio.gather(
        city.ask(contract.ApproveJob(job_id=job_id), SECOND), city.ask(contract.CancelJob(job_id=job_id), ORGANISER)
    )
    assert stop.refusal is None
    view = await ended(city, job_id)
    assert view.status == "CANCELLED"
    approved = await log_of(city, "job_approved")
    assert yes.refusal == (None if approved else JobIs(status="CANCELLED"))
    await nothing_after_the_end(city, view)


async def test_after_a_cancellation_in_the_middle_what_was_done_stays_and_nothing_more_is_done(city):
    job = await city.done(contract.StartJob(announce_conferences=tuple(announcement(n) for n in range(200))))
    await until(city, job.job_id, lambda view: view.done >= 5)
    await city.done(contract.CancelJob(job_id=job.job_id))
    view = await ended(city, job.job_id)
    assert view.status == "CANCELLED"
    assert 5 <= view.done < 200
    done = await log_of(city, "job_row_done")
    assert [event["row"] for _, event in done] == list(range(view.done))
    assert len(await log_of(city, "conference_announced")) == view.done
    ((end, _),) = await log_of(city, "job_cancelled")
    assert all(place < end for place, _ in done)


async def nothing_after_the_end(city, view):
    """As many conferences are off as rows were done, all of them before the job was cancelled."""
    done = await log_of(city, "job_row_done")
    ((end, _),) = await log_of(city, "job_cancelled")
    assert all(place < end for place, event in done if event["job_id"] == view.job_id)
    off = await log_of(city, "conference_cancelled")
    assert [event["conference_id"] for _, event in off] == [conference(n) for n in range(view.done)]
    assert all(place < end for place, _ in off)


def context(runtime) -> TimerContext:
    return TimerContext(
        now=runtime.clock.now(), clock=runtime.clock, repository=runtime.repository, db=runtime.db, keys=runtime.keys,
        requests=runtime.requests, settings=runtime.settings, trace="0" * 32,
    )  # fmt: skip


async def test_replicas_that_run_the_same_job_at_once_give_every_row_one_turn(city):
    """The claim of a timer keeps replicas apart for seconds only; here nothing does."""
    rows = tuple(announcement(n, series_id="6" * 32 if n % 7 == 3 else "5" * 32) for n in range(60))
    job = await city.done(contract.StartJob(announce_conferences=rows))
    _, handler = timers.handlers[JobDue.KIND]

    async def insist(replica):
        while (await replica.runtime.repository.load(jobs_api.JOB, job.job_id)).state.status != "FINISHED":
            await handler(JobDue(job_id=job.job_id), context(replica.runtime))

    await asyncio.gather(*(insist(replica) for replica in city.replicas for _ in range(3)))
    turns = await log_of(city, "job_row_done", "job_row_failed")
    assert [event["row"] for _, event in turns] == list(range(60))
    failed = [event["row"] for _, event in await log_of(city, "job_row_failed")]
    assert failed == [n for n in range(60) if n % 7 == 3]
    assert len(await log_of(city, "conference_announced")) == 60 - len(failed)
    assert len(await log_of(city, "job_finished")) == 1


@asynccontextmanager
async def process(dsn, nats_url, prefix, smtp_url):
    """Registration as a process of its own."""
    environment = {
        "PATH": os.environ["PATH"], "DATABASE_URL": dsn, "NATS_URL": nats_url, "QUARTIER_PREFIX": prefix,
        "QUARTIER_KEY_ENCRYPTION_KEY": KEY, "SMTP_URL": smtp_url, "QUARTIER_HTTP_PORT": "0",
    }  # fmt: skip
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.registration.main", env=environment,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


async def test_a_job_survives_that_its_process_is_killed_in_the_middle(service_database, nats_url, prefix):
    dsn, rows = service_database("registration"), 250
    async with mail_server() as (mailbox, smtp_url), asyncio.timeout(240):
        bus = await Bus.connect(nats_url, "tool", prefix)
        await topology(bus, ("registration", "session", "rooms", "ideas"))
        city = City(None, mailbox, Requests(bus))
        async with process(dsn, nats_url, prefix, smtp_url) as first:
            await city.done(contract.DefineDistrict(district_id="d" * 32, name="V", postal_codes=(), streets=()))
            await city.done(contract.CreateSeries(series_id="5" * 32, title="Herbst"))
            start = contract.StartJob(announce_conferences=tuple(announcement(n) for n in range(rows)))
            job = await city.done(start)
            await until(city, job.job_id, lambda view: view.done >= 20)
            first.kill()
            await first.wait()
        async with process(dsn, nats_url, prefix, smtp_url):
            view = await ended(city, job.job_id)
            assert (view.status, view.done, view.failed) == ("FINISHED", rows, 0)
            assert len(await rows_of(city, job.job_id)) == 100
        await bus.close()
    async with await psycopg.AsyncConnection.connect(dsn) as db:
        found = await (
            await db.execute(
                "SELECT topic, count(*), count(DISTINCT convert_from(state, 'UTF8')) FROM stored_events"
                " WHERE topic IN ('registration.conference_announced', 'registration.job_row_done',"
                " 'registration.job_finished') GROUP BY topic ORDER BY topic"
            )
        ).fetchall()
    assert found == [
        ("registration.conference_announced", rows, rows),
        ("registration.job_finished", 1, 1),
        ("registration.job_row_done", rows, rows),
    ]
