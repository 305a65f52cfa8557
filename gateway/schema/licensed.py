# SPDX-License-Identifier: Apache-2.0
"""The terms under which others may use what everybody may read."""

from typing import ClassVar

import strawberry

from gateway.context import context_of
from gateway.licences import Terms, Works
from gateway.schema.permissions import PUBLIC
from gateway.schema.scalars import LocalText
from gateway.schema.shape import computed, graphql_type, show
from gateway.schema.stored import cached, of_settings


@graphql_type(interfaces=True)
class Licensed:
    """Something public that others may use, under terms that the city has set by whose work it is."""

    WORKS: ClassVar[Works] = "official"

    @cached(3600)
    @of_settings
    @computed(needs=PUBLIC)
    def licence(self, info: strawberry.Info) -> str | None:
        """The licence: identifier of SPDX, or address of its text; null when the city has allowed nothing."""
        terms = _terms(self, info)
        return None if terms is None else terms.licence

    @cached(3600)
    @of_settings
    @computed(needs=PUBLIC)
    def attribution(self, info: strawberry.Info) -> LocalText | None:
        """Who is to be named beside it; null when the city has allowed nothing."""
        terms = _terms(self, info)
        return None if terms is None else show(LocalText, terms)


def _terms(thing: Licensed, info: strawberry.Info) -> Terms | None:
    return context_of(info).licences.get(thing.WORKS)
