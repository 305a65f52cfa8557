# SPDX-License-Identifier: Apache-2.0
"""A person with words that nobody else uses is erased: afterwards no file, table, message or answer knows the words."""

import base64
from collections.abc import Coroutine
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec

from gateway.client import ClientError, Refused, new_id
from tests.city.evening import Evening, Guest, Person, evening
from tests.city.town import Town, eventually
from tests.city.truth import everything_is_told_once, settle

FREE_DOCUMENTS = True  # portals bring their own

NAME = "Xanthippe Quxorvil"
ADDRESS = "xanthippe.quxorvil@flimmerpost.example"
OWN = {
    "needs": "Gehstockhalterungsvorrichtung",
    "attribute": "siebenundvierzigeinhalbjährig",
    "chat": "Plapperblubbertext",
    "group chat": "Flüsterknisterwort",
    "card": "Kartenkribbelkrabbel",
    "private tag": "heimlichkeitsschild",
    "shared tag": "Weitersagwerkzeugkiste",
    "help": "Hilfeschreckschraube",
    "problem": "Problemwirrwarrknäuel",
}
CHANGES = """query($since: String) { changes(since: $since, first: 100) { ... on Changes { cursor hasNextPage
  entries { nodeId kind node { __typename id ... on Idea { title fields { text } authors { id displayName } }
    ... on Session { status announcement } ... on Conference { details { title } } } } } } }"""
BALLOT = "Stimmzettelschnörkel"
SHEET = "Ideenblattgemeinsamsatz"


async def test_erasing_a_person_leaves_none_of_their_words_anywhere(town: Town) -> None:
    guest = Guest(NAME, ADDRESS, OWN["needs"], {"age": OWN["attribute"]})
    async with evening(town.world(), [guest, *map(Guest.number, range(1, 5))]) as one:
        person, mate = one.residents[0], one.residents[1]
        word_poll = await _say_everything(town, one, person, mate)
        await settle(town)

        # Who may read it reads it; nothing of it lies anywhere in plain text.
        seen = await _all_answers(one, mate)
        for text in (
            NAME,
            OWN["chat"],
            OWN["card"],
            OWN["shared tag"],
            OWN["problem"],
            OWN["needs"],
            OWN["help"],
            SHEET,
        ):
            assert text in seen, text
        _the_search_finds_what_is_there(town)
        private = [NAME, NAME.split()[1], ADDRESS, *OWN.values(), SHEET]
        assert _found(town, [*private, BALLOT]) == {}
        feed = await _the_feed_tells_of_the_author(one, person)
        wrapped = _wrapped_key(town, person)
        assert wrapped is not None
        assert wrapped.hex() in town.dump("registration")
        await one.moderator.must("ClosePoll", poll_id=word_poll)
        mails = len(one.world.mailbox.subjects(ADDRESS))

        erased = await person.command("EraseMe", conference_id=one.gid, participant_id=person.gid_of_me)
        assert not isinstance(erased, Refused), erased

        async def silent() -> bool:
            answers = await _all_answers(one, mate)
            return not any(text in answers for text in [NAME, ADDRESS, *OWN.values()])

        await eventually("no answer of the API holds a word of the person", silent)
        await settle(town)
        assert _found(town, private) == {}
        assert wrapped.hex() not in town.dump("registration")
        assert _wrapped_key(town, person) is None
        for table in ("participants", "outbox", "mail_standing"):
            rows = town.rows("registration", f"SELECT * FROM {table} WHERE participant_id = %s", UUID(person.me))  # noqa: S608
            assert rows == [], table
        await _the_joint_sheet_stays_without_its_author(one, person, mate)
        await _the_feed_tells_that_the_idea_has_lost_its_author(one, person, feed)
        assert [row for row in town.rows("gateway", "SELECT * FROM changes") if UUID(person.me) in row] == []
        await _the_person_is_nobody_now(one, person)
        await everything_is_told_once(town)
        assert len(one.world.mailbox.subjects(ADDRESS)) == mails


async def _say_everything(town: Town, one: Evening, person: Person, mate: Person) -> str:
    """An evening up to the solutions phase with every kind of text by the person; the poll that is still open."""
    await settle(town)
    await one.start()
    await person.must("PostMessage", channel="plenary", text=OWN["chat"])
    await one.next()
    await _sits_in_a_group(person)
    await person.must("AddCard", kind="NEED", text=OWN["card"], tags=[OWN["private tag"]], share_tags=False)
    await person.must("AddCard", kind="OFFER", text=OWN["card"], tags=[OWN["shared tag"]], share_tags=True)
    await person.must("RequestHelp", reason=OWN["help"])
    await person.must("PostMessage", channel=person.view.my_group.id, text=OWN["group chat"])
    for _ in range(3):
        await one.next()
    await settle(town)
    await person.must("ProposeProblem", text=OWN["problem"])
    await one.moderator.must("ChooseTopics")
    for _ in range(2):
        await one.next()
    await _sits_in_a_group(person)
    await settle(town)
    sheet = await _sheet_of(one, person)
    for writer, text in ((person, SHEET), (mate, "Satz der anderen")):
        if writer is person or (await _sheet_of(one, writer)) == sheet:
            await writer.must(
                "WritePassage", sheet_id=sheet, passage_id=new_id("Passage"), field="APPROACH", text=text, seen=0
            )
    await person.must("SubmitIdea", sheet_id=sheet)
    opened = await one.moderator.must("OpenPoll", kind="WORD_CLOUD", question={"de": "Ein Wort?", "en": "A word?"})
    await person.must("CastBallot", poll_id=opened.poll_id, words=[BALLOT])
    return str(opened.poll_id)


async def _sits_in_a_group(person: Person) -> None:
    async def seated() -> bool:
        return person.view.my_group is not None

    await eventually("the person sits in a group", seated)


async def _sheet_of(one: Evening, person: Person) -> str:
    async def sheet() -> str | None:
        answer = await person.ask("Evening", id=one.gid)
        return answer.conference.my_sheet.id if answer.conference.my_sheet else None

    return str(await eventually("the group has a sheet", sheet))


async def _all_answers(one: Evening, mate: Person) -> str:
    """What the API says about the conference to everybody who may look, as text."""
    told = [
        await one.moderator.ask("EveningForStaff", id=one.gid),
        await one.moderator.ask("Roster", id=one.gid),
        await one.moderator.ask("ChatMessages", id=one.gid, channel="plenary"),
        await one.moderator.ask("ChatMessages", id=one.gid, channel="staff"),
        await mate.ask("Evening", id=one.gid),
        await mate.ask("ChatMessages", id=one.gid, channel="plenary"),
        await one.organiser.ask("Roster", id=one.gid),
        await one.organiser.ask("Ideas", conferenceId=one.gid),
    ]
    groups = {group.id for group in told[0].conference.groups.groups} if told[0].conference.groups else set()
    told += [await one.moderator.ask("ChatMessages", id=one.gid, channel=group) for group in sorted(groups)]
    return msgspec.json.encode(told).decode()


async def _changes(one: Evening, since: str | None) -> tuple[str, list[Any]]:
    """What the feed tells a moderator behind a cursor, and the cursor behind it."""

    async def page() -> Any:
        headers = {"authorization": f"Bearer {one.moderator.client.token}"}
        body = {"query": CHANGES, "variables": {"since": since}}
        async with httpx.AsyncClient(base_url=one.moderator.client.url, timeout=60) as http:
            answer = (await http.post("/graphql", json=body, headers=headers)).json()
        errors = answer.get("errors", [])
        assert all(error["extensions"]["code"] == "UNAVAILABLE" for error in errors), errors
        return None if errors else answer["data"]["changes"]

    told: list[Any] = []
    more = True
    while more:
        found = await eventually("the feed is read", page)
        told += found["entries"]
        since, more = found["cursor"], found["hasNextPage"]
    return str(since), told


def _authors(entry: Any) -> list[str]:
    return [author["id"] for author in (entry["node"] or {}).get("authors", ())]


async def _the_feed_tells_of_the_author(one: Evening, person: Person) -> str:
    cursor, told = await _changes(one, None)
    (theirs,) = [entry for entry in told if person.gid_of_me in _authors(entry)]
    assert NAME in str(theirs)
    assert SHEET in str(theirs)
    return cursor


async def _the_feed_tells_that_the_idea_has_lost_its_author(one: Evening, person: Person, since: str) -> None:
    async def changed() -> bool:
        _, told = await _changes(one, since)
        ideas = [entry for entry in told if entry["node"] and entry["node"]["__typename"] == "Idea"]
        return bool(ideas) and all(person.gid_of_me not in _authors(entry) for entry in ideas)

    await eventually("whoever follows the feed hears that the idea is another", changed)
    _, everything = await _changes(one, None)
    assert SHEET in str(everything)
    for text in (NAME, ADDRESS, person.me, person.gid_of_me, *OWN.values()):
        assert text not in str(everything)


async def _the_joint_sheet_stays_without_its_author(one: Evening, person: Person, mate: Person) -> None:
    answer = await one.moderator.ask("EveningForStaff", id=one.gid)
    passages = [passage for sheet in answer.conference.sheets for passage in sheet.passages]
    theirs = next(passage for passage in passages if passage.text == SHEET)
    assert theirs.author is None
    assert all(passage.author is None or passage.author.id != person.gid_of_me for passage in passages)


async def _the_person_is_nobody_now(one: Evening, person: Person) -> None:
    """Their token does nothing and shows nothing any more; their link opens nothing."""
    for command, fields in (
        ("PostMessage", {"channel": "plenary", "text": "noch da"}),
        ("AddCard", {"kind": "NEED", "text": "noch da"}),
    ):
        assert await _fails(person.client.command(command, conference_id=one.gid, **fields)), command
    mine = await _fails(person.client.execute("MyRegistration", {"id": one.gid}))
    assert not any(text in mine for text in (NAME, ADDRESS, *OWN.values()))
    link = await one.world.mailbox.link(ADDRESS, "enter", one.conference_id)
    person.client.token = None
    outcome = await person.command("EnterWithLink", conference_id=one.gid, secret=link.secret)
    assert isinstance(outcome, Refused)
    assert outcome.kind == "UnknownSecret"


async def _fails(asking: Coroutine[Any, Any, Any]) -> str:
    """How the API says no, empty when it does not; a query that answers says no by what is not in it."""
    try:
        outcome = await asking
    except ClientError as error:
        return str(error.errors)
    if isinstance(outcome, Refused):
        return outcome.kind
    return msgspec.json.encode(outcome).decode() if hasattr(outcome, "conference") else ""


def _the_search_finds_what_is_there(town: Town) -> None:
    """Or finding nothing would prove nothing: the title of a conference is no secret."""
    places = _found(town, ["Bürgerkonferenz"])["Bürgerkonferenz"]
    assert "dump of registration" in places
    assert any("pg_wal" in place for place in places)
    assert any("jetstream" in place for place in places)


def _wrapped_key(town: Town, person: Person) -> bytes | None:
    ((wrapped,),) = town.rows("registration", "SELECT wrapped FROM data_keys WHERE id = %s", UUID(person.me))
    return None if wrapped is None else bytes(wrapped)


def _found(town: Town, texts: list[str]) -> dict[str, list[str]]:
    """Where any of these texts stands in plain text: dumps of all databases, and every file of the city but its mails.

    The files hold the databases with their write-ahead log, JetStream's streams and all logs.
    """
    needles = {text: _spellings(text) for text in texts}
    places = {f"dump of {service}": town.dump(service).encode() for service in (*town.databases(), "gateway")}
    found: dict[str, list[str]] = {}

    def look(place: str, content: bytes) -> None:
        for text, spellings in needles.items():
            if any(spelling in content for spelling in spellings):
                found.setdefault(text, []).append(place)

    for place, content in places.items():
        look(place, content)
    looked = 0
    for root in {town.folder, town.postgres_folder()}:
        for path in sorted(root.rglob("*")):
            if path.is_file() and not path.is_symlink() and not path.is_relative_to(town.data / "mail"):
                looked += 1
                look(str(path), _content(path))
    assert looked > 500, "the files of the databases are among them"
    return found


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""  # a server removes its own files at any time


def _spellings(text: str) -> set[bytes]:
    """A text as files may hold it: plain, escaped in JSON, in hexadecimal digits, in base64 at any offset."""
    plain = text.encode()
    found = {plain, msgspec.json.encode(text)[1:-1], plain.hex().encode()}
    found.add(text.encode("ascii", "backslashreplace"))
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + plain)
        # Characters at both ends are made of neighbouring bytes too.
        found.add(encoded[4 if offset else 0 : len(encoded) - 4])
    return found
