# SPDX-License-Identifier: Apache-2.0
"""Registration as a process: `quartier serve registration`."""

from services.chassis.database import migrations_of
from services.chassis.keys import Keys
from services.chassis.service import Runtime, Service
from services.chassis.settings import Settings, load_settings
from services.contracts.registration import ParticipantErased, StaffErased
from services.registration.adapters.local_issuer import local_routes
from services.registration.adapters.office import office_of
from services.registration.adapters.outbox import send_mails
from services.registration.api import api
from services.registration.domain.app import APP
from services.registration.domain.conference import CONFERENCE
from services.registration.domain.district import DISTRICT
from services.registration.domain.four_eyes import FOUR_EYES
from services.registration.domain.job import JOB
from services.registration.domain.series import SERIES
from services.registration.domain.staff import STAFF_MEMBER
from services.registration.jobs_run import run_jobs
from services.registration.live import tell_changes
from services.registration.policies import policies
from services.registration.publishing import publish
from services.registration.readmodel.app_mails import APP_MAILS
from services.registration.readmodel.apps import APPS
from services.registration.readmodel.conferences import CONFERENCES
from services.registration.readmodel.deadlines import DEADLINES
from services.registration.readmodel.districts import DISTRICTS
from services.registration.readmodel.forgotten import FORGOTTEN
from services.registration.readmodel.jobs import JOBS
from services.registration.readmodel.mails import MAILS
from services.registration.readmodel.revocations import REVOCATIONS
from services.registration.readmodel.staff_roles import STAFF_ROLES
from services.registration.settings import RegistrationSettings
from services.registration.timers import timers

run_jobs(timers, api)


def _keys(runtime: Runtime) -> Keys:
    return Keys(office_of(runtime.db, runtime.settings).vault.keys)


def build(settings: Settings) -> Service:
    """The service with these settings."""
    return Service(
        name="registration",
        settings=settings,
        deciders=(DISTRICT, SERIES, CONFERENCE, STAFF_MEMBER, APP, JOB, FOUR_EYES),
        api=api,
        policies=policies,
        publish=publish,
        projections=(
            DISTRICTS,
            CONFERENCES,
            STAFF_ROLES,
            DEADLINES,
            MAILS,
            FORGOTTEN,
            APPS,
            APP_MAILS,
            REVOCATIONS,
            JOBS,
        ),
        timers=timers,
        keys=_keys,
        destroyed_by={ParticipantErased: "participant_id", StaffErased: "staff_id"},
        loops=(send_mails, tell_changes),
        routes=local_routes,
        migrations=(migrations_of("services.registration"),),
    )


def main() -> int:
    """Runs until SIGTERM; the exit status."""
    return build(load_settings(RegistrationSettings)).main()


if __name__ == "__main__":
    raise SystemExit(main())
