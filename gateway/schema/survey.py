# SPDX-License-Identifier: Apache-2.0
"""The evaluation: what is asked in which wave, and what people answered, in whole batches of five or more."""

from datetime import datetime
from typing import Annotated

import strawberry

from gateway.schema.relay import global_id
from gateway.schema.scalars import AnswerStatus, ExportFormat, LocalText, SurveyItemKind, SurveyStatus, SurveyWave
from gateway.schema.shape import Shown, computed, graphql_type, show_all, shown
from gateway.schema.stored import part, parts
from gateway.schema.survey_export import exported, rows_of_city, rows_of_conference
from services.contracts import session as contract

FORMAT = Annotated[ExportFormat, strawberry.argument(description="How it is written.")]
COUNTS = "How many people gave each value, from the lowest on"
HIGHER, SAME, LOWER = "How many gave a higher value.", "How many gave the same value.", "How many gave a lower value."


@graphql_type()
class SurveyItem(Shown):
    """One short question, and what people answered in one wave."""

    view: strawberry.Private[contract.SurveyItemView]
    key: str = shown("Its name, the same in all waves and conferences.")
    kind: SurveyItemKind = shown("How it is answered.")
    at_least: int = shown("The lowest value of a scale.")
    at_most: int = shown("The highest value of a scale.")
    counts: list[int] | None = shown(f"{COUNTS}; null: fewer than five people answered, or it takes words.")
    mean: float | None = shown("The mean value; null where `counts` is.")
    remarks: list[str] = shown("What people wrote and staff showed, where five or more wrote something.")

    question = part(LocalText, "question", "What is asked.")
    ends = parts(LocalText, "ends", "What the two ends of a scale mean; or none.")


@graphql_type()
class SurveySheet(Shown):
    """What is asked in one wave."""

    view: strawberry.Private[contract.SurveyWaveView]
    wave: SurveyWave = shown("Which wave.")
    status: SurveyStatus = shown("Whether people may answer.")
    until: datetime | None = shown("Until when; null: that is not known yet.")
    answered: bool | None = shown(
        "Whether one has answered oneself. Null for staff, and once the wave is closed: then nobody knows any more."
    )

    items = parts(SurveyItem, "items", "The questions in their order.")


@graphql_type()
class SurveyChange(Shown):
    """How those who answered in two waves with the same pairing code answered the second time."""

    view: strawberry.Private[contract.SurveyChangeView]
    earlier: SurveyWave = shown("The first of the two waves.")
    later: SurveyWave = shown("The second one.")
    key: str = shown("Name of the item.")
    higher: int = shown(HIGHER)
    same: int = shown(SAME)
    lower: int = shown(LOWER)

    question = part(LocalText, "question", "What is asked.")


@graphql_type()
class Survey(Shown):
    """The evaluation of one conference. Who answered what is known to nobody."""

    view: strawberry.Private[contract.SurveyView]

    code_questions = parts(
        LocalText, "code_questions", "What the app asks to make the pairing code; none: there is no such code."
    )
    sheets = parts(SurveySheet, "waves", "The waves that were opened.")
    changes = parts(SurveyChange, "changes", "What changed from wave to wave, where enough people can be paired.")

    @computed
    def export(self, format: FORMAT = ExportFormat.CSV) -> str:  # noqa: A002 -- what it is
        """The results as a table with a row for each value, the remarks that staff showed included."""
        return exported(rows_of_conference(self.view), format)


@graphql_type()
class SurveyRemark(Shown):
    """What somebody wrote. Who it was is known to nobody."""

    view: strawberry.Private[contract.RemarkView]
    wave: SurveyWave = shown("In which wave.")
    item: str = shown("Name of the item.")
    text: str = shown("The words.")
    status: AnswerStatus = shown("Who sees them.")
    held: bool = shown("Whether the word filter found something that a person should look at.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("SurveyRemark", self.view.remark_id)


@graphql_type()
class CitySurveyItem(Shown):
    """What people answered to one item in one wave: in the whole city."""

    view: strawberry.Private[contract.SurveyResult]
    wave: SurveyWave = shown("In which wave.")
    key: str = shown("Name of the item.")
    at_least: int = shown("The lowest value.")
    counts: list[int] = shown(f"{COUNTS}.")
    mean: float = shown("The mean value.")

    question = part(LocalText, "question", "What is asked.")


@graphql_type()
class CitySurveyChange(Shown):
    """How the answers of the same people changed: in the whole city."""

    view: strawberry.Private[contract.SurveyChange]
    earlier: SurveyWave = shown("The first of the two waves.")
    later: SurveyWave = shown("The second one.")
    key: str = shown("Name of the item.")
    higher: int = shown(HIGHER)
    same: int = shown(SAME)
    lower: int = shown(LOWER)

    question = part(LocalText, "question", "What is asked.")


@graphql_type()
class CitySurvey(Shown):
    """The evaluation of all evenings: the sums of what each conference shows itself."""

    view: strawberry.Private[contract.SurveyResultsView]
    conferences: int = shown("How many conferences have results.")

    @computed
    def results(self) -> list[CitySurveyItem]:
        """What people answered."""
        return show_all(CitySurveyItem, [one for one in self.view.results if one.conference_id is None])

    @computed
    def changes(self) -> list[CitySurveyChange]:
        """What changed from wave to wave."""
        return show_all(CitySurveyChange, [one for one in self.view.changes if one.conference_id is None])

    @computed
    def export(self, format: FORMAT = ExportFormat.CSV) -> str:  # noqa: A002 -- what it is
        """The results of the city and of each conference as a table with a row for each value; no remarks."""
        return exported(rows_of_city(self.view), format)
