# SPDX-License-Identifier: Apache-2.0
"""What the counted answers of a survey say together: batches in, sums out, of whole batches only."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

import msgspec

from services.session.domain.script import SurveyItem, Wave
from services.session.domain.survey import due
from services.session.domain.survey_facts import Remark, Sheet, SurveyAnswersCounted

T = TypeVar("T")

COMPARED: Final[tuple[tuple[Wave, Wave], ...]] = (("before", "after"), ("before", "follow_up"), ("after", "follow_up"))


class ItemCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How often each value of a scale was given in one wave, from its lowest value on."""

    wave: Wave
    item: SurveyItem
    counts: tuple[int, ...]

    @property
    def answers(self) -> int:
        """How many people answered."""
        return sum(self.counts)

    @property
    def mean(self) -> float:
        """The mean value."""
        total = sum(value * count for value, count in enumerate(self.counts, self.item.at_least))
        return total / self.answers


class ItemChange(msgspec.Struct, frozen=True, kw_only=True):
    """How many people answered an item higher, the same, or lower in a later wave than in an earlier one."""

    earlier: Wave
    later: Wave
    item: SurveyItem
    higher: int
    same: int
    lower: int


class Wording(NamedTuple):
    """What must be the same so that answers of two waves or conferences can be put together."""

    key: str
    at_least: int
    at_most: int


def wording(item: SurveyItem) -> Wording:
    """What must be the same of a scale."""
    return Wording(item.key, item.at_least, item.at_most)


def in_batches(groups: Iterable[Sequence[T]], *, closed: bool) -> list[T]:
    """Those of many that may be shown, where more come and none go: as `due` says, in the order in which they came.

    Args:
        groups: those that came together.
        closed: whether none will come any more.
    """
    shown: list[T] = []
    waiting: list[T] = []
    for group in groups:
        waiting += group
        while count := due(len(shown), len(waiting), closed=False):
            shown += waiting[:count]
            del waiting[:count]
    return shown + (waiting if closed and due(len(shown), len(waiting), closed=True) else [])


def counts(items: Mapping[Wave, Sequence[SurveyItem]], batches: Sequence[SurveyAnswersCounted]) -> list[ItemCounts]:
    """The sums of all scales; nothing of waves without a batch.

    Args:
        items: of each wave.
        batches: what was counted, in the order of the log.
    """
    found = []
    for wave, asked in items.items():
        sheets = [sheet for batch in batches if batch.wave == wave for sheet in batch.sheets]
        for item in asked if sheets else ():
            if item.kind == "scale":
                given = Counter(sheet.values[item.key] for sheet in sheets)
                values = range(item.at_least, item.at_most + 1)
                found.append(ItemCounts(wave=wave, item=item, counts=tuple(given[value] for value in values)))
    return found


def changes(
    items: Mapping[Wave, Sequence[SurveyItem]], batches: Sequence[SurveyAnswersCounted], closed: frozenset[Wave]
) -> list[ItemChange]:
    """How the answers of the same people changed from wave to wave, of whole batches of people.

    Levels of those people are not told: they would be sums over parts of batches.

    Args:
        items: of each wave.
        batches: what was counted, in the order of the log.
        closed: waves in which nothing more is counted.
    """
    found = []
    for earlier, later in COMPARED:
        both = {wording(item) for item in items.get(later, ()) if item.kind == "scale"}
        asked = [item for item in items.get(earlier, ()) if item.kind == "scale" and wording(item) in both]
        pairs = in_batches(_pairs(batches, earlier, later), closed={earlier, later} <= closed)
        for item in asked if pairs else ():
            steps = [second.values[item.key] - first.values[item.key] for first, second in pairs]
            higher, lower = sum(step > 0 for step in steps), sum(step < 0 for step in steps)
            same = len(steps) - higher - lower
            found.append(ItemChange(earlier=earlier, later=later, item=item, higher=higher, same=same, lower=lower))
    return found


def _pairs(batches: Sequence[SurveyAnswersCounted], earlier: Wave, later: Wave) -> Iterator[list[tuple[Sheet, Sheet]]]:
    """The pairs that each batch completes. Where two people have the same code, the first one counts."""
    seen: dict[Wave, dict[str, Sheet]] = {earlier: {}, later: {}}
    for batch in batches:
        if batch.wave not in seen:
            continue
        completed = []
        other = seen[later if batch.wave == earlier else earlier]
        for sheet in batch.sheets:
            if sheet.code is None or sheet.code in seen[batch.wave]:
                continue
            seen[batch.wave][sheet.code] = sheet
            if sheet.code in other:
                pair = (sheet, other[sheet.code])
                completed.append(pair if batch.wave == earlier else (pair[1], pair[0]))
        yield completed


def remarks(batches: Sequence[SurveyAnswersCounted], closed: frozenset[Wave]) -> list[tuple[Wave, Remark]]:
    """What was written to each item of each wave, where enough people wrote something."""
    found: list[tuple[Wave, Remark]] = []
    for wave, item in dict.fromkeys((batch.wave, one.item) for batch in batches for one in batch.remarks):
        written = ([one for one in batch.remarks if one.item == item] for batch in batches if batch.wave == wave)
        found += [(wave, one) for one in in_batches(written, closed=wave in closed)]
    return found


def of_city(conferences: Iterable[Iterable[ItemCounts]]) -> list[ItemCounts]:
    """The sums over conferences: of what each of them shows itself, so that nothing is left when one is subtracted."""
    sums: dict[tuple[Wave, Wording], ItemCounts] = {}
    for found in conferences:
        for one in found:
            key = (one.wave, wording(one.item))
            known = sums.get(key)
            added = one.counts if known is None else tuple(map(sum, zip(known.counts, one.counts, strict=True)))
            sums[key] = msgspec.structs.replace(known or one, counts=added)
    return list(sums.values())


def changes_of_city(conferences: Iterable[Iterable[ItemChange]]) -> list[ItemChange]:
    """The sums over conferences, as in `of_city`."""
    sums: dict[tuple[Wave, Wave, Wording], ItemChange] = {}
    for found in conferences:
        for one in found:
            key = (one.earlier, one.later, wording(one.item))
            known = sums.get(key)
            sums[key] = (
                one
                if known is None
                else msgspec.structs.replace(
                    known, higher=known.higher + one.higher, same=known.same + one.same, lower=known.lower + one.lower
                )
            )
    return list(sums.values())
