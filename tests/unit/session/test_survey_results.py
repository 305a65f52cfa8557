# SPDX-License-Identifier: Apache-2.0
"""Whoever compares results, of instants, conferences or items, never has a difference of fewer than five people."""

from collections import Counter
from itertools import combinations
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as some

from services.session.domain.script import WAVES, LocalText, SurveyItem
from services.session.domain.survey import BATCH, due
from services.session.domain.survey_facts import Remark, Sheet, SurveyAnswersCounted
from services.session.methods.survey import changes, changes_of_city, counts, in_batches, of_city, remarks

QUESTION = LocalText(de="Halten wir zusammen?", en="Do we stick together?")
ITEMS = tuple(SurveyItem(key=key, kind="scale", question=QUESTION) for key in ("cohesion", "confidence"))
ASKED = dict.fromkeys(WAVES, ITEMS)
PEOPLE = 40


class City:
    """Conferences in which people answer, sheets are counted as `due` says, and waves are closed."""

    def __init__(self, conferences: int) -> None:
        self.waiting = {(place, wave): [] for place in range(conferences) for wave in WAVES}
        self.counted = Counter()
        self.batches = {place: [] for place in range(conferences)}
        self.closed = {place: frozenset() for place in range(conferences)}

    def answer(self, place, wave, sheet):
        if wave not in self.closed[place]:
            self.waiting[place, wave].append(sheet)
            self.count(place, wave)

    def close(self, place, wave):
        if wave not in self.closed[place]:
            self.count(place, wave, closed=True)
            self.closed[place] |= {wave}

    def count(self, place, wave, *, closed=False):
        waiting = self.waiting[place, wave]
        while size := due(self.counted[place, wave], len(waiting), closed=closed):
            sheets = tuple(waiting[:size])
            texts = tuple(
                Remark(remark_id=f"{place}{wave}{self.counted[place, wave]}{number}", item="good", text="Gut")
                for number, sheet in enumerate(sheets)
                if sheet.values["cohesion"] > 2
            )
            self.batches[place].append(SurveyAnswersCounted(wave=wave, sheets=sheets, remarks=texts))
            self.counted[place, wave] += size
            del waiting[:size]

    def shown(self):
        """Everything that anybody can see, as numbers of people for each value, by what it is about."""
        found = [counts(ASKED, batches) for batches in self.batches.values()]
        changed = [changes(ASKED, self.batches[place], self.closed[place]) for place in self.batches]
        seen = {}
        for place, (ones, steps) in enumerate(zip([*found, of_city(found)], [*changed, changes_of_city(changed)],
                                                  strict=True)):  # fmt: skip
            who = place if place < len(found) else "city"
            seen |= {(who, one.wave, one.item.key): one.counts for one in ones}
            seen |= {(who, one.earlier, one.later, one.item.key): (one.higher, one.same, one.lower) for one in steps}
        for place, batches in self.batches.items():
            for wave, one in remarks(batches, self.closed[place]):
                seen[place, wave, one.item, "remarks"] = (seen.get((place, wave, one.item, "remarks"), (0,))[0] + 1,)
        return seen


evenings = some.integers(0, 2**32).map(Random)


def play(draw, city):
    """Lets people answer each wave once, and closes a wave now and then; yields after each step."""
    done = set()
    for _ in range(200):
        place, wave, person = draw.randrange(3), draw.choice(WAVES[: draw.randint(1, 3)]), draw.randrange(PEOPLE)
        if draw.random() < 0.02:
            city.close(place, wave)
        elif (place, wave, person) not in done:
            done.add((place, wave, person))
            code = f"{place}-{person}" if person % 8 else None
            sheet = Sheet(values={"cohesion": draw.randint(1, 5), "confidence": draw.randint(1, 5)}, code=code)
            city.answer(place, wave, sheet)
        yield


@settings(max_examples=40, deadline=None, derandomize=True)
@given(evenings)
def test_what_somebody_learns_from_looking_again_is_about_nobody_or_five_people(draw):
    city = City(3)
    seen = [city.shown()]
    seen += [city.shown() for _ in play(draw, city)]
    distinct = [one for number, one in enumerate(seen) if number == 0 or one != seen[number - 1]]
    for before, after in combinations(distinct, 2):
        for about in before.keys() | after.keys():
            more = sum(after.get(about, ())) - sum(before.get(about, ()))
            assert more == 0 or more >= BATCH, about


@settings(max_examples=40, deadline=None, derandomize=True)
@given(evenings)
def test_what_is_left_of_the_city_without_some_conferences_is_what_the_others_show(draw):
    city = City(3)
    for _ in play(draw, city):
        pass
    seen = city.shown()
    for about in {one[1:] for one in seen if one[0] == "city"}:
        single = [seen[place, *about] for place in range(3) if (place, *about) in seen]
        assert seen["city", *about] == tuple(map(sum, zip(*single, strict=True)))
        assert all(sum(one) >= BATCH for one in single)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(evenings)
def test_all_items_of_a_wave_are_shown_of_the_same_people(draw):
    city = City(3)
    for _ in play(draw, city):
        pass
    people = {}
    for about, values in city.shown().items():
        if about[-1] in {"cohesion", "confidence"}:
            assert people.setdefault(about[:-1], sum(values)) == sum(values)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(some.lists(some.integers(0, 7), max_size=30))
def test_at_the_close_nobody_is_missing_who_can_be_shown(groups):
    """Fewer than five are left out, and none where ten or more answered."""
    everybody = sum(groups)
    shown = len(in_batches([[None] * size for size in groups], closed=True))
    assert shown == everybody or everybody < 2 * BATCH
    assert everybody - shown < BATCH


def test_the_same_people_are_compared_by_their_codes():
    before = tuple(Sheet(values={"cohesion": 3, "confidence": 3}, code=f"{number}") for number in range(5))
    later = tuple(
        Sheet(values={"cohesion": 3 + (number > 0), "confidence": 2}, code=f"{number}") for number in range(5)
    )
    batches = [SurveyAnswersCounted(wave="before", sheets=before, remarks=()),
               SurveyAnswersCounted(wave="after", sheets=later, remarks=())]  # fmt: skip
    found = {one.item.key: (one.higher, one.same, one.lower) for one in changes(ASKED, batches, frozenset())}
    assert found == {"cohesion": (4, 1, 0), "confidence": (0, 0, 5)}


def test_who_takes_another_ones_code_is_not_compared():
    sheets = tuple(Sheet(values={"cohesion": 3, "confidence": 3}, code="the same") for _ in range(5))
    batches = [SurveyAnswersCounted(wave=wave, sheets=sheets, remarks=()) for wave in ("before", "after")]
    assert changes(ASKED, batches, frozenset(WAVES)) == []
