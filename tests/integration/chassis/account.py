# SPDX-License-Identifier: Apache-2.0
"""A small domain for the tests of the chassis: an account that is never overdrawn."""

from typing import TypeAlias, assert_never
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec

from services.chassis.decider import Command, Decider, Event, Refusal

CONFERENCE = uuid5(NAMESPACE_OID, "conference").hex


class Opened(Event, frozen=True, kw_only=True):
    TOPIC = "account.opened"

    owner: str


class Deposited(Event, frozen=True, kw_only=True):
    TOPIC = "account.deposited"

    amount: int


class Withdrawn(Event, frozen=True, kw_only=True):
    TOPIC = "account.withdrawn"

    amount: int


class Closed(Event, frozen=True, kw_only=True):
    TOPIC = "account.closed"


AccountEvent: TypeAlias = Opened | Deposited | Withdrawn | Closed


class Account(msgspec.Struct, frozen=True):
    owner: str | None = None
    balance: int = 0
    closed: bool = False


class Open(Command, frozen=True, kw_only=True):
    owner: str


class Deposit(Command, frozen=True, kw_only=True):
    amount: int


class Withdraw(Command, frozen=True, kw_only=True):
    amount: int


class Close(Command, frozen=True, kw_only=True):
    pass


AccountCommand: TypeAlias = Open | Deposit | Withdraw | Close


class Overdrawn(Refusal, frozen=True, kw_only=True):
    balance: int


class AlreadyOpen(Refusal, frozen=True, kw_only=True):
    owner: str


class AccountIsClosed(Refusal, frozen=True, kw_only=True):
    pass


def decide(account: Account, command: AccountCommand) -> list[AccountEvent] | Refusal:
    match command:
        case Open():
            return AlreadyOpen(owner=account.owner) if account.owner else [Opened(owner=command.owner)]
        case Close():
            return [] if account.closed else [Closed()]
        case Deposit() | Withdraw() if account.closed:
            return AccountIsClosed()
        case Deposit():
            return [Deposited(amount=command.amount)]
        case Withdraw():
            if account.balance < command.amount:
                return Overdrawn(balance=account.balance)
            return [Withdrawn(amount=command.amount)]
        case _:
            assert_never(command)


def evolve(account: Account, event: AccountEvent) -> Account:
    match event:
        case Opened():
            return msgspec.structs.replace(account, owner=event.owner)
        case Deposited():
            return msgspec.structs.replace(account, balance=account.balance + event.amount)
        case Withdrawn():
            return msgspec.structs.replace(account, balance=account.balance - event.amount)
        case Closed():
            return msgspec.structs.replace(account, closed=True)
        case _:
            assert_never(event)


EVENTS: tuple[type[AccountEvent], ...] = (Opened, Deposited, Withdrawn, Closed)
ACCOUNT: Decider[Account, AccountCommand, AccountEvent] = Decider("account", Account(), decide, evolve, EVENTS)


def key(name: str) -> str:
    return uuid5(NAMESPACE_OID, name).hex


def conference() -> UUID:
    return UUID(CONFERENCE)
