# SPDX-License-Identifier: Apache-2.0
"""What is watched of a job: how far it is. All who may watch it see the same."""

from collections.abc import Mapping
from typing import Any

from gateway.live.parts import Look, Views
from gateway.live.views import Key, View
from gateway.live.visibility import Viewer
from services.contracts import registration

PAUSE_SECONDS = 0.5
"""Real seconds between two questions: rows follow each other quickly."""

VIEWS: Mapping[str, View] = {
    "job": View(
        registration.SERVICE,
        lambda job_id, _: registration.GetJob(job_id=job_id),
        (registration.JobChanged,),
        pause=PAUSE_SECONDS,
    ),
}


def wanted(viewer: Viewer, views: Views) -> frozenset[Key]:
    """The one view."""
    return frozenset(map(Key, VIEWS))


def parts(look: Look, views: Views, only: frozenset[str] | None = None) -> dict[Key, Any]:
    """The job; nothing while its service is away."""
    found = views.get(Key("job"))
    return {} if found is None else {Key("job"): found}
