# SPDX-License-Identifier: Apache-2.0
"""The code of conduct on the roster: which version holds tonight, and who accepted it.

The version in force is set when the conference is announced and when its lobby opens, so that it does not change while
people sit together. Where the script asks for none, no version is ever set and nobody has to accept anything.
"""

from collections.abc import Mapping

from services.chassis.decider import Command, Event, Refusal


class CodeInForce(Event, frozen=True, kw_only=True):
    """Residents have to accept this version; whoever accepted another one accepts again."""

    TOPIC = "session.code_in_force"

    version: str


class CodeAccepted(Event, frozen=True, kw_only=True):
    """A resident accepted the code of conduct."""

    TOPIC = "session.code_accepted"

    participant_id: str
    version: str


class SetCode(Command, frozen=True, kw_only=True):
    """Has residents accept this version."""

    version: str


class AcceptCode(Command, frozen=True, kw_only=True):
    """Accepts the version that the person has read; `current` is the one there is."""

    participant_id: str
    version: str
    current: str


class CodeNotAccepted(Refusal, frozen=True, kw_only=True):
    """The resident has to accept the code of conduct first."""

    participant_id: str


class CodeHasChanged(Refusal, frozen=True, kw_only=True):
    """The text is another one by now, with this version: the person has to read it first."""

    version: str


def decide_code(
    version: str | None, accepted: Mapping[str, str], command: SetCode | AcceptCode
) -> list[CodeInForce | CodeAccepted] | CodeHasChanged:
    """What follows from a command, given the version in force and who accepted which."""
    if isinstance(command, SetCode):
        return [] if version == command.version else [CodeInForce(version=command.version)]
    if command.version != command.current:
        return CodeHasChanged(version=command.current)
    who = command.participant_id
    known = accepted.get(who) == command.version
    return [] if known else [CodeAccepted(participant_id=who, version=command.version)]


def evolve_code(accepted: Mapping[str, str], event: CodeInForce | CodeAccepted) -> dict[str, str]:
    """Who accepted which version after an event."""
    if isinstance(event, CodeAccepted):
        return {**accepted, event.participant_id: event.version}
    return {who: version for who, version in accepted.items() if version == event.version}
