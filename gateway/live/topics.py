# SPDX-License-Identifier: Apache-2.0
"""What can be watched: the views it is made of, who sees which part of them, and the subjects that tell of changes.

A subscription field names its topic; the subjects stand in the schema as a directive, and a hub listens to exactly
these. A test holds them against the views and against what the gateway may hear.
"""

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gateway.live import desk, jobs, jury, parts
from gateway.live.changes import LISTED, Listed
from gateway.live.parts import Look, Views
from gateway.live.views import VIEWS, Key, Message, View, bound
from gateway.live.visibility import Viewer
from services.chassis.contract import LiveChange

Parts = dict[Key, Any]

_TOKEN = re.compile(r"[0-9A-Za-z_-]+")
_ARGUMENT = re.compile(r"\{(\w+)\}")


class BadSubject(ValueError):
    """A value that would not be one token of a subject."""


@dataclass(frozen=True, eq=False)
class Topic:
    """One thing that can be watched.

    Args:
        name: for cursors and logs.
        views: what it is made of, by kind.
        subjects: where changes are told, without the prefix; `{argument}` stands for an argument of the field.
        wanted: the views that one viewer's parts are made of.
        parts: what a viewer sees; of the named kinds of parts alone, where some are named.
        depends: the kinds of parts that follow from a kind of views; by default the part of the same name.
        choosing: kinds of views on which it depends which views are wanted.
        standing: how a viewer stands: who stands alike sees alike, but for what is their own. None: they see the
            least; when that turns, every part is looked at.
        standing_on: kinds of views on which it depends how viewers stand.
        alike: the kinds of parts that all who stand alike see alike.
        own: kinds of parts that may be other for a viewer than for all who stand alike, and whether they are; a kind
            that is named neither here nor there is each viewer's own.
        listed: the parts that are lists.
        tallies: kinds of views that change again and again: they are told less often.
        attended: whether whoever watches counts as present at the conference.
    """

    name: str
    views: Mapping[str, View]
    subjects: tuple[str, ...]
    wanted: Callable[[Viewer, Views], frozenset[Key]]
    parts: Callable[[Look, Views, frozenset[str] | None], Parts]
    depends: Mapping[str, frozenset[str]] = field(default_factory=dict)
    choosing: frozenset[str] = frozenset()
    standing: Callable[[Look, Views], Hashable] = lambda *_: ""
    standing_on: frozenset[str] = frozenset()
    alike: frozenset[str] = frozenset()
    own: Mapping[str, Callable[[Look, Views], bool]] = field(default_factory=dict)
    listed: Mapping[str, Listed[Any]] = field(default_factory=dict)
    tallies: frozenset[str] = frozenset()
    attended: bool = False

    @cached_property
    def bound(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """The kinds of views that each message makes out of date, by service and name."""
        return bound(self.views)

    def affected(self, kind: str) -> frozenset[str]:
        """The kinds of parts that follow from a kind of views."""
        return self.depends.get(kind) or frozenset([kind])

    def owning(self, kinds: frozenset[str] | None) -> list[Callable[[Look, Views], bool]] | None:
        """What tells whether a viewer sees some of these kinds of parts otherwise than all who stand alike.

        None: they always may.

        Args:
            kinds: of parts; None: all there are.
        """
        if kinds is None or not kinds <= self.alike | self.own.keys():
            return None
        return [owns for kind, owns in self.own.items() if kind in kinds]


def arguments(subject: str) -> list[str]:
    """The names of the arguments in a subject."""
    return _ARGUMENT.findall(subject)


def rendered(subject: str, prefix: str, values: Mapping[str, str]) -> str:
    """A subject with values in place of its arguments.

    Args:
        subject: as declared.
        prefix: first token of every subject.
        values: by argument.

    Raises:
        BadSubject: a value is not one plain token; a dot or a wildcard would listen to something else.
        KeyError: an argument has no value.
    """

    def value(found: re.Match[str]) -> str:
        text = values[found.group(1)]
        if not _TOKEN.fullmatch(text):
            raise BadSubject(f"{found.group(1)} is not one token of a subject")
        return text

    return f"{prefix}.{_ARGUMENT.sub(value, subject)}"


def told(message: Message) -> str:
    """The subject of one message in all conferences, without the prefix."""
    return f"{'live' if issubclass(message, LiveChange) else 'evt'}.{message.SERVICE}.*.*.{message.__name__}"


def _each(views: Mapping[str, View]) -> tuple[str, ...]:
    return tuple(sorted({told(message) for view in views.values() for message in view.messages}))


CONFERENCE = Topic(
    name="conference",
    views=VIEWS,
    # All of one conference: few subjects however many messages there are.
    subjects=("evt.*.*.{conferenceId}.>", "live.*.*.{conferenceId}.>"),
    wanted=parts.wanted,
    parts=parts.parts,
    depends=parts.DEPENDS,
    choosing=frozenset({"groups"}),
    standing=parts.standing,
    standing_on=parts.STANDING_ON,
    alike=parts.ALIKE,
    own=parts.OWN,
    listed=LISTED,
    tallies=frozenset({"polls", "presence"}),
    attended=True,
)
"""One conference, for those who take part in it."""

DESK = Topic(
    name="desk",
    views=desk.VIEWS,
    subjects=_each(desk.VIEWS),
    wanted=desk.wanted,
    parts=desk.parts,
    alike=frozenset(desk.VIEWS),
    listed=desk.LISTED,
    tallies=frozenset(desk.VIEWS),
)
"""All conferences at a glance, for the city."""

JURY_ROUND = Topic(
    name="jury_round",
    views=jury.VIEWS,
    subjects=("live.ideas.*.{roundId}.JuryRoundChanged",),
    wanted=jury.wanted,
    parts=jury.parts,
    depends=jury.DEPENDS,
    listed=jury.LISTED,
    tallies=frozenset(jury.VIEWS),
)
"""One jury round, for its jurors and organisers: each sees what the ideas service shows them."""

JOB = Topic(
    name="job",
    views=jobs.VIEWS,
    subjects=("live.registration.*.{jobId}.JobChanged",),
    wanted=jobs.wanted,
    parts=jobs.parts,
    alike=frozenset(jobs.VIEWS),
    tallies=frozenset(jobs.VIEWS),
)
"""One job, for organisers of the city."""

TOPICS = (CONFERENCE, DESK, JURY_ROUND, JOB)
