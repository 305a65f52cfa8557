# SPDX-License-Identifier: Apache-2.0
"""Messages of the session service: the evening itself. Each area has a module; all of them are used from here.

`run` counts the entries into phases of one session, so that "the phase I saw" has one meaning even after going back.
"""

# ruff: noqa: F403, I001 -- all there is, in the order in which the schema shows the commands
from services.contracts.session.vocabulary import *
from services.contracts.session.evening import *
from services.contracts.session.polls import *
from services.contracts.session.people import *
from services.contracts.session.help import *
from services.contracts.session.chat import *
from services.contracts.session.events import *
