# SPDX-License-Identifier: Apache-2.0
"""How the survey is shown: to everybody of the conference, to those who look at what was written, to the city."""

from collections.abc import Mapping, Sequence

from services.chassis.api import Context
from services.chassis.decider import Refusal
from services.chassis.refusals import NotAllowed
from services.contracts import session as asked
from services.contracts.shared import LocalText as ContractText
from services.session.access import may_see
from services.session.domain.script import LocalText, SurveyItem, Wave
from services.session.domain.session import SESSION
from services.session.domain.session_state import Unprepared
from services.session.domain.survey_facts import Asking, Remark
from services.session.methods.survey import (
    ItemChange,
    ItemCounts,
    changes,
    changes_of_city,
    counts,
    of_city,
    remarks,
)
from services.session.methods.words import is_held
from services.session.readmodel.survey import SURVEYS, SurveyOfConference
from services.session.surveying import keys_of_surveys, wave_id


async def get_survey(request: asked.GetSurvey, ctx: Context) -> asked.SurveyView | Refusal:
    """The waves that were opened, with their items and as much of the answers as may be shown."""
    conference = request.conference_id
    refusal = await may_see(ctx, conference)
    if refusal is not None:
        return refusal
    if request.participant_id not in (None, ctx.actor.id):
        return NotAllowed(needs="oneself")
    document = await SURVEYS.get(ctx.db, conference) or SurveyOfConference()
    session = (await ctx.load(SESSION, conference)).state
    prepared = None if isinstance(session, Unprepared) else session.script.survey
    found = {(one.wave, one.item.key): one for one in _counts(document)}
    told = _told(document)
    waves = []
    for wave, asking in document.survey.waves.items():
        written = [one for of, one in told if of == wave and document.survey.remarks.get(one.remark_id)]
        waves.append(
            asked.SurveyWaveView(
                wave=wave,
                status=asking.status,
                until=asking.until,
                answered=await _answered(ctx, conference, wave, request.participant_id),
                items=tuple(_item(item, found.get((wave, item.key)), written) for item in asking.items),
            )
        )
    return asked.SurveyView(
        conference_id=conference,
        code_questions=() if prepared is None else tuple(_text(question) for question in prepared.code),
        waves=tuple(waves),
        changes=tuple(
            asked.SurveyChangeView(
                earlier=one.earlier, later=one.later, key=one.item.key, question=_text(one.item.question),
                higher=one.higher, same=one.same, lower=one.lower,
            )
            for one in _changes(document)
        ),
    )  # fmt: skip


async def get_remarks(request: asked.GetRemarks, ctx: Context) -> asked.RemarksView:
    """What was written, where enough people wrote; what nobody has looked at comes first."""
    document = await SURVEYS.get(ctx.db, request.conference_id) or SurveyOfConference()
    verdicts = document.survey.remarks
    found = [_remark(wave, one, verdicts.get(one.remark_id)) for wave, one in _told(document)]
    order = ("waiting", "shown", "hidden")
    return asked.RemarksView(
        conference_id=request.conference_id,
        remarks=tuple(sorted(found, key=lambda one: (order.index(one.status), not one.held))),
    )


async def get_survey_results(_: asked.GetSurveyResults, ctx: Context) -> asked.SurveyResultsView:
    """The sums over all conferences, of what each of them shows itself; then each of them."""
    documents = await SURVEYS.all(ctx.db)
    found = {conference: _counts(document) for conference, document in documents.items()}
    changed = {conference: _changes(document) for conference, document in documents.items()}
    return asked.SurveyResultsView(
        conferences=sum(bool(one) for one in found.values()),
        results=(
            *(_result(None, one) for one in of_city(found.values())),
            *(_result(conference, one) for conference, ones in found.items() for one in ones),
        ),
        changes=(
            *(_change(None, one) for one in changes_of_city(changed.values())),
            *(_change(conference, one) for conference, ones in changed.items() for one in ones),
        ),
    )


async def _answered(ctx: Context, conference: str, wave: Wave, person: str | None) -> bool | None:
    """Whether somebody has answered, as long as the wave's key can tell."""
    key = None if person is None else await keys_of_surveys(ctx).load(wave_id(conference, wave))
    if key is None or person is None:
        return None
    return bool(await ctx.repository.store.select_events(key.stream_id(person)))


def _items(document: SurveyOfConference) -> Mapping[Wave, Sequence[SurveyItem]]:
    waves: Mapping[Wave, Asking] = document.survey.waves
    return {wave: asking.items for wave, asking in waves.items()}


def _closed(document: SurveyOfConference) -> frozenset[Wave]:
    return frozenset(wave for wave, asking in document.survey.waves.items() if asking.status == "closed")


def _counts(document: SurveyOfConference) -> list[ItemCounts]:
    return counts(_items(document), document.batches)


def _changes(document: SurveyOfConference) -> list[ItemChange]:
    return changes(_items(document), document.batches, _closed(document))


def _told(document: SurveyOfConference) -> list[tuple[Wave, Remark]]:
    return remarks(document.batches, _closed(document))


def _item(item: SurveyItem, found: ItemCounts | None, written: Sequence[Remark]) -> asked.SurveyItemView:
    return asked.SurveyItemView(
        key=item.key,
        kind=item.kind,
        question=_text(item.question),
        ends=tuple(_text(end) for end in item.ends),
        at_least=item.at_least,
        at_most=item.at_most,
        counts=None if found is None else found.counts,
        mean=None if found is None else found.mean,
        remarks=tuple(one.text for one in written if one.item == item.key),
    )


def _remark(wave: Wave, one: Remark, verdict: bool | None) -> asked.RemarkView:
    status: asked.AnswerStatus = "waiting" if verdict is None else "shown" if verdict else "hidden"
    return asked.RemarkView(
        remark_id=one.remark_id, wave=wave, item=one.item, text=one.text, status=status, held=is_held(one.text)
    )


def _result(conference: str | None, one: ItemCounts) -> asked.SurveyResult:
    return asked.SurveyResult(
        conference_id=conference,
        wave=one.wave,
        key=one.item.key,
        question=_text(one.item.question),
        at_least=one.item.at_least,
        counts=one.counts,
        mean=one.mean,
    )


def _change(conference: str | None, one: ItemChange) -> asked.SurveyChange:
    return asked.SurveyChange(
        conference_id=conference,
        earlier=one.earlier,
        later=one.later,
        key=one.item.key,
        question=_text(one.item.question),
        higher=one.higher,
        same=one.same,
        lower=one.lower,
    )


def _text(text: LocalText) -> ContractText:
    return ContractText(de=text.de, en=text.en)
