# SPDX-License-Identifier: Apache-2.0
"""How the survey is opened, answered, counted and ended."""

import unicodedata

from services.chassis.api import Api, Context, Decide, role
from services.chassis.ballots import destroy
from services.chassis.decider import Refusal
from services.chassis.decisions import Step
from services.chassis.refusals import InvalidInput, NotFound
from services.chassis.timers import TimerContext, Timers
from services.contracts import session as asked
from services.session.access import may_answer
from services.session.domain.session import SESSION
from services.session.domain.session_state import Ended, Unprepared, phase_of, run_of
from services.session.domain.survey import SURVEY, EndAnswering, ModerateRemarks, OpenSurvey, SurveyIs
from services.session.domain.survey_sheet import SHEET, SubmitSheet
from services.session.readmodel.survey_timers import CountWave, EveningWentOn, ForgetCodes, WaveEnds
from services.session.survey_view import get_remarks, get_survey, get_survey_results
from services.session.surveying import Written, codes_id, counted, keys_of_surveys, opening, sealed, wave_id


def register(api: Api) -> None:
    """Adds what this module answers to the table of contents."""
    api.command(asked.SubmitSurveyAnswers)(submit_survey_answers)
    api.command(asked.OpenFollowUp, needs=role("organiser"))(open_follow_up)
    api.command(asked.ModerateRemarks, needs=role("organiser", "moderator"))(moderate_remarks)
    api.query(asked.GetSurvey)(get_survey)
    api.query(asked.GetRemarks, needs=role("organiser", "moderator"))(get_remarks)
    api.query(asked.GetSurveyResults, needs=role("organiser"))(get_survey_results)


def register_timers(timers: Timers) -> None:
    """Adds what happens to the survey by itself."""
    timers.due(EveningWentOn)(when_the_evening_goes_on_open_and_end_waves)
    timers.due(WaveEnds)(when_the_time_to_answer_is_over_end_it)
    timers.due(CountWave)(when_enough_answers_wait_count_them)
    timers.due(ForgetCodes)(when_nothing_is_paired_any_more_forget_the_codes)


# Commands -------------------------------------------------------------------------------------------------------


async def submit_survey_answers(request: asked.SubmitSurveyAnswers, ctx: Context) -> Decide | Refusal:
    """Stores a sealed sheet that cannot be led back to the person, unless the survey has moved on meanwhile."""
    conference, wave = request.conference_id, request.wave
    refusal = await may_answer(ctx, conference)
    if refusal is not None:
        return refusal
    survey = await ctx.load(SURVEY, conference)
    asking = survey.state.waves.get(wave)
    keys = keys_of_surveys(ctx)
    key = await keys.load(wave_id(conference, wave))
    if asking is None or key is None:
        return SurveyIs(wave=wave, status=None if asking is None else "closed")
    if len({answer.item for answer in request.answers}) < len(request.answers):
        return InvalidInput(field="answers", problem="an item is answered twice")
    if any((answer.value is None) == (answer.text is None) for answer in request.answers):
        return InvalidInput(field="answers", problem="an answer is either a value or a text")
    written = Written(
        values={answer.item: answer.value for answer in request.answers if answer.value is not None},
        texts={answer.item: text for answer in request.answers if answer.text and (text := _spaced(answer.text))},
        code=request.pairing_code,
    )
    codes = None if request.pairing_code is None else await keys.load(codes_id(conference))
    command = SubmitSheet(
        wave=wave,
        asking=asking,
        values=written.values,
        texts=written.texts,
        sheet=key.seal(ctx.actor.id, sealed(codes, written)),
        now=ctx.now,
    )
    secret = key.secret(ctx.actor.id, at=asking.opened_at)
    return Decide(Step(SHEET, conference, command, conference, secret=secret, guards=(survey,)))


def _spaced(text: str) -> str:
    """Composed, single-spaced, without control characters."""
    spaced = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(character for character in spaced if unicodedata.category(character) != "Cc")


async def open_follow_up(request: asked.OpenFollowUp, ctx: Context) -> Decide | Refusal:
    """Asks once more what the script wants to know months later."""
    conference = request.conference_id
    session = (await ctx.load(SESSION, conference)).state
    prepared = None if isinstance(session, Unprepared) else session.script.survey
    if prepared is None or not prepared.asked("follow_up"):
        return NotFound(what="survey", id=conference)
    command = OpenSurvey(wave="follow_up", items=prepared.asked("follow_up"), until=request.until, now=ctx.now)
    step, keys = await opening(ctx, conference, prepared, command)
    return Decide(step, effects=keys)


async def moderate_remarks(request: asked.ModerateRemarks, ctx: Context) -> Decide:
    """Shows or hides what people wrote."""
    conference = request.conference_id
    command = ModerateRemarks(remarks=request.remark_ids, show=request.show, now=ctx.now)
    return Decide(Step(SURVEY, conference, command, conference))


# By itself ------------------------------------------------------------------------------------------------------


async def when_the_evening_goes_on_open_and_end_waves(due: EveningWentOn, ctx: TimerContext) -> Decide:
    """With the first phase `before` ends; `after` begins with the tool, and at the end of the evening at the latest."""
    conference = due.conference_id
    session = (await ctx.load(SESSION, conference)).state
    if isinstance(session, Unprepared) or session.script.survey is None:
        return Decide()
    prepared, phase, over = session.script.survey, phase_of(session), isinstance(session, Ended)
    steps = [Step(SURVEY, conference, EndAnswering(wave="before", now=ctx.now), conference)]
    after = (await ctx.load(SURVEY, conference)).state.waves.get("after")
    unended = after is None or (after.status == "open" and after.until is None)
    ran = run_of(session) > 0  # a conference that was called off is not evaluated
    if unended and ran and (over or (phase is not None and "survey" in phase.tools)):
        until = ctx.now + prepared.open_for if over else None
        command = OpenSurvey(wave="after", items=prepared.asked("after"), until=until, now=ctx.now)
        step, keys = await opening(ctx, conference, prepared, command)
        return Decide(step, *steps, effects=keys)
    return Decide(*steps)


async def when_the_time_to_answer_is_over_end_it(due: WaveEnds, ctx: TimerContext) -> Decide:
    """Its end may have been moved meanwhile."""
    command = EndAnswering(wave=due.wave, due_only=True, now=ctx.now)
    return Decide(Step(SURVEY, due.conference_id, command, due.conference_id))


async def when_enough_answers_wait_count_them(due: CountWave, ctx: TimerContext) -> Decide:
    """Whole batches; after the end of answering also the rest, if it is one."""
    return await counted(ctx, due.conference_id, due.wave) or Decide()


async def when_nothing_is_paired_any_more_forget_the_codes(due: ForgetCodes, _: TimerContext) -> Decide:
    """From now on nobody can make somebody's code again and look for it."""
    return Decide(effects=[destroy(codes_id(due.conference_id))])
