# SPDX-License-Identifier: Apache-2.0
"""What is watched of a jury round. The ideas service is asked as each viewer: it alone decides who sees which score."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.live.changes import Listed
from gateway.live.parts import Look, Views
from gateway.live.views import Key, View
from gateway.live.visibility import Viewer
from services.chassis.identity import CITY_SCOPE, Actor, Grant
from services.contracts import ideas

PAUSE_SECONDS = 0.5
"""Real seconds between two questions of one viewer."""

ORGANISER = "organiser:"
"""Before the id of a viewer who may see the round without being one of its jurors."""


def _asks(channel: str) -> Actor:
    grants = (Grant("organiser", CITY_SCOPE),) if channel.startswith(ORGANISER) else ()
    return Actor(id=channel.removeprefix(ORGANISER), kind="staff", grants=grants)


VIEWS: Mapping[str, View] = {
    "round": View(
        ideas.SERVICE,
        lambda round_id, _: ideas.GetJuryRound(round_id=round_id),
        (ideas.JuryRoundChanged,),
        asks=_asks,
        pause=PAUSE_SECONDS,
    ),
}

DEPENDS: Mapping[str, frozenset[str]] = {"round": frozenset({"round", "queue"})}

LISTED: Mapping[str, Listed[Any]] = {
    "queue": Listed(lambda part: part, lambda review: review.idea_id, lambda _: None),
}


def _key(viewer: Viewer) -> Key:
    return Key("round", f"{ORGANISER}{viewer.id}" if viewer.staff else viewer.id)


def wanted(viewer: Viewer, views: Views) -> frozenset[Key]:
    """The round as this viewer may see it."""
    return frozenset([_key(viewer)])


def parts(look: Look, views: Views, only: frozenset[str] | None = None) -> dict[Key, Any]:
    """The round without reviews, and the viewer's own reviews."""
    view: ideas.JuryRoundView | None = views.get(_key(look.viewer))
    if view is None:
        return {}
    progress = look.own("round", lambda view: msgspec.structs.replace(view, queue=()), view)
    return {Key("round"): progress, Key("queue"): view.queue}
