# SPDX-License-Identifier: Apache-2.0
"""How sheets of the survey are sealed, and opened when enough of them wait to be counted together."""

from collections.abc import Mapping, Sequence
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec

from services.chassis.api import Context, Decide
from services.chassis.ballots import VoteKey, VoteKeys, destroy, latest_ballots
from services.chassis.decisions import Loaded, Step
from services.chassis.policies import PolicyContext
from services.chassis.records import Statement
from services.chassis.timers import TimerContext
from services.session.counting import VoteKeyMissing
from services.session.domain.script import PreparedSurvey, Wave
from services.session.domain.survey import SURVEY, Batch, CountAnswers, OpenSurvey, due
from services.session.domain.survey_facts import Remark, Sheet, Survey
from services.session.domain.survey_sheet import SheetSubmitted

Here = Context | TimerContext | PolicyContext


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What lies sealed on a sheet."""

    values: dict[str, int]
    texts: dict[str, str]
    code: str | None


_WRITTEN = msgspec.json.Decoder(Written)
_CANONICAL = msgspec.json.Encoder(order="deterministic")


def wave_id(conference: str, wave: Wave) -> str:
    """The id of a wave's key, 32 hex digits."""
    return uuid5(NAMESPACE_OID, f"survey:{conference}:{wave}").hex


def codes_id(conference: str) -> str:
    """The id of the key with which people's codes are made unreadable; it outlives the waves, to pair them."""
    return uuid5(NAMESPACE_OID, f"survey:{conference}:codes").hex


def keys_of_surveys(ctx: Here) -> VoteKeys:
    """The keys of waves that are not closed, and those of codes."""
    return VoteKeys(ctx.db, ctx.settings.key_encryption)


async def opening(
    ctx: Here, conference: str, prepared: PreparedSurvey, command: OpenSurvey
) -> tuple[Step, list[Statement]]:
    """The step that opens a wave or moves its end, and what makes its keys when it is new."""
    survey = await ctx.load(SURVEY, conference)
    step = Step(SURVEY, conference, command, conference, guards=(survey,))
    if command.wave in survey.state.waves or not command.items:
        return step, []
    keys = keys_of_surveys(ctx)
    made = [keys.create(wave_id(conference, command.wave))]
    if prepared.code and command.wave != "follow_up":
        made.append(keys.create(codes_id(conference)))
    return step, made


def sealed(codes: VoteKey | None, written: Written) -> tuple[str, ...]:
    """The texts to seal: one, the same for the same sheet; a code only as the key of codes makes it."""
    code = None if codes is None or written.code is None else codes.digest(b"code:" + written.code.encode())[:16].hex()
    return (_CANONICAL.encode(msgspec.structs.replace(written, code=code)).decode(),)


async def counted(ctx: TimerContext, conference: str, wave: Wave) -> Decide | None:
    """What stores the batches that are due, and closes a wave in which nobody can answer any more; None: nothing.

    Raises:
        VoteKeyMissing: there are sheets and no key that opens them.
    """
    survey: Loaded[Survey] = await ctx.load(SURVEY, conference)
    asking = survey.state.waves.get(wave)
    if asking is None or asking.status == "closed":
        return None
    closing, vote = asking.status == "counting", wave_id(conference, wave)
    sheets = await latest_ballots(
        ctx.repository.store, ctx.repository.mapper, SheetSubmitted, lambda sheet: sheet.wave == wave,
        conference=conference,
    )  # fmt: skip
    waiting = list(sheets.items())[asking.counted :]  # in the order of the log, which is that of counting
    batches: list[Batch] = []
    place = asking.counted
    while size := due(place, len(waiting), closed=closing):
        key = await keys_of_surveys(ctx).load(vote)
        if key is None:
            raise VoteKeyMissing(vote)
        batches.append(_batch(key, dict(waiting[:size]), f"{vote}:{place}"))
        waiting, place = waiting[size:], place + size
    if not batches and not closing:
        return None
    command = CountAnswers(wave=wave, counted=asking.counted, batches=tuple(batches), now=ctx.now)
    gone = [destroy(vote)] if closing else []
    if closing and wave == "follow_up":
        gone.append(destroy(codes_id(conference)))
    return Decide(Step(SURVEY, conference, command, conference, guards=(survey,)), effects=gone)


def _batch(key: VoteKey, sheets: Mapping[UUID, SheetSubmitted], name: str) -> Batch:
    """Sheets in the order of their content, which tells nothing of the order in which they came; words apart."""
    opened = [_WRITTEN.decode(text) for stream, sheet in sheets.items() for text in key.open(stream, sheet.sheet)]
    texts = sorted((item, text) for one in opened for item, text in one.texts.items())
    return Batch(
        sheets=_in_order([Sheet(values=one.values, code=one.code) for one in opened]),
        remarks=tuple(
            Remark(remark_id=uuid5(NAMESPACE_OID, f"remark:{name}:{number}").hex, item=item, text=text)
            for number, (item, text) in enumerate(texts)
        ),
    )


def _in_order(sheets: Sequence[Sheet]) -> tuple[Sheet, ...]:
    return tuple(sorted(sheets, key=_CANONICAL.encode))
