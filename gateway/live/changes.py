# SPDX-License-Identifier: Apache-2.0
"""How what a viewer was sent differs from what is: whole parts, and of lists the items.

A change made of the same objects is the same change, made and told once for everybody.
"""

import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from gateway.live.views import Key

T = TypeVar("T")

Parts = Mapping[Key, Any]
"""What a viewer sees: parts by their keys."""


class Change:
    """A part of a viewer that differs from what they were sent.

    Args:
        key: which part.
        now: what it is, for one of those who are told; None when they may not see it any more.
        changed: of a part that is a list: the items that are new or other.
        removed: of a part that is a list: the ids of items that are gone.

    Attributes:
        at: monotonic time (seconds) when it was found.
        told: the change as GraphQL shows it, by when and to whom it was told, once somebody was.
    """

    __slots__ = ("at", "changed", "key", "now", "removed", "told")

    def __init__(self, key: Key, now: Any, changed: tuple[Any, ...] = (), removed: tuple[str, ...] = ()) -> None:
        self.key = key
        self.now = now
        self.changed = changed
        self.removed = removed
        self.at = time.monotonic()
        self.told: dict[Hashable, Any] = {}


class Listed(NamedTuple, Generic[T]):
    """A part that is a list of things with ids; changes name the things that differ.

    Args:
        items: the list.
        id_of: the id of an item.
        rest: what else the part says.
    """

    items: Callable[[T], tuple[Any, ...]]
    id_of: Callable[[Any], str]
    rest: Callable[[T], Hashable]


LISTED: Mapping[str, Listed[Any]] = {
    "polls": Listed(lambda part: part, lambda poll: poll.poll_id, lambda _: None),
    "board": Listed(lambda part: part.cards, lambda card: card.card_id, lambda part: part.open_kinds),
    "sheets": Listed(lambda part: part, lambda sheet: sheet.sheet_id, lambda _: None),
    "chat": Listed(lambda part: part.messages, lambda message: message.message_id, lambda _: None),
    "reports": Listed(lambda part: part, lambda report: report.report_id, lambda _: None),
    "help": Listed(lambda part: part, lambda call: call.call_id, lambda _: None),
}
"""The parts that are lists, by kind."""


class Step(NamedTuple):
    """One change that a viewer is told, and their parts once they have been.

    Args:
        change: what they are told.
        after: their parts of this kind then; nobody may change it, others have the same.
    """

    change: Change
    after: Parts


class Changes:
    """Finds changes; the same change is the same object for all viewers who are told within a moment.

    What comes later is made anew, because a change says when it was told.

    Args:
        listed: the parts that are lists.
        seconds: how long a change is remembered.
    """

    def __init__(self, listed: Mapping[str, Listed[Any]] = LISTED, *, seconds: float = 0.5) -> None:
        self._listed = listed
        self._seconds = seconds
        self._known: dict[Hashable, Change] = {}
        # Objects are known by their identity; what is remembered here keeps them from being used for others.
        self._steps: dict[tuple[int, int], tuple[Parts, Parts, tuple[Step, ...]]] = {}
        self._pairs: dict[Hashable, tuple[Any, Any, Change | None]] = {}

    def begin(self) -> None:
        """Another round of tellings begins: what was compared before is forgotten."""
        self._steps.clear()
        self._pairs.clear()

    def between(self, sent: Parts, now: Parts) -> tuple[Step, ...]:
        """What a viewer must be told, of one kind of parts.

        Args:
            sent: the parts they have.
            now: the parts as they are; what is missing there they may not see any more.
        """
        pair = id(sent), id(now)
        known = self._steps.get(pair)
        if known is None:
            known = self._steps[pair] = (sent, now, self._found(sent, now, frozenset()))
        return known[2]

    def again(self, sent: Parts, now: Parts, keys: frozenset[Key]) -> tuple[Step, ...]:
        """The same, for who is told everything of some parts once more, whether it changed or not.

        Args:
            sent: the parts they have.
            now: the parts as they are.
            keys: the parts that are told once more.
        """
        return self._found(sent, now, keys)

    def _found(self, sent: Parts, now: Parts, again: frozenset[Key]) -> tuple[Step, ...]:
        found, after = [], dict(sent)
        for key in (*now, *(key for key in sent if key not in now)):
            old, new = sent.get(key), now.get(key)
            if old is new and key not in again:
                continue
            change = self._between(key, old, new, again=key in again)
            if change is None:
                continue
            if new is None:
                del after[key]
            else:
                after[key] = new
            found.append(Step(change, dict(after)))
        if found:
            found[-1] = found[-1]._replace(after=now)  # the same, and the object that others have, too
        return tuple(found)

    def _between(self, key: Key, old: Any, new: Any, *, again: bool) -> Change | None:
        pair = (key, id(old), id(new), again)
        known = self._pairs.get(pair)
        if known is None:
            find = self._list if key.kind in self._listed else self._whole
            known = self._pairs[pair] = (old, new, find(key, old, new, again=again))
        return known[2]

    def _whole(self, key: Key, old: Any, new: Any, *, again: bool) -> Change | None:
        return None if old == new and not again else self._one((key, id(new)), Change(key, new))

    def _list(self, key: Key, old: Any, new: Any, *, again: bool) -> Change | None:
        listed = self._listed[key.kind]
        before, items = ({} if part is None else by_id(listed, part) for part in (old, new))
        changed = tuple(
            item for name, item in items.items() if again or (before.get(name) is not item and before.get(name) != item)
        )
        removed = tuple(name for name in before if name not in items)
        was, rest = (None if part is None else (listed.rest(part),) for part in (old, new))
        if not changed and not removed and was == rest:
            return None
        return self._one((key, rest, tuple(map(id, changed)), removed), Change(key, new, changed, removed))

    def _one(self, identity: Hashable, change: Change) -> Change:
        while self._known and change.at - next(iter(self._known.values())).at >= self._seconds:
            del self._known[next(iter(self._known))]
        return self._known.setdefault(identity, change)


def by_id(listed: Listed[Any], part: Any) -> dict[str, Any]:
    """The items of a part that is a list, by their ids."""
    return {listed.id_of(item): item for item in listed.items(part)}
