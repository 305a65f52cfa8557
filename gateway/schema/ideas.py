# SPDX-License-Identifier: Apache-2.0
"""From challenge and card to problem, sheet and idea."""

from datetime import datetime

import msgspec
import strawberry

from gateway.context import Context
from gateway.schema.licensed import Licensed
from gateway.schema.people import Person, optional_person, person
from gateway.schema.permissions import GRANTED, MEMBERS, Needs
from gateway.schema.relay import Node, global_id, optional_id
from gateway.schema.scalars import CardKind, SheetField
from gateway.schema.shape import Shown, computed, graphql_type, show, show_all, shown
from gateway.schema.stored import parts
from services.contracts import ideas as contract

FOR_WRITERS = Needs(MEMBERS, ("idea:read",))
FOR_WHO_KNOWS_THEM = Needs(("resident", "invited", *sorted(GRANTED - {"partner"})), ("idea:read",))
"""Partners speak for an organisation of their own: residents' names are not for them."""


@graphql_type()
class Challenge(Shown, Node, Licensed):
    """A challenge that an organisation posted for a district."""

    WORKS = "organisations"

    view: strawberry.Private[contract.ChallengeView]
    title: str = shown("Title.")
    text: str = shown("What it is about.")
    published: bool = shown("Whether residents see it.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("Challenge", self.view.challenge_id)

    @computed
    def district_id(self) -> strawberry.ID:
        """Global id of the district."""
        return global_id("District", self.view.district_id)


@graphql_type()
class Card(Shown):
    """One card of the board."""

    view: strawberry.Private[contract.CardView]
    kind: CardKind = shown("What it says.")
    text: str | None = shown("The text; null when its author was erased.")
    tags: list[str] = shown("Words to find it by.")
    at: datetime = shown("When it was pinned.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("Card", self.view.card_id)

    @computed
    def author(self) -> Person | None:
        """Who pinned it; null to others where the card is a need or an offer."""
        return optional_person(self.conference, self.view.author_id)


@graphql_type()
class Board(Shown):
    """The cards of a conference."""

    view: strawberry.Private[contract.BoardView]
    open_kinds: list[CardKind] = shown("Which kinds of card may be pinned now.")

    cards = parts(Card, "cards", "The cards, oldest first.")


@graphql_type()
class Problem(Shown):
    """One problem statement."""

    view: strawberry.Private[contract.ProblemView]
    text: str | None = shown("The text; null when its author was erased.")
    dots: int | None = shown("How many dots it got; null while the voting runs.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("Problem", self.view.problem_id)

    @computed
    def challenge_id(self) -> strawberry.ID | None:
        """Global id of the challenge it supplements."""
        return optional_id("Challenge", self.view.challenge_id)

    @computed
    def topic_id(self) -> strawberry.ID | None:
        """Global id of the topic it became; null when it was not chosen."""
        return optional_id("Topic", self.view.topic_id)


@graphql_type()
class Topic(Shown):
    """A problem that was chosen for the solutions phase."""

    view: strawberry.Private[contract.TopicChosen]

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("Topic", self.view.topic_id)

    @computed
    def problem_id(self) -> strawberry.ID:
        """Global id of the problem."""
        return global_id("Problem", self.view.problem_id)


@graphql_type()
class Problems(Shown):
    """The problem statements of a conference and the topics chosen among them."""

    view: strawberry.Private[contract.ProblemsView]
    open: bool = shown("Whether problems may be proposed and dots be put.")
    voters: int = shown("How many people have put dots.")

    @computed
    def problems(self) -> list[Problem]:
        """The problem statements."""
        return show_all(Problem, self.view.problems, self.conference)

    @computed
    def topics(self) -> list[Topic]:
        """The topics; empty until they are chosen."""
        return show_all(Topic, self.view.topics)


@graphql_type()
class Passage(Shown):
    """One passage of an idea sheet."""

    view: strawberry.Private[contract.PassageView]
    field: SheetField = shown("The field it belongs to.")
    text: str | None = shown("The text.")
    version: int = shown("Rises with every change; who writes names the version they saw.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("Passage", self.view.passage_id)

    @computed
    def author(self) -> Person | None:
        """Who wrote the newest version; null when they were erased."""
        return optional_person(self.conference, self.view.author_id)


@graphql_type(needs=FOR_WRITERS)
class IdeaSheet(Shown, Node):
    """What a group writes together."""

    view: strawberry.Private[contract.SheetView]
    open: bool = shown("Whether it can be written.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("IdeaSheet", f"{self.view.conference_id}.{self.view.sheet_id}")

    @computed
    def group_id(self) -> strawberry.ID:
        """Global id of the group."""
        return global_id("Group", self.view.group_id)

    @computed
    def topic_id(self) -> strawberry.ID | None:
        """Global id of the topic it is about."""
        return optional_id("Topic", self.view.topic_id)

    @computed
    def idea_id(self) -> strawberry.ID | None:
        """Global id of the idea it became; null before it is submitted."""
        return optional_id("Idea", self.view.idea_id)

    @computed
    def passages(self) -> list[Passage]:
        """Its passages, in the order they were begun."""
        return show_all(Passage, self.view.passages, self.conference)


@graphql_type()
class IdeaField(Shown):
    """One field of a submitted idea."""

    view: strawberry.Private[tuple[str, str]]

    @computed
    def field(self) -> SheetField:
        """Which field."""
        return SheetField(self.view[0])

    @computed
    def text(self) -> str:
        """Its text as it was submitted."""
        return self.view[1]


@graphql_type()
class Idea(Shown, Node, Licensed):
    """A submitted idea."""

    WORKS = "residents"

    view: strawberry.Private[contract.IdeaView]
    submitted_at: datetime = shown("When it was submitted.")
    award_cents: int | None = shown("The amount the jury recommends, in cents; null without an award.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("Idea", self.view.idea_id)

    @computed
    def conference_id(self) -> strawberry.ID:
        """Global id of the conference it comes from."""
        return global_id("Conference", self.view.conference_id)

    @computed
    def sheet_id(self) -> strawberry.ID:
        """Global id of the sheet it was."""
        return global_id("IdeaSheet", f"{self.view.conference_id}.{self.view.sheet_id}")

    @computed
    def topic_id(self) -> strawberry.ID | None:
        """Global id of its topic."""
        return optional_id("Topic", self.view.topic_id)

    @computed
    def title(self) -> str | None:
        """Its title; null when the group left it empty."""
        return self.view.fields.get("title")

    @computed
    def fields(self) -> list[IdeaField]:
        """Its fields as they were submitted."""
        return show_all(IdeaField, self.view.fields.items())

    @computed(told=FOR_WHO_KNOWS_THEM)
    def authors(self) -> list[Person]:
        """Who wrote it; empty for who belongs neither to the conference nor to the staff."""
        return [person(self.view.conference_id, author) for author in self.view.authors]


def shown_idea(context: Context, view: contract.IdeaView) -> Idea:
    """A submitted idea as the client may see it: the idea is public, who wrote it is not."""
    if context.lacking(FOR_WHO_KNOWS_THEM, view.conference_id) is not None:
        view = msgspec.structs.replace(view, authors=())
    return show(Idea, view, view.conference_id)
