# SPDX-License-Identifier: Apache-2.0
"""`quartier refill <service>`: makes the JetStream stream of a service anew from its log.

JetStream may be lost, and a database may be restored from an older backup. Consumers keep the last position
they applied and never forget it; so the events of a log that was set back get numbers beyond everything the
stream has ever told, and the log gets a new epoch. What both histories share keeps its numbers and is
therefore applied by nobody a second time.

A new stream cannot tell how far the lost one had come. Where the log was restored as well, the operator says so: all
events keep their numbers, and those to come get numbers beyond any that can have been told.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from uuid import uuid4

import structlog

from services.chassis.leadership import try_lock
from services.chassis.outlet import Contradiction, Head, Outlet, Unsent
from services.chassis.relay import BATCH, YIELD, lock_name
from services.chassis.subjects import ES_DIGEST, ES_EPOCH, ES_POSITION

log = structlog.get_logger()

LOCK_SECONDS = 30.0
ATTEMPTS = 10

LIFT = 1_000_000_000
"""More events than a log can have lost between a backup and its restore; numbers have room for billions of lifts."""


class StreamIsKept(Exception):
    """The running relay did not let go of the stream in time; the text is for the operator."""


@dataclass(frozen=True, slots=True)
class Refilled:
    """What a refill did.

    Args:
        sent: number of messages in the stream now.
        head: position of the log up to which it was sent.
        shifted_after: position after which events got new numbers; None when the log had not been set back.
        epoch: identity of the log now.
    """

    sent: int
    head: int
    shifted_after: int | None
    epoch: str


async def refill(
    outlet: Outlet, progress: Callable[[int, int], None] | None = None, *, restored: bool = False
) -> Refilled:
    """Makes the stream anew and fills it from the log, beside the running service or without it.

    Args:
        outlet: the stream and the log.
        progress: called with the position reached and the head of the log.
        restored: the log came from a backup and has taken nothing new since.

    Raises:
        StreamIsKept: the relay of the service goes on and on.
        Unsent: JetStream does not take the messages.
        nats.errors.Error, StoreUnavailable: a server cannot be reached; repeating is safe.
    """
    connection = await outlet.store.db.dedicated()
    try:
        try:
            async with asyncio.timeout(LOCK_SECONDS):
                while not await try_lock(connection, lock_name(outlet.service)):
                    await outlet.bus.publish(outlet.bus.subject_hint(outlet.service), YIELD)
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise StreamIsKept(
                f"the relay of {outlet.service} keeps the stream: stop the service, then run `quartier refill` again"
            ) from None
        shifted = await _shift_if_set_back(outlet, restored=restored)
        await outlet.renew()
        head = await _fill(outlet, Head(0, 0), progress)
        await outlet.note(head)
        return Refilled(head.seq, head.position, shifted, outlet.store.epoch)
    finally:
        await connection.close()


async def _fill(outlet: Outlet, head: Head, progress: Callable[[int, int], None] | None) -> Head:
    failures = 0
    while True:
        rows = await outlet.store.select_notifications(head.position, BATCH)
        if not rows:
            return head
        try:
            head = await (await outlet.send(rows, head)).acknowledged()
        except Unsent as error:
            failures += 1
            if failures == ATTEMPTS:
                raise
            log.warning("refill tries again", reason=str(error))
            await asyncio.sleep(0.5)
            head = await outlet.head()
            continue
        failures = 0
        if progress is not None:
            progress(head.position, outlet.store.seen)


async def _shift_if_set_back(outlet: Outlet, *, restored: bool) -> int | None:
    """Gives the part of the log that the stream does not know numbers beyond the stream's; None if all is well."""
    state = (await outlet.stream()).state
    if state.messages == 0:
        if restored or state.last_seq > 0:
            await _lift(outlet)
        return None
    first, last = await _read(outlet, state.first_seq), await _read(outlet, state.last_seq)
    shared = await _last_shared(outlet, state.first_seq, state.last_seq)
    if shared == last.position:
        return None
    head = await outlet.store.max_notification_id()
    if shared == 0 and last.epoch == outlet.store.epoch and head < first.position:
        shared = head  # an old backup of this very log: the stream has already forgotten what they share
    following = await outlet.store.select_notifications(shared, 1)
    first_new = following[0].notification_id if following else head + 1
    offset = max(0, last.position - first_new + 1)
    await outlet.store.shift(shared, offset, uuid4().hex)
    log.warning("the log was set back", of=outlet.service, shared=shared, stream=last.position, offset=offset)
    return shared


async def _lift(outlet: Outlet) -> None:
    """Nobody can say what an empty stream has told, unless this log did and remembers: the next numbers lie beyond."""
    try:
        if (await outlet.head()).position > 0:
            return
    except Contradiction as contradiction:
        log.warning("the stream is not this log's", of=outlet.service, reason=str(contradiction))
    head = await outlet.store.max_notification_id()
    await outlet.store.shift(head, LIFT, uuid4().hex)
    log.info("the next events get numbers beyond all that was told", of=outlet.service, head=head, offset=LIFT)


async def _last_shared(outlet: Outlet, first: int, last: int) -> int:
    """Position of the last message whose event the log holds at that position; 0 when there is none.

    Two histories agree up to the point where they part and nowhere after it, so the point is found by halving.
    """
    shared = 0
    low, high = first, last
    while low <= high:
        middle = (low + high) // 2
        sent = await _read(outlet, middle)
        if await outlet.knows(sent.position, sent.digest):
            shared = sent.position
            low = middle + 1
        else:
            high = middle - 1
    return shared


class _Sent(NamedTuple):
    position: int
    digest: str | None
    epoch: str | None


async def _read(outlet: Outlet, seq: int) -> _Sent:
    message = await outlet.bus.js.get_msg(outlet.bus.stream(outlet.service), seq=seq)
    headers = message.headers or {}
    return _Sent(int(headers.get(ES_POSITION, 0)), headers.get(ES_DIGEST), headers.get(ES_EPOCH))
