# SPDX-License-Identifier: Apache-2.0
"""An evening with one of everything in it: a call for help, a card, a poll, a sheet, an idea that a jury judges."""

from dataclasses import dataclass, field
from typing import Any

from gateway.client import Refused, new_id
from tests.city.evening import Evening, Person, staff
from tests.city.town import eventually

COMMENT = "Jurorenbemerkungsgeheimnis"
"""What the second juror says about an idea."""


@dataclass
class Furnished:
    """An evening in its solutions phase.

    Args:
        evening: with its people.
        things: a global id of each type of thing in it.
        words: what its people wrote and what they are called, for nobody outside.
        jurors: two who judge its idea; the second one has scored it.
    """

    evening: Evening
    things: dict[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    jurors: tuple[Person, ...] = ()

    @property
    def gid(self) -> str:
        return self.evening.gid


async def furnished(one: Evening, mark: str) -> Furnished:
    """Leads an evening to its solutions phase, with something of everything on the way.

    Args:
        one: its residents are there; at least three.
        mark: a word that stands in all that its people write.
    """
    made = Furnished(one)
    person, things = one.residents[0], made.things
    things["Conference"], things["Person"] = one.gid, person.gid_of_me
    words = {what: f"{mark} {what}" for what in ("Plenum", "Karte", "Etikett", "Ruf", "Problem", "Kontakt", "Gruppe")}
    await one.start()
    things["Poll"] = await one.open_poll()
    await person.must("CastBallot", poll_id=things["Poll"], option=1)
    said = await person.must("PostMessage", channel="plenary", text=words["Plenum"])
    things["ChatMessage"] = said.message_id
    await one.next()
    things["Group"] = str(await eventually("the person sits in a group", lambda: _group_of(person)))
    await person.must("PostMessage", channel=things["Group"], text=words["Gruppe"])
    card = await _soon(person, "AddCard", kind="NEED", text=words["Karte"], tags=[words["Etikett"]], share_tags=False)
    things["Card"] = card.card_id
    things["HelpCall"] = (await person.must("RequestHelp", reason=words["Ruf"])).call_id
    for _ in range(3):
        await one.next()
    things["Problem"] = (await _soon(person, "ProposeProblem", text=words["Problem"])).problem_id
    await _soon(one.moderator, "ChooseTopics")
    for _ in range(2):
        await one.next()
    await _write(one, person, things, words["Kontakt"])
    made.words = (mark, *(resident.name for resident in one.residents))
    return made


async def _write(one: Evening, person: Person, things: dict[str, str], contact: str) -> None:
    """A sheet with a topic, submitted as an idea."""
    things["IdeaSheet"] = str(await eventually("the group has a sheet", lambda: _sheet_of(one, person)))
    things["Passage"] = new_id("Passage")
    for passage, sheet_field, text in (
        (things["Passage"], "CONTACT", contact),
        (new_id("Passage"), "TITLE", "Eine Bank unter der Linde"),
    ):
        await _soon(person, "WritePassage", sheet_id=things["IdeaSheet"], passage_id=passage, field=sheet_field,
                    text=text, seen=0)  # fmt: skip
    things["Idea"] = (await _soon(person, "SubmitIdea", sheet_id=things["IdeaSheet"])).idea_id
    problems = (await one.moderator.ask("EveningForStaff", id=one.gid)).conference.problems
    things["Topic"] = problems.topics[0].id


async def judged(made: Furnished) -> None:
    """Opens a round of the jury on the idea of an evening; the second juror scores it."""
    one = made.evening
    made.jurors = (await staff(one.world, one.organiser, one.gid, "guest", "Jury 1"),
                   await staff(one.world, one.organiser, one.gid, "guest", "Jury 2"))  # fmt: skip
    for juror in made.jurors:
        await city_juror(one, juror)
    made.things["JuryRound"], made.things["Criterion"] = new_id("JuryRound"), new_id("Criterion")

    async def opened() -> bool:  # the idea is in the read model a moment later
        outcome = await one.organiser.command(
            "OpenJuryRound", round_id=made.things["JuryRound"], title="Runde", budget_cents=1000, reviews_per_idea=2,
            criteria=[{"criterionId": made.things["Criterion"], "name": "Nutzen", "weight": 1}],
            jurors=[juror.gid_of_me for juror in made.jurors], conference_ids=[one.gid],
        )  # fmt: skip
        return not isinstance(outcome, Refused)

    await eventually("the round is open", opened)
    await score(made, made.jurors[1], 4)


async def city_juror(one: Evening, person: Person) -> None:
    """Makes somebody of the staff a juror of the city, and nothing else."""

    async def renew() -> None:
        person.client.token = await person.world.sign_in("juror", person.me, person.name, None)

    await one.organiser.command("AssignStaff", conference_id=None, staff_id=person.gid_of_me, role="JUROR")
    person.renew = renew
    await renew()


async def score(made: Furnished, juror: Person, points: int) -> None:
    """Lets a juror score the idea."""
    things = made.things
    outcome = await juror.command(
        "ScoreIdea", round_id=things["JuryRound"], idea_id=things["Idea"], comment=COMMENT,
        scores=[{"criterionId": things["Criterion"], "score": points}],
    )  # fmt: skip
    assert not isinstance(outcome, Refused), outcome


async def _soon(person: Person, command: str, /, **fields: Any) -> Any:
    """A command that succeeds as soon as its service has heard what went before."""

    async def done() -> Any:
        outcome = await person.command(command, conference_id=person.gid, **fields)
        return None if isinstance(outcome, Refused) else outcome

    return await eventually(f"{person.name}: {command} is done", done)


async def _group_of(person: Person) -> str | None:
    return person.view.my_group.id if person.view.my_group is not None else None


async def _sheet_of(one: Evening, person: Person) -> str | None:
    sheet = (await person.ask("Evening", id=one.gid)).conference.my_sheet
    return sheet.id if sheet is not None else None
