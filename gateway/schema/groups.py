# SPDX-License-Identifier: Apache-2.0
"""Small groups: who sits where, and who is kept apart or together."""

import strawberry

from gateway.schema.people import Person, optional_person, person
from gateway.schema.relay import global_id, optional_id
from gateway.schema.scalars import GroupMode, GuidingRole, LocalText, SeatingRuleKind
from gateway.schema.shape import Shown, computed, graphql_type, shown
from gateway.schema.stored import parts
from services.contracts import session as contract


@graphql_type()
class GroupRole(Shown):
    """What one person does for a group that no mentor accompanies."""

    view: strawberry.Private[contract.GroupRole]
    role: GuidingRole = shown("Which of it.")

    @computed
    def person(self) -> Person:
        """Who does it."""
        return person(self.conference, self.view.participant_id)


@graphql_type()
class Group(Shown):
    """One small group."""

    view: strawberry.Private[contract.GroupView]
    number: int = shown("Its number on the screen.")
    locked: bool = shown("Whether it keeps its people: nobody joins it, and nobody is taken from it.")

    @computed
    def id(self) -> strawberry.ID:
        """Global id."""
        return global_id("Group", self.view.group_id)

    @computed
    def members(self) -> list[Person]:
        """Who sits there."""
        return [person(self.conference, member) for member in self.view.members]

    @computed
    def mentor(self) -> Person | None:
        """The mentor who accompanies the group; null when it guides itself."""
        return optional_person(self.conference, self.view.mentor_id)

    steps = parts(LocalText, "steps", "What a group does that guides itself, step by step; none with a mentor.")
    roles = parts(GroupRole, "roles", "Who does what in a group that guides itself; none with a mentor.")

    @computed
    def topic_id(self) -> strawberry.ID | None:
        """Global id of its topic; null without one."""
        return optional_id("Topic", self.view.topic_id)


@graphql_type()
class Groups(Shown):
    """Who sits where now. Without running groups everybody is in the plenary."""

    view: strawberry.Private[contract.GroupsView]
    generation: int = shown("Rises with every change of who sits where.")
    run: int = shown("The entry into a phase that these groups belong to.")
    mode: GroupMode | None = shown("How they were formed; null without groups.")
    plans: int = shown("How many group plans the evening has had.")

    groups = parts(Group, "groups", "The groups by number; empty while everybody is in the plenary.")

    @computed
    def with_moderator(self) -> list[Person]:
        """The few who stay with the moderator because there are too few people for a group."""
        return [person(self.conference, one) for one in self.view.with_moderator]


@graphql_type()
class GroupPlan(Shown):
    """One version of a plan of groups, to be looked at before it goes live."""

    view: strawberry.Private[contract.GroupPlanView]
    version: int = shown("Rises with every plan; `useGroupPlan` names it.")
    phase: str = shown("Key of the phase it is for.")
    mode: GroupMode = shown("By what the groups are formed.")
    seed: int = shown("Where its chance came from; the same people and seed give the same plan.")
    algorithm: str = shown("How it was found: a name and version, or `by-hand`.")
    chosen: bool = shown("Whether it goes live when its phase begins.")

    groups = parts(Group, "groups", "The groups by number.")

    @computed
    def with_moderator(self) -> list[Person]:
        """Who would stay with the moderator."""
        return [person(self.conference, one) for one in self.view.with_moderator]


@graphql_type()
class SeatingRule(Shown):
    """People who are kept apart, or together, in every group."""

    view: strawberry.Private[contract.SeatingRuleView]
    kind: SeatingRuleKind = shown("Which of it.")

    @computed
    def participants(self) -> list[Person]:
        """Whom it is about."""
        return [person(self.conference, one) for one in self.view.participant_ids]
