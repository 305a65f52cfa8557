# SPDX-License-Identifier: Apache-2.0
"""Who is ready, and who wants more time, in the phase that was spoken of last?"""

from collections.abc import Collection

import msgspec

from services.chassis.decider import Event
from services.chassis.projection import DocumentProjection
from services.chassis.store import Recorded
from services.contracts import session as told
from services.session.domain.readiness import ReadinessSaid, Says


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """What was said last in this run, by group or person."""

    run: int = 0
    said: dict[str, Says] = {}

    def counts(self, run: int, of: Collection[str], groups: Collection[str]) -> told.ReadinessView:
        """The counts of a run.

        Args:
            run: the present one.
            of: the groups that run, outside of groups the people who are here: nobody else counts.
            groups: those of them that are groups.
        """
        said = self.said if self.run == run else {}
        wanting = [one for one in of if said.get(one) == "MORE_TIME"]
        return told.ReadinessView(
            ready=sum(said.get(one) == "READY" for one in of),
            more_time=len(wanting),
            of=len(of),
            groups_wanting_time=tuple(sorted(one for one in wanting if one in groups)),
        )


def _keys(event: Event, recorded: Recorded) -> tuple[str, ...]:
    return (recorded.conference_id.hex,) if isinstance(event, ReadinessSaid) and recorded.conference_id else ()


def _evolve(readiness: Readiness, event: Event, _: Recorded) -> Readiness:
    if not isinstance(event, ReadinessSaid) or event.run < readiness.run:
        return readiness
    said = readiness.said if event.run == readiness.run else {}
    return Readiness(run=event.run, said={**said, event.who: event.says})


READY = DocumentProjection(
    name="readiness", version=1, keys=_keys, initial=lambda _: Readiness(), evolve=_evolve, doc=Readiness
)
