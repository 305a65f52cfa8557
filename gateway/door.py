# SPDX-License-Identifier: Apache-2.0
"""Who is let in, over HTTP and WebSocket alike: token, document, price, and the context their operation gets."""

import asyncio
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import orjson
from graphql import ExecutionResult, OperationType

from gateway.backends import Backends
from gateway.context import Context
from gateway.execution.engine import Engine, Stream
from gateway.execution.errors import formatted
from gateway.execution.faults import note_traces
from gateway.execution.observe import Observed, observing, turned_away
from gateway.execution.params import Params, Rejected
from gateway.execution.registry import Operation
from gateway.execution.spent import spent
from gateway.identity import BadToken, Identity, IssuerAway, Login
from gateway.licences import Licences
from gateway.limits.budget import REJECTED, Account, Budget, Paid
from gateway.schema.relay import Signer
from gateway.usage.tally import Tallies
from services.chassis.clock import Clock
from services.chassis.identity import ANONYMOUS

if TYPE_CHECKING:
    from gateway.live.hubs import Hubs


class Turned(Exception):
    """A client that is not let in.

    Args:
        status: of the HTTP response.
        code: for `extensions.code`.
        reason: for developers.
        headers: of the HTTP response.
        facts: further extensions.
    """

    def __init__(
        self,
        status: int,
        code: str,
        reason: str,
        headers: Mapping[str, str] | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.code = code
        self.reason = reason
        self.headers = headers or {}
        self.facts = facts or {}


class Admitted(NamedTuple):
    """An operation that was let in and paid for.

    Args:
        operation: to be executed.
        account: of who asks.
        paid: what was taken for it.
        address: from where it was asked for.
    """

    operation: Operation
    account: Account
    paid: Paid
    address: str


class Answered(NamedTuple):
    """What became of a query or mutation.

    Args:
        result: of its execution; None: it was written before.
        written: the result as JSON, where it was.
        paid: what it cost in the end.
        stale: the services whose answers are older than the client asked for.
    """

    result: ExecutionResult | None
    written: bytes
    paid: Paid
    stale: frozenset[str] = frozenset()

    @property
    def never_ran(self) -> bool:
        """Whether an error came before execution: wrong variables."""
        result = self.result
        return (
            result is not None
            and result.data is None
            and bool(result.errors)
            and all(error.path is None for error in result.errors or ())
        )

    def body(self, requested: Paid | None) -> bytes:
        """The result as JSON.

        Args:
            requested: what was taken for the operation, where the client wants to be told what it cost.
        """
        if self.result is None:
            return self.written
        body = formatted(self.result)
        if self.never_ran:
            del body["data"]
        extensions: dict[str, object] = {"stale": sorted(self.stale)} if self.stale else {}
        if requested is not None:
            extensions["cost"] = {**self.paid.extension(), "requested": requested.cost, "actual": self.paid.cost}
        if extensions:
            body["extensions"] = extensions
        return orjson.dumps(body)


class Door:
    """One door of the API.

    Args:
        engine: executes operations.
        identity: verifies tokens.
        backends: the services.
        signer: makes cursors.
        clock: domain time.
        hubs: the live conferences.
        budget: the points of the clients.
        slow_seconds: real time from which on an operation is logged as slow.
        tallies: counts what apps use; None: nobody could write it down.
        licences: the city's terms for public data.
        metadata: where the API tells apps about tokens for it (RFC 9728).
    """

    def __init__(
        self,
        *,
        engine: Engine,
        identity: Identity,
        backends: Backends,
        signer: Signer,
        clock: Clock,
        hubs: "Hubs",
        metadata: str,
        budget: Budget,
        slow_seconds: float = 1.0,
        tallies: Tallies | None = None,
        licences: Licences = MappingProxyType({}),
    ) -> None:
        self.engine = engine
        self.identity = identity
        self._backends = backends
        self._signer = signer
        self._clock = clock
        self._hubs = hubs
        self._metadata = metadata
        self._budget = budget
        self._slow_seconds = slow_seconds
        self._tallies = tallies
        self._licences = licences

    @property
    def watches(self) -> bool:
        """Whether there is something to subscribe to."""
        return self.engine.schema.subscription_type is not None

    async def login(self, authorization: str | None, address: str, transport: str) -> Login:
        """Who a token stands for.

        Args:
            authorization: `Bearer` and the token; None: somebody without one.
            address: from where. It pays for looking at a token that is not known, until that turns out to be good.
            transport: `http`, `websocket` or `sse`.

        Raises:
            Turned: nobody.
        """
        account = self._budget.stranger(address)
        paid: Paid | None = None

        def pay() -> None:
            nonlocal paid
            paid = _taken(account, REJECTED, transport)

        try:
            login = await self.identity.authenticate(authorization, pay)
        except BadToken as error:
            if paid is None:
                pay()
            challenge = f'Bearer error="invalid_token", resource_metadata="{self._metadata}"'
            raise Turned(401, "UNAUTHENTICATED", str(error), {"WWW-Authenticate": challenge}) from None
        except IssuerAway:
            raise Turned(503, "ISSUER_AWAY", "tokens cannot be verified now", {"Retry-After": "1"}) from None
        if paid is not None:
            account.refund(paid, 0)
        return login

    def charge(self, address: str, transport: str) -> None:
        """Takes points for what was read in vain: a body that is no request.

        Args:
            address: from where it came.
            transport: `http`, `websocket` or `sse`.

        Raises:
            Turned: there are not enough now, which is answered instead.
        """
        _taken(self._budget.account(ANONYMOUS, address), REJECTED, transport)

    def admit(self, login: Login, address: str, params: Params, transport: str) -> Admitted:
        """The operation that a request asks for, paid with points of the client.

        Args:
            login: who asks.
            address: from where; clients without a token pay by it.
            params: the request.
            transport: `http`, `websocket` or `sse`.

        Raises:
            Rejected: the operation is not executed.
            Turned: the client has not enough points now.
        """
        tally = self._tallies.of(login) if self._tallies is not None else None
        account = self._budget.account(login.actor, address, login.client, tally)
        paid = _taken(account, 1, transport)  # before anything is read: reading, too, is work
        account.began()
        try:
            operation = self.engine.operation(params)
            cost = self.engine.registry.cost(operation, params.variables)
        except Rejected as error:
            account.spend(REJECTED - 1)
            account.failed()
            error.headers = paid.headers()
            turned_away(transport, "rejected")
            raise
        if cost > 1:
            paid = _taken(account, cost - 1, transport)._replace(cost=cost)
        return Admitted(operation, account, paid, address)

    async def answer(
        self,
        login: Login,
        admitted: Admitted,
        params: Params,
        transport: str,
        *,
        seconds: float,
        after: str | None = None,
        traceparent: str | None = None,
    ) -> Answered:
        """Executes a query or mutation.

        Args:
            login: who asks.
            admitted: the operation.
            params: of the request.
            transport: `http`, `websocket` or `sse`.
            seconds: real time that it may take.
            after: the header `Quartier-After`: positions, separated by commas.
            traceparent: of the request.

        Raises:
            Turned: too many clients have asked for the schema in words that were not heard before, or it cannot be
                found out where the client's roles hold.
            TimeoutError: it took longer.
        """
        await self._know_places(login, after)
        operation, account, paid, address = admitted
        with self.observing(operation, transport, traceparent) as observed:
            observed.cost = paid.cost
            if operation.only_introspection:
                written = await self.engine.introspect(operation)
                if isinstance(written, float):
                    observed.outcome = "limited"
                    raise _wait(written, paid, "too many have asked for the schema in new words")
                return Answered(None, written, paid)
            context = self.context(login, after, paid, address)
            try:
                begun = self.engine.begin(operation, params, context)
                if isinstance(begun, ExecutionResult):
                    result = begun
                else:
                    async with asyncio.timeout(seconds):
                        result = await begun
            except Exception:
                account.failed()
                raise
            if result.errors:
                note_traces(result.errors)
                account.failed()
            if operation.kind is OperationType.QUERY:
                paid = account.refund(paid, spent(operation, self.engine.registry.prices, paid.cost, result.data))
            observed.outcome, observed.cost = "errors" if result.errors else "ok", paid.cost
        return Answered(result, b"", paid, frozenset(context.stale))

    async def listen(
        self, login: Login, admitted: Admitted, params: Params, transport: str, traceparent: str | None = None
    ) -> Stream | ExecutionResult:
        """What a subscription listens to, or the one result that says why there is nothing.

        Args:
            login: who asks.
            admitted: the operation.
            params: of the request.
            transport: `websocket` or `sse`.
            traceparent: of the request.
        """
        await self._know_places(login, None)
        with self.observing(admitted.operation, transport, traceparent) as observed:
            observed.cost = admitted.paid.cost
            found = await self.engine.stream(admitted.operation, params, self.context(login, paid=admitted.paid))
            if isinstance(found, ExecutionResult):
                observed.outcome = "errors"
                note_traces(found.errors or ())
                admitted.account.failed()
            return found

    async def _know_places(self, login: Login, after: str | None) -> None:
        """Sees to it that roles in a series or a district can be checked.

        Raises:
            Turned: registration cannot be asked now, and was not asked before.
        """
        if login.actor.is_wide and not await self._backends.places.settled(positions(after).get("registration")):
            reason = "what conferences belong to your series and districts cannot be found out now"
            raise Turned(503, "ROLES_AWAY", reason, {"Retry-After": "1"})

    def refund(self, admitted: Admitted, cost: int) -> Paid:
        """Gives back what an operation turned out not to cost.

        Args:
            admitted: the operation.
            cost: points it cost.
        """
        return admitted.account.refund(admitted.paid, cost)

    def changes(self) -> int:
        """How often an answer that is kept for everybody has changed."""
        return self._backends.answers.changes

    def observing(self, operation: Operation, transport: str, traceparent: str | None = None) -> Observed:
        """Counts an operation while it runs, see `observe.observing`."""
        return observing(operation, transport, slow_seconds=self._slow_seconds, traceparent=traceparent)

    def context(self, login: Login, after: str | None = None, paid: Paid | None = None, address: str = "") -> Context:
        """The context of one operation of somebody who was let in.

        Args:
            login: who asks.
            after: the header `Quartier-After`: positions, separated by commas.
            paid: what was taken for the operation.
            address: from where it was asked for.
        """
        seen = positions(after)
        return Context(
            login.actor,
            login.conference,
            self._backends,
            self._signer,
            self._clock,
            self._hubs,
            seen,
            login.scopes,
            paid=paid,
            client=login.client,
            licences=self._licences,
            register_app=lambda: self._budget.register_app(address),
        )


def _taken(account: Account, points: int, transport: str) -> Paid:
    paid, wait = account.take(points)
    if wait > 0:
        turned_away(transport, "limited")
        raise _wait(wait, paid, "more points than there are now; see `Retry-After` or `retryAfterMs`")
    return paid


def _wait(seconds: float, paid: Paid, reason: str) -> Turned:
    headers = {"Retry-After": str(math.ceil(seconds)), **paid.headers()}
    facts = {"retryAfterMs": math.ceil(seconds * 1000), "cost": paid.extension()}
    return Turned(429, "TOO_MANY_OPERATIONS", reason, headers, facts)


def positions(header: str | None) -> dict[str, str]:
    """The positions in `Quartier-After` (`session/<epoch>:<value>, ...`) by service; what is none is ignored."""
    found: dict[str, str] = {}
    for part in (header or "").split(","):
        service, separator, position = part.strip().partition("/")
        if separator:
            found[service] = position
    return found
