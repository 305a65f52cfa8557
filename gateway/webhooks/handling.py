# SPDX-License-Identifier: Apache-2.0
"""Carries out the commands about webhooks: each in one transaction with the note that it was carried out.

Organisers of the city manage all webhooks, an app manages its own: `owner` is the id of the app, or any name that the
organisers choose.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

import msgspec

from gateway.schema.relay import BadId, parse_id
from gateway.webhooks import catalogue, commands
from gateway.webhooks.intake import MATCHES, NOTIFY, OWNERS_LOCK, PLACE
from gateway.webhooks.network import BadAddress, Guard
from gateway.webhooks.queue import end_endpoint
from gateway.webhooks.secrets import Secrets
from gateway.webhooks.signing import new_secret
from services.chassis.clock import Clock
from services.chassis.contract import Answer, CommandRequest, Done, Position
from services.chassis.database import Database, Tx
from services.chassis.decider import Refusal
from services.chassis.identity import CITY_SCOPE, Actor
from services.chassis.refusals import IdempotencyKeyReused, InvalidInput, NotAllowed, NotFound, StateHasChanged
from services.chassis.requests import Refused, Reply

MOST_OF_ONE_OWNER: Final = 20
MOST: Final = 500
MOST_REPLAYED: Final = 10_000


def manages(actor: Actor, owner: str | None) -> bool:
    """Whether a client manages the webhooks of an owner (None: of all)."""
    return actor.id == owner if actor.kind == "app" else actor.holds("organiser", CITY_SCOPE)


def owner_of(text: str) -> str:
    """An owner as it is kept: of an app the local id, also where it was named by the global id that it was told.

    Args:
        text: id of an app, or a name that the organisers chose.
    """
    try:
        kind, local = parse_id(text)
    except BadId:
        return text
    return local if kind == "App" else text


class _Outcome(msgspec.Struct):
    """What is kept of a command that was carried out."""

    answer: msgspec.Raw
    position: str


class Handling:
    """The commands.

    Each webhook has a log of its own as far as clients can tell: its id, and how often it has changed. They are read
    from where they are written, so nobody ever waits for a position; it says what a client has seen.

    Args:
        db: the gateway's database.
        secrets: seals.
        guard: decides which addresses can be told.
        clock: domain time.
    """

    def __init__(self, db: Database, secrets: Secrets, guard: Guard, clock: Clock) -> None:
        self._db = db
        self._secrets = secrets
        self._guard = guard
        self._clock = clock
        self._handlers: Mapping[type[CommandRequest[Any]], Callable[[Tx, Any, UUID], Awaitable[Answer]]] = {
            commands.CreateWebhook: self._create,
            commands.UpdateWebhook: self._update,
            commands.DeleteWebhook: self._delete,
            commands.RotateWebhookSecret: self._rotate,
            commands.TestWebhook: self._test,
            commands.ReplayWebhookDelivery: self._replay_one,
            commands.ReplayWebhook: self._replay,
        }

    async def carry_out(
        self, command: CommandRequest[Any], actor: Actor, command_id: UUID, expected: str | None = None
    ) -> Reply[Any]:
        """Carries out a command once, however often it comes with the same id.

        Args:
            command: the command.
            actor: who commands.
            command_id: of this intention of theirs.
            expected: the position at which they saw the webhook; one that has changed since stays as it is.
        """
        if isinstance(command, commands.CreateWebhook):
            command = msgspec.structs.replace(command, owner=owner_of(command.owner))
        content = self._secrets.digest(type(command).__name__.encode() + b"\0" + msgspec.json.encode(command))
        try:
            async with self._db.transaction() as tx:
                # Also makes the same command, sent twice at the same moment, wait for the first one.
                new = await tx.fetchval(
                    "INSERT INTO commands (command_id, request_hash, outcome, notification_id, at)"
                    " VALUES ($1, $2, '', 0, now()) ON CONFLICT DO NOTHING RETURNING true",
                    command_id, content,
                )  # fmt: skip
                if new is None:
                    return await self._repeated(tx, command, command_id, content)
                webhook = await self._check(tx, command, actor, expected)
                answer = await self._handlers[type(command)](tx, command, command_id)
                position = await _position(tx, answer, webhook)
                kept = msgspec.json.encode(_Outcome(msgspec.Raw(msgspec.json.encode(answer)), position))
                outcome = self._secrets.seal(command_id, kept.decode())
                await tx.execute("UPDATE commands SET outcome = $2 WHERE command_id = $1", command_id, outcome)
        except Refused as refused:  # nothing of it happened
            return Reply(None, refused.refusal)
        return Reply(answer, None, position)

    async def _repeated(self, tx: Tx, command: CommandRequest[Any], command_id: UUID, content: bytes) -> Reply[Any]:
        row = await tx.fetchrow("SELECT request_hash, outcome FROM commands WHERE command_id = $1", command_id)
        if row is None or row["request_hash"] != content:
            return Reply(None, IdempotencyKeyReused())
        outcome = msgspec.json.decode(self._secrets.open(command_id, row["outcome"]), type=_Outcome)
        return Reply(msgspec.json.decode(outcome.answer, type=type(command).ANSWER), None, outcome.position)

    async def _check(self, tx: Tx, command: Any, actor: Actor, expected: str | None) -> Position | None:
        """Refuses who does not manage the webhook; whether it exists is said to no other app.

        Returns:
            Where the webhook stands; None of one that is to be made.

        Raises:
            Refused: they do not, or it has changed since they saw it.
        """
        if isinstance(command, commands.CreateWebhook):
            if not manages(actor, command.owner):
                raise Refused(NotAllowed(needs="organiser or to be the owner"))
            return None
        if isinstance(command, commands.ReplayWebhookDelivery):
            row = await tx.fetchrow(
                "SELECT w.id, w.owner, w.version FROM webhook_deliveries AS d"
                " JOIN webhook_endpoints AS w ON w.id = d.endpoint WHERE d.id = $1 FOR UPDATE OF w",
                UUID(command.delivery_id),
            )
        else:
            webhook = UUID(command.webhook_id)
            row = await tx.fetchrow(
                "SELECT id, owner, version FROM webhook_endpoints WHERE id = $1 FOR UPDATE", webhook
            )
        if row is None or (actor.kind == "app" and not manages(actor, row["owner"])):
            raise Refused(_unknown(command))
        if not manages(actor, row["owner"]):
            raise Refused(NotAllowed(needs="organiser or to be the owner"))
        position = Position(row["id"].hex, row["version"])
        if expected is not None and _has_moved(position, expected):
            raise Refused(StateHasChanged(position=str(position)))
        return position

    def _url(self, text: str) -> str:
        try:
            self._guard.url(text)
        except BadAddress as error:
            raise Refused(commands.WebhookAddressNotAllowed(needs=str(error))) from None
        return text

    async def _create(self, tx: Tx, command: commands.CreateWebhook, _: UUID) -> Answer:
        url = self._url(command.url)
        await tx.execute("SELECT pg_advisory_xact_lock($1)", OWNERS_LOCK)
        if await _is_shut_out(tx, command.owner):
            raise Refused(NotAllowed(needs="an app that is approved, with the scope webhook:manage"))
        own, all_ = await tx.fetchrow(  # type: ignore[misc]  # an aggregate has one row
            "SELECT count(*) FILTER (WHERE owner = $1), count(*) FROM webhook_endpoints", command.owner
        )
        if own >= MOST_OF_ONE_OWNER or all_ >= MOST:
            raise Refused(commands.TooManyWebhooks(most=MOST_OF_ONE_OWNER if own >= MOST_OF_ONE_OWNER else MOST))
        webhook, secret = uuid4(), new_secret()
        await tx.execute(
            "INSERT INTO webhook_endpoints (id, owner, url, types, conferences, districts, series, secret)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            webhook, command.owner, url, list(command.types), *map(_uuids, _scopes(command)),
            self._secrets.seal(webhook, secret),
        )  # fmt: skip
        return commands.WebhookCreated(webhook_id=webhook.hex, signing_secret=secret)

    async def _update(self, tx: Tx, command: commands.UpdateWebhook, _: UUID) -> Answer:
        webhook = UUID(command.webhook_id)
        url = None if command.url is None else self._url(command.url)
        types = None if command.types is None else list(command.types)
        await tx.execute(
            "UPDATE webhook_endpoints SET url = coalesce($2, url), types = coalesce($3, types),"
            " conferences = coalesce($4, conferences), districts = coalesce($5, districts),"
            " series = coalesce($6, series), version = version + 1 WHERE id = $1",
            webhook, url, types, *map(_uuids, _scopes(command)),
        )  # fmt: skip
        if command.active:
            await _not_suspended(tx, webhook)
            await tx.execute(
                "UPDATE webhook_endpoints SET status = 'ACTIVE', status_since = now(), failures = 0,"
                " failing_since = NULL, not_before = now() WHERE id = $1 AND status <> 'ACTIVE'",
                webhook,
            )
        elif command.active is False:
            await end_endpoint(tx, webhook, "PAUSED")
        return Done()

    async def _delete(self, tx: Tx, command: commands.DeleteWebhook, _: UUID) -> Answer:
        await tx.execute("DELETE FROM webhook_endpoints WHERE id = $1", UUID(command.webhook_id))
        return Done()

    async def _rotate(self, tx: Tx, command: commands.RotateWebhookSecret, _: UUID) -> Answer:
        webhook, secret = UUID(command.webhook_id), new_secret()
        until = datetime.now(UTC) + timedelta(hours=command.hours)
        await tx.execute(
            "UPDATE webhook_endpoints SET former_secret = secret, former_until = $2, secret = $3, version = version + 1"
            " WHERE id = $1",
            webhook, until, self._secrets.seal(webhook, secret),
        )  # fmt: skip
        return commands.SecretRotated(signing_secret=secret, both_until=until)

    async def _test(self, tx: Tx, command: commands.TestWebhook, command_id: UUID) -> Answer:
        webhook = UUID(command.webhook_id)
        await _not_suspended(tx, webhook)
        told = catalogue.ping(webhook, self._clock.now(), uuid5(webhook, command_id.hex))
        await tx.execute(
            "INSERT INTO webhook_events (id, type, at, body) VALUES ($1, $2, $3, $4)",
            told.id, told.type, told.at, told.body,
        )  # fmt: skip
        return await self._queue(tx, webhook, told.id, "city", "PING")

    async def _replay_one(self, tx: Tx, command: commands.ReplayWebhookDelivery, _: UUID) -> Answer:
        row = await tx.fetchrow(
            "SELECT endpoint, event, place, purpose FROM webhook_deliveries WHERE id = $1", UUID(command.delivery_id)
        )
        if row is None:
            raise Refused(_unknown(command))
        if row["purpose"] == "PING":
            await _not_suspended(tx, row["endpoint"])
            return await self._queue(tx, row["endpoint"], row["event"], row["place"], "PING")
        await _only_active(tx, row["endpoint"])
        return await self._queue(tx, row["endpoint"], row["event"], row["place"], "REPLAY")

    async def _queue(self, tx: Tx, webhook: UUID, event: UUID, place: str, purpose: str) -> Answer:
        delivery: UUID = await tx.fetchval(
            "INSERT INTO webhook_deliveries (endpoint, event, place, purpose) VALUES ($1, $2, $3, $4) RETURNING id",
            webhook, event, place, purpose,
        )  # fmt: skip
        await tx.execute(NOTIFY)
        return commands.DeliveryQueued(delivery_id=delivery.hex)

    async def _replay(self, tx: Tx, command: commands.ReplayWebhook, _: UUID) -> Answer:
        webhook = UUID(command.webhook_id)
        since, until = _instant(command.since, "since"), _instant(command.until, "until")
        await _only_active(tx, webhook)
        queued = await tx.execute(
            f"INSERT INTO webhook_deliveries (endpoint, event, place, purpose)"  # noqa: S608 -- only our own constants
            f" SELECT w.id, e.id, {PLACE}, 'REPLAY' FROM webhook_events AS e JOIN webhook_endpoints AS w ON {MATCHES}"
            f" WHERE w.id = $1 AND e.type <> '{catalogue.PING}' AND e.at >= $2 AND e.at < $3 AND NOT EXISTS ("
            " SELECT FROM webhook_deliveries AS d WHERE d.endpoint = w.id AND d.event = e.id"
            " AND (d.state = 'PENDING' OR ($4 AND d.state = 'DELIVERED')))"
            " ORDER BY e.at, e.id LIMIT $5",
            webhook, since, until, command.undelivered, MOST_REPLAYED + 1,
        )  # fmt: skip
        deliveries = int(queued.rpartition(" ")[2])
        if deliveries > MOST_REPLAYED:
            raise Refused(commands.TooMuchToReplay(most=MOST_REPLAYED))
        await tx.execute(NOTIFY)
        return commands.DeliveriesQueued(deliveries=deliveries)


def _has_moved(position: Position, expected: str) -> bool:
    """Whether a webhook has changed since a client saw it; who saw another one has seen nothing of this one."""
    try:
        seen = Position.parse(expected)
    except ValueError:
        raise Refused(InvalidInput(field="expected_position", problem="not a position")) from None
    return seen.epoch != position.epoch or seen.value < position.value


async def _position(tx: Tx, answer: Answer, before: Position | None) -> str:
    """Where the webhook of a command stands after it; one that was deleted has changed once more."""
    if isinstance(answer, commands.WebhookCreated):
        before = Position(answer.webhook_id, 0)
    assert before is not None  # noqa: S101 -- only what was made now stood nowhere before
    version = await tx.fetchval("SELECT version FROM webhook_endpoints WHERE id = $1", UUID(before.epoch))
    return str(Position(before.epoch, before.value + 1 if version is None else version))


async def _not_suspended(tx: Tx, webhook: UUID) -> None:
    """Refuses what would reach an app that may have no webhooks, also where this one was not active anyway."""
    owner = await tx.fetchval("SELECT owner FROM webhook_endpoints WHERE id = $1 FOR SHARE", webhook)
    if owner is None or await _is_shut_out(tx, owner):  # asked once the webhook is locked: see `intake`
        raise Refused(commands.WebhookIsNotActive())


async def _is_shut_out(tx: Tx, owner: str) -> bool:
    return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM webhook_owners_shut_out WHERE owner = $1)", owner))


async def _only_active(tx: Tx, webhook: UUID) -> None:
    if await tx.fetchval("SELECT status FROM webhook_endpoints WHERE id = $1 FOR SHARE", webhook) != "ACTIVE":
        raise Refused(commands.WebhookIsNotActive())


def _unknown(command: Any) -> Refusal:
    if isinstance(command, commands.ReplayWebhookDelivery):
        return NotFound(what="WebhookDelivery", id=command.delivery_id)
    return NotFound(what="Webhook", id=command.webhook_id)


def _instant(value: datetime, field: str) -> datetime:
    if value.tzinfo is None:
        raise Refused(InvalidInput(field=field, problem="Expected an instant with its offset, such as a final Z"))
    return value


def _scopes(command: commands.CreateWebhook | commands.UpdateWebhook) -> tuple[tuple[str, ...] | None, ...]:
    return command.conference_ids, command.district_ids, command.series_ids


def _uuids(ids: tuple[str, ...] | None) -> list[UUID] | None:
    return None if ids is None else [UUID(each) for each in ids]
