# SPDX-License-Identifier: Apache-2.0
"""One moment at which all who watch are told: what many of them see alike is looked at once for all."""

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from gateway.live.parts import Look, Views
from gateway.live.views import Key

if TYPE_CHECKING:
    from gateway.live.hub import Hub


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
        self._owning: dict[frozenset[str] | None, list[Callable[[Look, Views], bool]]] = {}
        self._seen: dict[Hashable, dict[Key, Any]] = {}

    def seen(self, look: Look, standing: Hashable, only: frozenset[str] | None) -> dict[Key, Any]:
        """What a viewer sees; nobody may change it, others see the same.

        Args:
            look: the viewer.
            standing: how they stand, see `Topic.standing`.
            only: the kinds of parts that are asked for; None: all.
        """
        hub = self._hub
        owning = self._owning.get(only)
        if owning is None:
            owning = [owns for kind, owns in hub.topic.own.items() if only is None or kind in only]
            self._owning[only] = owning
        for owns in owning:
            if owns(look, hub.views):
                standing = look.viewer
                break
        key = standing, only
        found = self._seen.get(key)
        if found is None:
            if self._choosing:
                hub.want(look.viewer)
            found = self._seen[key] = hub.topic.parts(look, hub.views, only)
        return found
