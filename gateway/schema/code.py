# SPDX-License-Identifier: Apache-2.0
"""The code of conduct that residents accept."""

import strawberry

from gateway.schema.scalars import LocalText
from gateway.schema.shape import Shown, graphql_type, shown
from gateway.schema.stored import part, parts
from services.contracts import session as contract


@graphql_type()
class RuleOfConduct(Shown):
    """One rule of the code of conduct."""

    view: strawberry.Private[contract.RuleOfConduct]
    key: str = shown("Name of the rule; commands of staff name it as `code`.")
    text = part(LocalText, "text", "What it says.")


@graphql_type()
class CodeOfConduct(Shown):
    """What residents agree to before they vote, write or sit in groups."""

    view: strawberry.Private[contract.CodeOfConductView]
    version: str = shown("Name of this version of the text; `acceptCodeOfConduct` takes it.")
    rules = parts(RuleOfConduct, "rules", "The rules.")
