# SPDX-License-Identifier: Apache-2.0
"""Two small services for the tests of the chassis: `alpha` counts numbers, `beta` keeps them in the order it heard."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from services.chassis.api import Api, Context, Decide, role
from services.chassis.contract import Answer, CommandRequest, ContractEvent, Id, QueryRequest
from services.chassis.decider import Command, Decider, Event, Refusal
from services.chassis.policies import Policies
from services.chassis.projection import DocumentProjection
from services.chassis.records import Recorded
from services.chassis.refusals import NotFound
from services.chassis.repository import Step
from services.chassis.service import Service
from services.chassis.settings import Settings
from services.chassis.timers import Timers


class Counted(Event, frozen=True, kw_only=True):
    TOPIC = "alpha.counted"
    conference_id: str
    n: int


class Whispered(Event, frozen=True, kw_only=True):
    """Stays inside."""

    TOPIC = "alpha.whispered"


class Tally(msgspec.Struct, frozen=True):
    total: int = 0


class Count(Command, frozen=True, kw_only=True):
    conference_id: str
    n: int


class Whisper(Command, frozen=True, kw_only=True):
    pass


class TooMuch(Refusal, frozen=True, kw_only=True):
    limit: int


def decide(tally: Tally, command: Count | Whisper) -> Sequence[Counted | Whispered] | Refusal:
    if isinstance(command, Whisper):
        return [Whispered()]
    if command.n > 1_000_000:
        return TooMuch(limit=1_000_000)
    return [Counted(conference_id=command.conference_id, n=command.n)]


def evolve(tally: Tally, event: Counted | Whispered) -> Tally:
    return Tally(tally.total + event.n) if isinstance(event, Counted) else tally


TALLY: Decider[Tally, Count | Whisper, Counted | Whispered] = Decider(
    "tally", Tally(), decide, evolve, (Counted, Whispered)
)


class NumberCounted(ContractEvent, frozen=True, kw_only=True):
    SERVICE = "alpha"
    conference_id: Id
    n: int


def publish(event: Event, recorded: Recorded) -> ContractEvent | None:
    if isinstance(event, Counted):
        return NumberCounted(at=recorded.recorded_at, conference_id=event.conference_id, n=event.n)
    return None


class Total(Answer, frozen=True, kw_only=True):
    total: int


class CountUp(CommandRequest[Total], frozen=True, kw_only=True):
    SERVICE = "alpha"
    ANSWER = Total
    conference_id: Id
    n: Annotated[int, msgspec.Meta(ge=0)] = 1


class Explode(CommandRequest, frozen=True, kw_only=True):
    SERVICE = "alpha"
    conference_id: Id
    secret: str


class ModeratorOnly(CommandRequest, frozen=True, kw_only=True):
    SERVICE = "alpha"
    conference_id: Id


class GetTotal(QueryRequest[Total], frozen=True, kw_only=True):
    SERVICE = "alpha"
    ANSWER = Total
    conference_id: Id


class FindTotal(QueryRequest[Total], frozen=True, kw_only=True):
    SERVICE = "alpha"
    ANSWER = Total
    conference_id: Id


TOTALS: DocumentProjection[Total] = DocumentProjection(
    name="totals",
    version=1,
    keys=lambda event, _: [event.conference_id] if isinstance(event, Counted) else [],
    initial=lambda _: Total(total=0),
    evolve=lambda total, event, _: Total(total=total.total + event.n),
    doc=Total,
)


def api() -> Api:
    table = Api("alpha")

    @table.command(CountUp)
    async def count_up(request: CountUp, ctx: Context) -> Decide:
        step = Step(
            TALLY, request.conference_id, Count(now=ctx.now, conference_id=request.conference_id, n=request.n),
            conference=ctx.conference,
        )  # fmt: skip
        return Decide(step, answer=lambda decided: Total(total=decided[-1].state.total))

    @table.command(Explode)
    async def explode(request: Explode, ctx: Context) -> Decide:
        raise RuntimeError(f"the secret is {request.secret}")

    @table.command(ModeratorOnly, needs=role("moderator", "deputy"))
    async def moderator_only(request: ModeratorOnly, ctx: Context) -> Decide:
        return Decide()

    @table.query(GetTotal)
    async def get_total(request: GetTotal, ctx: Context) -> Total:
        return await TOTALS.get(ctx.db, request.conference_id) or Total(total=0)

    @table.query(FindTotal)
    async def find_total(request: FindTotal, ctx: Context) -> Total | NotFound:
        return await TOTALS.get(ctx.db, request.conference_id) or NotFound(what="total", id=request.conference_id)

    return table


def alpha(settings: Settings, **changes: object) -> Service:
    parts = {
        "name": "alpha",
        "settings": settings,
        "deciders": (TALLY,),
        "api": api(),
        "publish": publish,
        "projections": (TOTALS,),
    }
    return Service(**(parts | changes))


class Heard(Event, frozen=True, kw_only=True):
    TOPIC = "beta.heard"
    n: int


class Hear(Command, frozen=True, kw_only=True):
    n: int


class Diary(msgspec.Struct, frozen=True):
    heard: tuple[int, ...] = ()


DIARY: Decider[Diary, Hear, Heard] = Decider(
    "diary",
    Diary(),
    lambda _, command: [Heard(n=command.n)],
    lambda diary, event: Diary((*diary.heard, event.n)),
    (Heard,),
)


def hear(n: int, conference: str, now: object) -> Step:
    return Step(DIARY, conference, Hear(now=now, n=n), conference=conference)


def policies() -> Policies:
    table = Policies("beta")

    @table.when(NumberCounted)
    async def when_a_number_is_counted_note_it(event: NumberCounted, ctx: object) -> Sequence[Step]:
        return [hear(event.n, event.conference_id, ctx.now)]

    return table


def beta(settings: Settings, reactions: Policies | None = None, **changes: object) -> Service:
    parts = {
        "name": "beta",
        "settings": settings,
        "deciders": (DIARY,),
        "api": Api("beta"),
        "policies": reactions or policies(),
        "timers": Timers("beta"),
    }
    return Service(**(parts | changes))
