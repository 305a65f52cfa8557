# SPDX-License-Identifier: Apache-2.0
"""A snapshot and a change make the next snapshot, kind by kind, as `docs/api.md` tells app builders."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import msgspec
import pytest

from gateway.client import fold, results
from gateway.client.fold import _FOLDS
from gateway.client.results import ConferenceSnapshot

AT = datetime(2026, 11, 20, 18, tzinfo=UTC)
LATER = AT + timedelta(seconds=1)
WHO = {"id": "anna", "displayName": "Anna"}
TEXT = {"de": "Ja?", "en": "Yes?"}


def card(number: int, text: str = "Hallo") -> dict[str, Any]:
    return {"id": f"c{number}", "kind": "NEED", "text": text, "tags": [], "author": WHO, "at": AT}


def message(number: int, text: str = "Hallo") -> dict[str, Any]:
    return {"id": f"m{number}", "channel": "plenary", "author": WHO, "text": text, "hidden": False, "at": AT}


def poll(number: int, ballots: int = 0) -> dict[str, Any]:
    return {
        "id": f"p{number}", "kind": "SINGLE", "question": TEXT, "options": [], "open": True, "ballots": ballots,
        "results": "LIVE", "waiting": 0, "atLeast": None, "atMost": None, "tally": [], "spread": None,
    }  # fmt: skip


def sheet(number: int, *, is_open: bool = True) -> dict[str, Any]:
    return {"id": f"s{number}", "groupId": "g1", "topicId": None, "open": is_open, "ideaId": None, "passages": []}


def call(number: int, *, resolved: bool = False) -> dict[str, Any]:
    return {
        "id": f"h{number}", "groupId": "g1", "askedBy": WHO, "reason": None, "askedAt": AT, "claimedBy": None,
        "resolved": resolved,
    }  # fmt: skip


READINESS = {"ready": 0, "moreTime": 0, "of": 3, "groupsWantingTime": []}
CONDUCT = {"person": WHO, "warnings": ["insult"], "muted": True, "apart": False, "mustAccept": False}


def presence(*present: dict[str, str]) -> dict[str, Any]:
    return {"seated": [WHO], "present": list(present), "staff": [], "conduct": [], "readiness": READINESS}


def snapshot(at: datetime = AT, **parts: Any) -> ConferenceSnapshot:
    return msgspec.convert({"cursor": f"{at}", "serverTime": at, "chats": [], **parts}, ConferenceSnapshot)


def change(kind: str, **said: Any) -> Any:
    return msgspec.convert({"cursor": f"{LATER}", "serverTime": LATER, **said}, getattr(results, kind))


def chats(*messages: dict[str, Any], channel: str = "plenary") -> list[dict[str, Any]]:
    return [{"channel": channel, "messages": list(messages)}]


def board(kinds: list[str], *cards: dict[str, Any]) -> dict[str, Any]:
    return {"openKinds": kinds, "cards": list(cards)}


@pytest.mark.parametrize(
    ("before", "news", "after"),
    [
        ({}, change("PresenceChanged", presence=presence(WHO)), {"presence": presence(WHO)}),
        ({"presence": presence(WHO)}, change("PresenceChanged", presence=None), {"presence": None}),
        ({}, change("MyConductChanged", myConduct=CONDUCT), {"myConduct": CONDUCT}),
        ({"myConduct": CONDUCT}, change("MyConductChanged", myConduct=None), {"myConduct": None}),
        ({"polls": [poll(1), poll(2)]}, change("PollsChanged", changedPolls=[poll(1, 3), poll(3)]),
         {"polls": [poll(1, 3), poll(2), poll(3)]}),
        ({"help": [call(1)]}, change("HelpChanged", changedCalls=[call(1, resolved=True)]),
         {"help": [call(1, resolved=True)]}),
        ({"sheets": [sheet(1), sheet(2)]},
         change("SheetsChanged", changedSheets=[sheet(1, is_open=False)], removedSheetIds=["s2"]),
         {"sheets": [sheet(1, is_open=False)]}),
        ({}, change("BoardChanged", openKinds=["NEED"], changedCards=[card(1)], removedCardIds=[]),
         {"board": board(["NEED"], card(1))}),
        ({"board": board(["NEED"], card(1), card(2))},
         change("BoardChanged", openKinds=[], changedCards=[card(1, "Na")], removedCardIds=["c2", "c9"]),
         {"board": board([], card(1, "Na"))}),
        ({}, change("ChatChanged", channel="plenary", readable=True, changedMessages=[message(1)],
                    removedMessageIds=[]), {"chats": chats(message(1))}),
        ({"chats": chats(message(1), message(2))},
         change("ChatChanged", channel="plenary", readable=True, changedMessages=[message(2, "Na"), message(3)],
                removedMessageIds=["m1"]), {"chats": chats(message(2, "Na"), message(3))}),
        ({"chats": chats(message(1))},
         change("ChatChanged", channel="plenary", readable=False, changedMessages=[], removedMessageIds=[]),
         {"chats": []}),
    ],
)  # fmt: skip
def test_a_change_is_folded_into_its_part_and_no_other(before, news, after):
    kept = {"venue": {"generation": 3, "video": False, "open": True, "rooms": ["a"], "placements": []}}
    given = snapshot(**kept, **before)
    as_it_was = msgspec.to_builtins(given)
    assert fold(given, news) == snapshot(LATER, **kept, **{**before, **after})
    assert msgspec.to_builtins(given) == as_it_was


def test_a_snapshot_replaces_everything():
    assert fold(snapshot(polls=[poll(1)]), snapshot(LATER)) == snapshot(LATER)


def test_every_change_that_a_subscription_tells_can_be_folded():
    told = msgspec.structs.fields(results.OPERATIONS["ConferenceChanges"])[0].type
    assert set(get_args(told)) == {ConferenceSnapshot, *_FOLDS}
