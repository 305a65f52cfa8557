# SPDX-License-Identifier: Apache-2.0
"""Secret votes: one ballot per person that nobody can join to the person once the vote is closed.

Each vote has a key of its own, made when the vote opens. A person's ballots are a stream whose id is made of that key
and the person's id; what is kept against repetition of a command is made unreadable with the same key; free text on a
ballot is sealed under it. The key lies wrapped in the database, and its row is deleted in the transaction that stores
the tally. Then the ballots can still be counted, but not be joined to people, not even with all settings at hand.

What a vote does, step by step:
    opening: `VoteKeys.create(vote_id)` among the effects of the append
    ballot:  `Step(..., secret=key.secret(voter, at=<the opening>), guards=(vote,))` with the loaded vote
    closing: store that voting has ended; count `latest_ballots`; store the tally with `destroy(vote_id)` as effect
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from services.chassis.database import Database
from services.chassis.decider import Event, Sealed
from services.chassis.keys import new_key, unwrap, wrap
from services.chassis.mapper import Mapper
from services.chassis.repository import Secret
from services.chassis.store import EventStore, Statement

E = TypeVar("E", bound=Event)

_TEXTS: Final = msgspec.json.Decoder(tuple[str, ...])


class VoteKey:
    """The key of one running vote.

    Args:
        vote_id: 32 hex digits.
        key: 32 secret bytes.
    """

    __slots__ = ("_key", "_texts", "vote_id")

    def __init__(self, vote_id: str, key: bytes) -> None:
        self.vote_id = vote_id
        self._key = key
        # 64 bytes for AES-256-SIV, which seals the same text on the same stream to the same box: so a repeated ballot
        # is recognised without opening the first one.
        self._texts = AESSIV(hmac.digest(key, b"texts", hashlib.sha512))

    def stream_id(self, voter: str) -> UUID:
        """The id of the stream that holds a person's ballots.

        Args:
            voter: id of the participant, 32 hex digits.
        """
        return UUID(bytes=hmac.digest(self._key, voter.encode(), hashlib.sha256)[:16])

    def digest(self, data: bytes) -> bytes:
        """What is stored in place of data that would name the person (32 bytes)."""
        return hmac.digest(self._key, b"digest:" + data, hashlib.sha256)

    def secret(self, voter: str, *, at: datetime) -> Secret:
        """How a ballot of this person is stored.

        Args:
            voter: id of the participant, 32 hex digits.
            at: the opening of the vote; every ballot is stored with this instant, so that times tell nothing.
        """
        return Secret(stream_id=self.stream_id(voter), at=at, digest=self.digest)

    def seal(self, voter: str, texts: Sequence[str]) -> Sealed:
        """Seals what a person wrote on their ballot; the same texts of the same person give the same box."""
        box = self._texts.encrypt(msgspec.json.encode(texts), [self.stream_id(voter).bytes])
        return Sealed(self.vote_id, box)

    def open(self, stream_id: UUID, sealed: Sealed) -> tuple[str, ...]:
        """Opens what `seal` sealed.

        Args:
            stream_id: the stream on which the ballot lies.
            sealed: the box.

        Raises:
            ValueError: the box belongs to another vote or to another stream, or was changed.
        """
        try:
            return _TEXTS.decode(self._texts.decrypt(sealed.box, [stream_id.bytes]))
        except InvalidTag:
            raise ValueError("the box does not belong to this vote and stream") from None


class VoteKeys:
    """The keys of running votes in one service's database.

    Args:
        db: the database.
        wrapping: the 32 bytes under which the keys are wrapped; from the settings, never stored.

    Keys are not kept in memory: a process forgets a destroyed key at once, and reading a row by its id is cheap.
    """

    def __init__(self, db: Database, wrapping: bytes) -> None:
        self._db = db
        self._wrapping = wrapping

    def create(self, vote_id: str) -> Statement:
        """Makes a key and returns the statement that stores it, for the transaction that opens the vote.

        Opening an open vote again leaves its key as it is.

        Args:
            vote_id: 32 hex digits.
        """
        vote = UUID(vote_id)
        wrapped = wrap(self._wrapping, new_key(), vote.bytes)
        return Statement(
            "INSERT INTO ballot_keys (vote_id, wrapped) VALUES ($1, $2) ON CONFLICT DO NOTHING", (vote, wrapped)
        )

    async def load(self, vote_id: str) -> VoteKey | None:
        """The key of a running vote; None before its opening and once it is destroyed.

        Raises:
            CannotUnwrap: the settings hold another wrapping key than when the vote opened.
        """
        vote = UUID(vote_id)
        wrapped: bytes | None = await self._db.pool.fetchval("SELECT wrapped FROM ballot_keys WHERE vote_id = $1", vote)
        if wrapped is None:
            return None
        return VoteKey(vote_id, unwrap(self._wrapping, wrapped, vote.bytes))


def destroy(vote_id: str) -> Statement:
    """The statement that destroys a vote's key, for the transaction that stores its tally."""
    return Statement("DELETE FROM ballot_keys WHERE vote_id = $1", (UUID(vote_id),))


async def latest_ballots(
    store: EventStore,
    mapper: Mapper,
    kind: type[E],
    belongs: Callable[[E], bool],
    *,
    conference: str,
    after: int = 0,
) -> dict[UUID, E]:
    """The ballot that counts of each stream: the last one in the log.

    Call it once the voting has ended; before, it is a snapshot.

    Args:
        store: the log.
        mapper: reads the stored events.
        kind: the type of ballot events.
        belongs: whether a ballot is one of the vote.
        conference: the conference of the vote, 32 hex digits.
        after: a position before the first ballot, such as that of the opening; spares reading what came earlier.
    """
    latest: dict[UUID, E] = {}
    for recorded in await store.select_conference(UUID(conference), topics=mapper.topics([kind]), after=after):
        event = mapper.decode(recorded.topic, recorded.state)
        if isinstance(event, kind) and belongs(event):
            latest[recorded.originator_id] = event
    return latest
