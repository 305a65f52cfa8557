# SPDX-License-Identifier: Apache-2.0
"""The session service as a process: `quartier serve session`."""

from services.chassis.database import migrations_of
from services.chassis.service import Service
from services.chassis.settings import Settings, load_settings
from services.contracts.registration import ParticipantErased, StaffErased
from services.session.adapters.conduct_text import code_of_conduct
from services.session.adapters.keys import keys_of
from services.session.adapters.script_files import load_scripts
from services.session.api import api
from services.session.domain.ballot import BALLOT
from services.session.domain.chat import CHAT
from services.session.domain.chat_life import CHAT_LIFE
from services.session.domain.groups import GROUPS
from services.session.domain.help import HELP
from services.session.domain.poll import POLL
from services.session.domain.readiness import READINESS
from services.session.domain.reports import REPORT
from services.session.domain.roster import ROSTER
from services.session.domain.session import SESSION
from services.session.domain.steering import STEERING
from services.session.domain.survey import SURVEY
from services.session.domain.survey_sheet import SHEET
from services.session.domain.timetable import TIMETABLE
from services.session.loops import follow_presence, keep_a_planner_warm, tell_of_presence
from services.session.policies import policies
from services.session.polls_api import tell_changed_results
from services.session.publishing import publish
from services.session.readmodel.chat import ANNOUNCEMENT, MESSAGES
from services.session.readmodel.chat_life import CHAT_TIMERS
from services.session.readmodel.desk import DESK
from services.session.readmodel.help import HELP_CALLS
from services.session.readmodel.help_timers import HELP_TIMERS
from services.session.readmodel.places import GROUPINGS, PRESENCE
from services.session.readmodel.polls import POLLS
from services.session.readmodel.readiness import READY
from services.session.readmodel.reports import REPORTS
from services.session.readmodel.sessions import SESSIONS
from services.session.readmodel.survey import SURVEYS
from services.session.readmodel.survey_timers import SURVEY_TIMERS
from services.session.readmodel.timers import SESSION_TIMERS
from services.session.readmodel.timetable import BY_HAND, ORDERS, TURNS
from services.session.settings import SessionSettings
from services.session.timers import timers


def build(settings: Settings) -> Service:
    """The service with these settings.

    Raises:
        BadScript, BadCodeOfConduct: what an evening needs cannot be used; better now than on the evening.
    """
    load_scripts(settings.scripts if isinstance(settings, SessionSettings) else None)
    code_of_conduct(settings)
    return Service(
        name="session",
        settings=settings,
        deciders=(
            SESSION,
            GROUPS,
            ROSTER,
            READINESS,
            POLL,
            BALLOT,
            CHAT,
            CHAT_LIFE,
            HELP,
            REPORT,
            TIMETABLE,
            STEERING,
            SURVEY,
            SHEET,
        ),
        api=api,
        policies=policies,
        publish=publish,
        projections=(
            SESSIONS,
            GROUPINGS,
            PRESENCE,
            READY,
            DESK,
            SESSION_TIMERS,
            POLLS,
            MESSAGES,
            ANNOUNCEMENT,
            CHAT_TIMERS,
            HELP_CALLS,
            HELP_TIMERS,
            REPORTS,
            TURNS,
            ORDERS,
            BY_HAND,
            SURVEYS,
            SURVEY_TIMERS,
        ),
        timers=timers,
        keys=keys_of,
        destroyed_by={ParticipantErased: "participant_id", StaffErased: "staff_id"},
        loops=(follow_presence, keep_a_planner_warm, tell_of_presence, tell_changed_results),
        migrations=(migrations_of("services.session"),),
    )


def main() -> int:
    """Runs until SIGTERM; the exit status."""
    return build(load_settings(SessionSettings)).main()


if __name__ == "__main__":
    raise SystemExit(main())
