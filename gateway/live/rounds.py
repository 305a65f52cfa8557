# SPDX-License-Identifier: Apache-2.0
"""One moment at which all who watch are told: what many of them see alike is looked at once for all."""

from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any

from gateway.live.changes import Parts
from gateway.live.parts import Look, Views
from gateway.live.views import Key

if TYPE_CHECKING:
    from gateway.live.hub import Hub

NOTHING: Parts = {}
"""Of a kind of parts, where a viewer sees none: the same object each time."""


class Round:
    """One telling; it is forgotten before anything changes again.

    Args:
        hub: what is watched.
        kinds: of parts that may have changed; None: all.
        choosing: whether a viewer may need other views than before.
    """

    __slots__ = ("_choosing", "_hub", "_owning", "_seen", "kinds")

    def __init__(self, hub: "Hub", kinds: frozenset[str] | None = None, *, choosing: bool = False) -> None:
        self.kinds = kinds
        self._hub = hub
        self._choosing = choosing
        self._owning: dict[frozenset[str] | None, list[Callable[[Look, Views], bool]] | None] = {}
        self._seen: dict[Hashable, dict[str, Parts]] = {}

    def seen(self, look: Look, standing: Hashable, only: frozenset[str] | None) -> dict[str, Parts]:
        """What a viewer sees, by kind of parts; nobody may change it, others see the same.

        Args:
            look: the viewer.
            standing: how they stand, see `Topic.standing`.
            only: the kinds of parts that are asked for, and found, with nothing in them perhaps; None: all.
        """
        hub = self._hub
        if only not in self._owning:
            self._owning[only] = hub.topic.owning(only)
        owning = self._owning[only]
        if owning is None:
            standing = look.viewer
        else:
            for owns in owning:
                if owns(look, hub.views):
                    standing = look.viewer
                    break
        key = standing, only
        found = self._seen.get(key)
        if found is None:
            if self._choosing:
                hub.want(look.viewer)
            found = self._seen[key] = by_kind(hub.topic.parts(look, hub.views, only), only or ())
        return found


def by_kind(parts: Parts, kinds: Iterable[str] = ()) -> dict[str, Parts]:
    """Parts by their kinds.

    Args:
        parts: by their keys.
        kinds: that are to be found, though there may be none of them.
    """
    found: dict[str, dict[Key, Any]] = {kind: {} for kind in kinds}
    for key, part in parts.items():
        found.setdefault(key.kind, {})[key] = part
    return {kind: some or NOTHING for kind, some in found.items()}
