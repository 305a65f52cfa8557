# SPDX-License-Identifier: Apache-2.0
"""The ideas service, put together."""

from importlib.resources import files

from services.chassis.service import Service
from services.chassis.settings import load_settings
from services.contracts.registration import ParticipantErased, StaffErased
from services.ideas.adapters.key_service import keys_of_registration
from services.ideas.api import api
from services.ideas.domain.board import BOARD
from services.ideas.domain.cards import CARDS
from services.ideas.domain.challenge import CHALLENGE
from services.ideas.domain.evening import EVENING
from services.ideas.domain.idea import IDEA
from services.ideas.domain.jury import JURY
from services.ideas.domain.problem import PROBLEM, PROPOSALS
from services.ideas.domain.review import REVIEW
from services.ideas.domain.sheet import SHEET
from services.ideas.domain.topics import TOPICS, WISHES
from services.ideas.domain.voting import DOTS, VOTING
from services.ideas.live import tell_changes
from services.ideas.policies import policies, timers
from services.ideas.publishing import publish
from services.ideas.readmodel.boards import BOARDS, CARDS_ON_BOARD
from services.ideas.readmodel.challenges import CHALLENGES
from services.ideas.readmodel.jury_rounds import JURY_ROUNDS, REVIEWS
from services.ideas.readmodel.problems import PREFERENCE_TIMERS, PROBLEMS, VOTINGS
from services.ideas.readmodel.sheets import SHEETS
from services.ideas.readmodel.submitted_ideas import SUBMITTED_IDEAS
from services.ideas.settings import IdeasSettings


def build(settings: IdeasSettings) -> Service:
    """The service with these settings."""
    return Service(
        name="ideas",
        settings=settings,
        deciders=(
            BOARD, CARDS, CHALLENGE, DOTS, EVENING, IDEA, JURY, PROBLEM, PROPOSALS, REVIEW, SHEET, TOPICS, VOTING,
            WISHES,
        ),
        api=api,
        policies=policies,
        publish=publish,
        projections=(
            BOARDS, CARDS_ON_BOARD, CHALLENGES, JURY_ROUNDS, PREFERENCE_TIMERS, PROBLEMS, REVIEWS, SHEETS,
            SUBMITTED_IDEAS, VOTINGS,
        ),
        timers=timers,
        keys=keys_of_registration,
        destroyed_by={ParticipantErased: "participant_id", StaffErased: "staff_id"},
        loops=(tell_changes,),
        migrations=(files("services.ideas") / "migrations",),
    )  # fmt: skip


def main() -> int:
    """Runs the service until SIGTERM; returns the exit status."""
    return build(load_settings(IdeasSettings)).main()


if __name__ == "__main__":
    raise SystemExit(main())
