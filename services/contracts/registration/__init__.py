# SPDX-License-Identifier: Apache-2.0
"""Messages of the registration service: who may take part. Each area has a module; all of them are used from here.

`ParticipantId` is the only id of a person outside registration; it is random per person and conference.
Texts about a person travel as `Sealed` in events and opened in answers.
"""

# ruff: noqa: F403, I001 -- all there is, in the order in which the schema shows the commands
from services.contracts.registration.vocabulary import *
from services.contracts.registration.conferences import *
from services.contracts.registration.people import *
from services.contracts.registration.staff import *
from services.contracts.registration.apps import *
from services.contracts.registration.jobs import *
from services.contracts.registration.keys import *
from services.contracts.registration.events import *
