# SPDX-License-Identifier: Apache-2.0
"""Messages of the ideas service: from challenge and card to problem, sheet, idea and award.

Each area has a module; all of them are used from here.
"""

# ruff: noqa: F403, I001 -- all there is, in the order in which the schema shows the commands
from services.contracts.ideas.vocabulary import *
from services.contracts.ideas.challenges import *
from services.contracts.ideas.board import *
from services.contracts.ideas.problems import *
from services.contracts.ideas.sheets import *
from services.contracts.ideas.jury import *
from services.contracts.ideas.events import *
