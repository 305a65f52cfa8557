# SPDX-License-Identifier: Apache-2.0
"""The script of an evening: its phases, their minutes, tools and prepared polls, as data.

A session keeps the script it was prepared with, so that a city may change its scripts at any time.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

PhaseKind = Literal["plenary", "groups", "break"]
GroupMode = Literal["mix", "topic", "need_offer", "same"]
Tool = Literal["poll", "needs_offers", "values", "problems", "topics", "sheet", "ideas", "survey", "stage"]
Advance = Literal["deadline", "by_hand"]
PollKind = Literal["single", "word_cloud"]

Key = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9-]{0,39}$")]
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class LocalText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text in the languages of the conference."""

    de: Line
    en: Line


class PreparedPoll(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A poll that the moderator opens with one click. `live`: results are drawn while people vote."""

    key: Key
    kind: PollKind
    question: LocalText
    options: tuple[LocalText, ...] = ()
    live: bool = True


class Phase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One phase. `advance`: whether the clock leads on to the next one, or only the moderator."""

    key: Key
    kind: PhaseKind
    title: LocalText
    prompt: LocalText
    minutes: Annotated[int, msgspec.Meta(ge=1, le=180)]
    tools: tuple[Tool, ...] = ()
    group_mode: GroupMode | None = None
    advance: Advance = "deadline"
    polls: tuple[PreparedPoll, ...] = ()


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The agenda of an evening."""

    name: Key
    title: LocalText
    phases: Annotated[tuple[Phase, ...], msgspec.Meta(min_length=1, max_length=40)]

    @property
    def minutes(self) -> int:
        """The length of the evening when every phase takes the time it was given."""
        return sum(phase.minutes for phase in self.phases)

    def poll(self, key: str) -> PreparedPoll | None:
        """The prepared poll with this key, None when the script has none."""
        return next((poll for phase in self.phases for poll in phase.polls if poll.key == key), None)


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
        if phase.polls and "poll" not in phase.tools:
            yield Problem(f"{path}.polls", "a phase with polls needs the tool `poll`")
        if phase.group_mode == "same" and not any(before.kind == "groups" for before in script.phases[:number]):
            yield Problem(f"{path}.group_mode", "no earlier phase has groups that could stay the same")
        for place, poll in enumerate(phase.polls):
            where = f"{path}.polls[{place}]"
            if poll.key in polls:
                yield Problem(f"{where}.key", f"a second poll has the key `{poll.key}`")
            polls.add(poll.key)
            if poll.kind == "single" and not 2 <= len(poll.options) <= 12:
                yield Problem(where, "a single choice has 2 to 12 options")
            if poll.kind == "word_cloud" and poll.options:
                yield Problem(f"{where}.options", "a word cloud has no options")
