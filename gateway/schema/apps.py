# SPDX-License-Identifier: Apache-2.0
"""Apps of others: who answers for them, what they may, which keys they have."""

from datetime import datetime

import strawberry

from gateway.context import context_of
from gateway.schema.permissions import Needs
from gateway.schema.relay import Node, global_id
from gateway.schema.scalars import AppStatus, Scope
from gateway.schema.shape import Shown, computed, graphql_type, show_all, shown
from gateway.schema.usage import FROM, TO, AppUsage, usage_of
from services.contracts import registration as contract

FOR_WHO_APPROVES = Needs(("organiser",), ("admin:registration",), "city")


@graphql_type()
class AppKeyInfo(Shown):
    """One key of an app; its secret is known to nobody but the app."""

    view: strawberry.Private[contract.AppKeyView]
    key_id: str = shown("Which key: 8 hex digits, part of the key itself.")
    expires_at: datetime = shown("When it ends.")
    last_used_on: str | None = shown("The last day it was used, such as `2026-11-07`; null while it is unused.")


@graphql_type(needs=FOR_WHO_APPROVES)
class App(Shown, Node):
    """An app that registered itself, or one that comes with tokens of the city's provider."""

    view: strawberry.Private[contract.AppView]
    name: str = shown("Its name.")
    status: AppStatus = shown("Whether it may use the API.")
    purpose: str | None = shown("What it is for, in the words of who registered it.")
    licence: str | None = shown("Under which licence it passes on what it shows.")
    contact_name: str | None = shown("Who answers for it.")
    contact_email: str | None = shown("Their address.")
    registered_at: datetime = shown("When it was registered, or came for the first time.")

    @computed
    def client_id(self) -> str | None:
        """How the city's provider calls it; null when it registered itself."""
        return self.view.client

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("App", self.view.app_id)

    @computed
    def wanted(self) -> list[Scope]:
        """What it asks to be allowed."""
        return [Scope(scope) for scope in self.view.wanted]

    @computed
    def scopes(self) -> list[Scope]:
        """What it is allowed; of an app of the provider, none is what its tokens say."""
        return [Scope(scope) for scope in self.view.scopes]

    @computed
    def keys(self) -> list[AppKeyInfo]:
        """Its keys, at most two, the older one first."""
        return show_all(AppKeyInfo, self.view.keys)

    @computed
    async def usage(self, info: strawberry.Info, first: FROM = None, last: TO = None) -> AppUsage | None:
        """What it has used of the API, in the last 90 days or fewer of them."""
        return await usage_of(context_of(info), self.view.app_id, first, last)
