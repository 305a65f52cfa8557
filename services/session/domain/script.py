# SPDX-License-Identifier: Apache-2.0
"""The script of an evening: its phases, their minutes, tools and prepared polls, as data.

A session keeps the script it was prepared with, whole, so that a city may change its scripts at any time.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Final, Literal, assert_never

import msgspec
from msgspec import Meta

PhaseKind = Literal["plenary", "groups", "break"]
GroupMode = Literal["mix", "topic", "need_offer", "same"]
Tool = Literal["poll", "needs_offers", "values", "problems", "topics", "sheet", "ideas", "survey", "stage"]
Advance = Literal["deadline", "by_hand", "ready_share"]
ChatChannel = Literal["plenary", "group"]
PollKind = Literal["single", "multiple", "scale", "ranking", "number", "word_cloud", "open", "mood"]

Wave = Literal["before", "after", "follow_up"]
WAVES: Final[tuple[Wave, ...]] = ("before", "after", "follow_up")

Key = Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{0,39}$")]
Line = Annotated[str, Meta(min_length=1, max_length=500)]


class LocalText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text in the languages of the conference."""

    de: Line
    en: Line


class PreparedPoll(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A poll that the moderator opens with one click."""

    key: Annotated[Key, Meta(description="Name of the poll, of no other in the script.")]
    kind: Annotated[
        PollKind,
        Meta(
            description="One option or several, a value of a scale, options in order, a number, words, an open "
            "question, or how people feel."
        ),
    ]
    question: Annotated[LocalText, Meta(description="What is asked.")]
    options: Annotated[
        tuple[LocalText, ...],
        Meta(description="Of a choice or ranking: 2 to 12. Of a scale: what its two ends mean, or none. Else none."),
    ] = ()
    live: Annotated[
        bool, Meta(description="Whether results are drawn while people vote; if not, when the moderator reveals them.")
    ] = True
    at_least: Annotated[
        int | None,
        Meta(description="Fewest options of a ballot (`multiple`, `ranking`); lowest value (`scale`, `number`)."),
    ] = None
    at_most: Annotated[
        int | None,
        Meta(description="Most options of a ballot (`multiple`, `ranking`); highest value (`scale`, `number`)."),
    ] = None

    @property
    def bounds(self) -> tuple[int, int] | None:
        """The fewest and most options of a ballot, or its lowest and highest value; None of other kinds."""
        match self.kind:
            case "multiple" | "ranking":
                low, high = 1, len(self.options)
            case "scale":
                low, high = 1, 5
            case "number":
                low, high = 0, 100
            case "single" | "word_cloud" | "open" | "mood":
                return None
            case _:
                assert_never(self.kind)
        return low if self.at_least is None else self.at_least, high if self.at_most is None else self.at_most

    def problems(self) -> Iterator["Problem"]:
        """What the types alone cannot say about it; paths begin at the poll: `options`."""
        choice = self.kind in {"single", "multiple", "ranking"}
        if choice and not 2 <= len(self.options) <= 12:
            yield Problem("options", f"{CALLED[self.kind]} has 2 to 12 options")
        if self.kind == "scale" and len(self.options) not in {0, 2}:
            yield Problem("options", "a scale has two options, which say what its ends mean, or none")
        if not choice and self.kind != "scale" and self.options:
            yield Problem("options", f"{CALLED[self.kind]} has no options")
        if len({option.de for option in self.options}) < len(self.options):
            yield Problem("options", "two options are the same")
        if self.bounds is None:
            if self.at_least is not None or self.at_most is not None:
                yield Problem("at_least", f"{CALLED[self.kind]} has no bounds")
            return
        low, high = self.bounds
        field = "at_most" if self.at_most is not None else "at_least"
        if choice and not 1 <= low <= high <= len(self.options):
            yield Problem(field, "a ballot has one option or more and all at most, the fewest not above the most")
        if self.kind == "scale" and not (0 <= low < high <= 10):
            yield Problem(field, "a scale goes up, from 0 or more to 10 or less")
        if self.kind == "number" and not (-WIDEST <= low < high <= WIDEST):
            yield Problem(field, f"numbers go up, from -{WIDEST} or more to {WIDEST} or less")


CALLED: Mapping[PollKind, str] = {
    "single": "a single choice", "multiple": "a multiple choice", "scale": "a scale", "ranking": "a ranking",
    "number": "a number", "word_cloud": "a word cloud", "open": "an open question", "mood": "a mood",
}  # fmt: skip
"""What sentences call the kinds of polls."""

WIDEST = 1_000_000_000
"""No number that people are asked for is farther from nought."""


class Phase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One phase of the evening."""

    key: Annotated[Key, Meta(description="Name of the phase, of no other in the script; apps know it by this name.")]
    kind: Annotated[PhaseKind, Meta(description="All together, in small groups, or nobody.")]
    title: Annotated[LocalText, Meta(description="What the phase is called on the screen.")]
    prompt: Annotated[LocalText, Meta(description="The question or task that people see all the time.")]
    minutes: Annotated[int, Meta(ge=1, le=180, description="How long it takes when nobody extends it.")]
    tools: Annotated[tuple[Tool, ...], Meta(description="What is open as long as the phase lasts.")] = ()
    group_mode: Annotated[
        GroupMode | None,
        Meta(
            description="Of groups: how they are formed. `same`: as in an earlier phase (`like`), else as in the "
            "last one with groups."
        ),
    ] = None
    like: Annotated[
        Key | None,
        Meta(description="With `group_mode: same`: the earlier phase whose groups come back, with who is here."),
    ] = None
    group_size: Annotated[
        int, Meta(ge=3, le=5, description="Of groups: around how many people they have; three to five in any case.")
    ] = 4
    steps: Annotated[
        tuple[LocalText, ...],
        Meta(
            max_length=8,
            description="Of groups: what a group does that no mentor accompanies, one step after the other.",
        ),
    ] = ()
    advance: Annotated[
        Advance,
        Meta(
            description="Whether the clock leads on at the deadline, only the moderator does, or the clock does when "
            "enough are ready (`ready_percent`), at the deadline at the latest."
        ),
    ] = "deadline"
    ready_percent: Annotated[
        int,
        Meta(ge=1, le=100, description="With `advance: ready_share`: the share that is enough."),
    ] = 80
    soft_close_seconds: Annotated[
        int, Meta(ge=0, le=300, description="So long people may finish when the time is up, or somebody pressed next.")
    ] = 0
    polls: Annotated[tuple[PreparedPoll, ...], Meta(description="With the tool `poll`.")] = ()
    chat: Annotated[
        tuple[ChatChannel, ...],
        Meta(description="Where people can write meanwhile; `[]`: nowhere. Staff can always write to each other."),
    ] = ("plenary", "group")


class SurveyItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One short question of the evaluation."""

    key: Annotated[Key, Meta(description="Name of the item, of no other in the survey; a city adds up by it.")]
    kind: Annotated[Literal["scale", "text"], Meta(description="A value, which everybody gives, or words, if any.")]
    question: Annotated[LocalText, Meta(description="What is asked.")]
    ends: Annotated[tuple[LocalText, ...], Meta(description="Of a scale: what its two ends mean, or none.")] = ()
    at_least: Annotated[int, Meta(ge=0, le=10, description="The lowest value of a scale.")] = 1
    at_most: Annotated[int, Meta(ge=0, le=10, description="The highest value of a scale.")] = 5
    waves: Annotated[
        tuple[Wave, ...],
        Meta(min_length=1, description="When it is asked: before the evening, after it, months later."),
    ] = WAVES


class PreparedSurvey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The anonymous evaluation of the evening."""

    items: Annotated[tuple[SurveyItem, ...], Meta(min_length=1, max_length=12, description="In their order.")]
    code: Annotated[
        tuple[LocalText, ...],
        Meta(
            max_length=6,
            description="What people are asked whose answers make their code: things that only they know and do not "
            "forget. The code pairs their answers before and after; without questions there is none.",
        ),
    ] = ()
    open_hours: Annotated[int, Meta(ge=1, le=336, description="So long after the evening people may answer.")] = 48

    def asked(self, wave: Wave) -> tuple[SurveyItem, ...]:
        """The items of one wave."""
        return tuple(item for item in self.items if wave in item.waves)

    @property
    def open_for(self) -> timedelta:
        """So long after the evening people may answer."""
        return timedelta(hours=self.open_hours)

    def problems(self) -> Iterator["Problem"]:
        """What the types alone cannot say about it; paths begin at the survey: `items[0].key`."""
        keys: set[str] = set()
        for number, item in enumerate(self.items):
            path = f"items[{number}]"
            if item.key in keys:
                yield Problem(f"{path}.key", f"a second item has the key `{item.key}`")
            keys.add(item.key)
            if item.kind == "scale" and not item.at_least < item.at_most:
                yield Problem(f"{path}.at_least", "a scale goes up")
            if item.ends and (item.kind != "scale" or len(item.ends) != 2):
                yield Problem(f"{path}.ends", "a scale has two ends, and a text has none")
        if self.asked("follow_up") and not self.asked("after"):
            yield Problem("items", "what is asked months later follows what was asked after the evening")
        for wave in WAVES:
            if self.asked(wave) and not any(item.kind == "scale" for item in self.asked(wave)):
                yield Problem("items", f"a text alone cannot be asked in the wave `{wave}`: it needs a scale beside it")


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The agenda of an evening."""

    name: Annotated[Key, Meta(description="The name of the file without its ending; a series names its script by it.")]
    version: Annotated[int, Meta(ge=1, description="Goes up with each change that evenings should tell apart.")] = 1
    title: Annotated[LocalText, Meta(description="What the script is called.")]
    code_of_conduct: Annotated[
        bool, Meta(description="Whether residents accept the code of conduct before they vote, write or sit in groups.")
    ] = False
    phases: Annotated[tuple[Phase, ...], Meta(min_length=1, max_length=40, description="In their order.")]
    survey: Annotated[
        PreparedSurvey | None,
        Meta(description="Asked before the evening, with the tool `survey`, and later."),
    ] = None

    @property
    def minutes(self) -> int:
        """The length of the evening when every phase takes the time it was given."""
        return sum(phase.minutes for phase in self.phases)

    def poll(self, key: str) -> PreparedPoll | None:
        """The prepared poll with this key, None when the script has none."""
        return next((poll for phase in self.phases for poll in phase.polls if poll.key == key), None)


FORMED_FROM: Mapping[GroupMode, Tool] = {"topic": "topics", "need_offer": "needs_offers"}
"""The tool with which people say what groups of a mode are formed from."""


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with a script: `path` such as `$.phases[2].group_mode`, and a sentence."""

    path: str
    text: str


def problems(script: Script) -> Iterator[Problem]:
    """What the types alone cannot say about a script; nothing when it can be used."""
    phases: set[str] = set()
    polls: set[str] = set()
    for number, phase in enumerate(script.phases):
        path = f"$.phases[{number}]"
        if phase.key in phases:
            yield Problem(f"{path}.key", f"a second phase has the key `{phase.key}`")
        phases.add(phase.key)
        if (phase.kind == "groups") != (phase.group_mode is not None):
            yield Problem(f"{path}.kind", "a phase of kind `groups` has a `group_mode`, and no other phase has one")
        if len(set(phase.tools)) != len(phase.tools):
            yield Problem(f"{path}.tools", "a tool is named twice")
        if len(set(phase.chat)) != len(phase.chat):
            yield Problem(f"{path}.chat", "a channel is named twice")
        if phase.polls and "poll" not in phase.tools:
            yield Problem(f"{path}.polls", "a phase with polls needs the tool `poll`")
        if phase.steps and phase.kind != "groups":
            yield Problem(f"{path}.steps", "only a phase of kind `groups` has steps")
        if "survey" in phase.tools and script.survey is None:
            yield Problem(f"{path}.tools", "a phase with the tool `survey` needs the script's `survey`")
        before = script.phases[:number]
        yield from _like(phase, path, [earlier.key for earlier in before if earlier.kind == "groups"])
        for mode, tool in FORMED_FROM.items():
            if phase.group_mode == mode and not any(tool in earlier.tools for earlier in before):
                yield Problem(
                    f"{path}.group_mode", f"no earlier phase has the tool `{tool}`, which they are formed from"
                )
        for place, poll in enumerate(phase.polls):
            where = f"{path}.polls[{place}]"
            if poll.key in polls:
                yield Problem(f"{where}.key", f"a second poll has the key `{poll.key}`")
            polls.add(poll.key)
            for problem in poll.problems():
                yield Problem(f"{where}.{problem.path}", problem.text)
    for problem in () if script.survey is None else script.survey.problems():
        yield Problem(f"$.survey.{problem.path}", problem.text)


def _like(phase: Phase, path: str, earlier: Sequence[str]) -> Iterator[Problem]:
    """What is wrong with groups that come back; `earlier` are the keys of the phases with groups before this one."""
    if phase.group_mode != "same":
        if phase.like is not None:
            yield Problem(f"{path}.like", "only a phase with `group_mode: same` has it")
    elif not earlier:
        yield Problem(f"{path}.group_mode", "no earlier phase has groups that could stay the same")
    elif phase.like is not None and phase.like not in earlier:
        yield Problem(f"{path}.like", f"no earlier phase with groups has the key `{phase.like}`")
