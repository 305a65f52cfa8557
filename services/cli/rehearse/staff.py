# SPDX-License-Identifier: Apache-2.0
"""Simulated staff: a moderator who leads through the script, a deputy who stands in, mentors who accompany groups."""

import asyncio
import time
from typing import Any

from services.cli.rehearse.patience import carried_out
from services.cli.rehearse.player import Player
from services.cli.rehearse.record import Record
from services.cli.rehearse.stage import StaffTicket, Staged
from services.cli.rehearse.timetable import order
from services.cli.rehearse.world import World, local

DROPS_OUT = 90.0
"""The conference minute after the start in which the last of several mentors loses the connection for good."""

LATE_MINUTES = 3.0
"""So long after the start a late moderator comes."""

GROUP_MINUTES = 2
"""So much more time than the others one group gets."""

POLLS = {
    "welcome": ("how-are-you", "how-long-here", "concerns"),
    "values": ("togetherness", "value-word", "questions"),
    "problems": ("urgency", "first"),
    "closing": ("ready-to-act", "hours", "one-word"),
}
"""The polls that are opened in each phase, one after the other."""

POLLS_SHARE = {"problems": 0.4}
"""The part of a phase in which its polls are open; 0.75 where nothing else is said."""

LOOKS = 4
"""So often the moderator looks at the words that wait while a poll is open."""

HIDDEN = ("urgency",)
"""The polls whose results are revealed once they are closed."""


class Mentor(Player):
    """Comes early, goes where the plan says, says hello, goes on, does what is handed over; the last one drops out."""

    EVENING = "EveningForStaff"

    def __init__(self, world: World, record: Record, staged: Staged, ticket: StaffTicket) -> None:
        seed = int(ticket.staff_id[:8], 16)
        super().__init__(
            world, record, gid=staged.gid, me=ticket.staff_id, name=f"mentor {ticket.staff_id[:4]}",
            token=ticket.token, seed=seed,
        )  # fmt: skip
        self.staged = staged
        self._answered: set[str] = set()
        self._went_on: set[int] = set()
        self.drops_out = len(staged.mentors) > 1 and ticket == staged.mentors[-1]

    async def play(self) -> None:
        """The whole evening of this person."""
        ahead = (self.staged.starts_at - self.world.clock.now()).total_seconds() / 60
        await self.world.sleep(ahead - 14)
        watching = asyncio.create_task(self.watch())
        greeted: set[str] = set()
        try:
            async for _ in self.turns():
                if self.drops_out and self.minutes_into >= DROPS_OUT:
                    self.record.counts["mentors_dropped"] += 1
                    return
                await self.confirm_placement()
                await self._answer()
                group = self.view.my_group
                if group is not None and group.id not in greeted:
                    greeted.add(group.id)
                    text = self.world.texts["chat"][0]
                    await self.command("PostMessage", conference_id=self.gid, channel=group.id, text=text)
                    await self._go_on()
            await self.look_back()
        finally:
            watching.cancel()
            await self.client.close()

    async def _go_on(self) -> None:
        """Once in a phase: to the group that needs a mentor most."""
        run = self.view.session.run
        if run not in self._went_on:
            self._went_on.add(run)
            await self.sent("mentors_went_on", "AccompanyGroup")

    async def _answer(self) -> None:
        """Does what was handed over to them."""
        for call in list(self.view.help_calls):
            if call.id not in self._answered and not call.resolved and _claimed_by(call) == self.me:
                self._answered.add(call.id)
                await self.sent("help_handed_over", "ResolveHelp", call_id=call.id)


def _claimed_by(call: Any) -> str | None:
    return None if call.claimed_by is None else local(call.claimed_by.id)


class Deputy(Player):
    """Is there; leads when the moderator hands over, gives everybody a minute more, and hands back."""

    EVENING = "EveningForStaff"

    def __init__(self, world: World, record: Record, staged: Staged) -> None:
        ticket = staged.deputy
        super().__init__(
            world, record, gid=staged.gid, me=ticket.staff_id, name="deputy", token=ticket.token,
            seed=staged.part.number,
        )  # fmt: skip
        self.staged = staged

    async def play(self) -> None:
        """The whole evening of this person."""
        ahead = (self.staged.starts_at - self.world.clock.now()).total_seconds() / 60
        await self.world.sleep(ahead - 13)
        watching = asyncio.create_task(self.watch())
        try:
            async for _ in self.turns():
                await self.confirm_placement()
                session = self.view.session
                if session is not None and session.led_by is not None and self.local(session.led_by.id) == self.me:
                    await self.sent("extended_by_deputy", "ExtendPhase", run=session.run, minutes=1)
                    await self.sent("handed_back", "HandBack")
                    await self._until_others_lead()
            await self.look_back()
        finally:
            watching.cancel()
            await self.client.close()

    async def _until_others_lead(self) -> None:
        async for _ in self.turns():
            if self.view.session.led_by is None:
                return


class Moderator(Player):
    """Leads the evening: polls, extension, pause, topics, help, broadcast; sometimes faster than the clock.

    Every second moderator is late, so that the clock starts the evening. All of them press next once by mistake and
    take it back, and hand over to their deputy for a while.
    """

    EVENING = "EveningForStaff"

    def __init__(self, world: World, record: Record, staged: Staged) -> None:
        ticket = staged.moderator
        super().__init__(
            world, record, gid=staged.gid, me=ticket.staff_id, name="moderator", token=ticket.token,
            seed=staged.part.number,
        )  # fmt: skip
        self.staged = staged
        self.late = staged.part.number % 2 == 0
        self._mistaken: set[int] = set()
        self._done: set[str] = set()

    async def play(self) -> None:
        """The whole evening of this person."""
        ahead = (self.staged.starts_at - self.world.clock.now()).total_seconds() / 60
        await self.world.sleep(ahead + LATE_MINUTES if self.late else ahead - 14.5)
        watching = asyncio.create_task(self.watch())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._lead())
                group.create_task(self._answer_help())
                group.create_task(self._look_into_reports())
                group.create_task(self._expect())
            await self.look_back()
        finally:
            watching.cancel()
            await self.client.close()

    async def _lead(self) -> None:
        await self._until(lambda session: session.status == "LOBBY" or session.run > 0)
        if not self.late:
            await self.world.sleep((self.staged.starts_at - self.world.clock.now()).total_seconds() / 60)
            await self.command("StartSession", conference_id=self.gid)
        run = 0
        while not self.ended.is_set():
            await self._until(lambda session, seen=run: session.run > seen)
            session = self.view.session
            if self.ended.is_set() or session.phase is None:
                return
            run = session.run
            phase = session.phases[session.phase]
            if phase.key not in self._done:
                self._done.add(phase.key)
                await self._phase(phase)
            if run % 2 == 0:
                await self._press_next(run)

    async def _until(self, holds: Any) -> None:
        async for _ in self.turns():
            session = self.view.session
            if session is not None and holds(session):
                return

    async def _phase(self, phase: Any) -> None:
        for key in POLLS.get(phase.key, ()):
            await self._run_poll(key, POLLS_SHARE.get(phase.key, 0.75) / len(POLLS[phase.key]))
        match phase.key:
            case "welcome":
                await self._look_at_groups("exchange-1")
            case "exchange-1":
                await self._broadcast_and_extend()
                await self._take_measures()
                await self._press_next_by_mistake()
            case "exchange-2":
                await self._give_a_group_more_time()
            case "values":
                await self.sent("handed_over", "HandOver", deputy_id=self.global_id("Person", self._deputy))
            case "problems":
                await self.world.sleep(phase.minutes * 0.2)
                await self.command("ChooseTopics", conference_id=self.gid)
            case "break" if self.staged.part.number == 0:
                await self._held_by_the_city()
            case "solutions":
                await self.command("PauseSession", conference_id=self.gid)
                await self.world.sleep(1)
                await self.command("ResumeSession", conference_id=self.gid)

    async def _look_at_groups(self, phase: str) -> None:
        """Has two plans made and goes back to the first, which goes live with the phase."""
        for _ in range(2):
            await self.command("PrepareGroups", conference_id=self.gid, phase=phase)
        found = await self.query("GroupPlan", {"id": self.gid, "version": 1})
        plan = None if found is None else found.conference.group_plan
        if plan is not None and plan.groups:
            await self.sent("plans_chosen", "UseGroupPlan", version=plan.version)

    async def _run_poll(self, key: str, share: float) -> None:
        outcome = await self.command("OpenPoll", conference_id=self.gid, key=key)
        if not carried_out(outcome):
            return  # if it was opened all the same, the end of the phase closes it
        for _ in range(LOOKS):
            await self.world.sleep(self.phase_minutes() * share / LOOKS)
            await self._look_at_words(outcome.poll_id)
        await self.command("ClosePoll", conference_id=self.gid, poll_id=outcome.poll_id)
        if key in HIDDEN:
            await self.command("RevealPoll", conference_id=self.gid, poll_id=outcome.poll_id)

    async def _look_at_words(self, poll_id: str) -> None:
        """Shows the answers that wait, and hides those that the word filter held."""
        if not any(poll.id == poll_id and poll.waiting for poll in self.view.polls):
            return
        found = await self.query("PollAnswers", {"id": self.gid, "pollId": poll_id})
        answers = () if found is None else found.conference.poll_answers or ()
        for held in (False, True):
            ids = [one.id for one in answers if one.status == "WAITING" and one.held == held]
            if ids:
                await self.sent("moderated", "ModerateAnswers", poll_id=poll_id, answer_ids=ids, show=not held)

    async def _broadcast_and_extend(self) -> None:
        await self.command("Broadcast", conference_id=self.gid, text=self.world.texts["broadcast"])
        await self.command("ExtendPhase", conference_id=self.gid, run=self.view.session.run, minutes=2)

    async def _give_a_group_more_time(self) -> None:
        """To the largest group: it is the last to fall apart when people drop out."""
        await self._until(lambda _: bool(self.view.groups))
        largest = max(self.view.groups, key=lambda group: len(group.members), default=None)
        if largest is not None:
            run = self.view.session.run
            await self.sent("groups_extended", "ExtendGroup", run=run, group_id=largest.id, minutes=GROUP_MINUTES)

    async def _held_by_the_city(self) -> None:
        """The desk holds the evening, and lets it go on."""
        run = self.view.session.run
        for action, status in (("HOLD", "PAUSED"), ("RELEASE", "RUNNING")):
            await order(self.world, action, [self.gid])
            await self._until(lambda session, wanted=status: session.status == wanted or session.run != run)
        self.record.counts["held_by_the_city"] += 1

    @property
    def _deputy(self) -> str:
        return self.staged.deputy.staff_id

    async def _press_next_by_mistake(self) -> None:
        """And takes it back at once: everybody sits in the same groups again, with the time they had left."""
        run = self.view.session.run
        self._mistaken.add(run + 1)
        if await self.sent("pressed_by_mistake", "NextPhase", run=run, force=True) is not None:
            await self.sent("taken_back", "UndoPhaseChange", run=run + 1)
            await self._until(lambda session: session.run > run + 1)

    async def _take_measures(self) -> None:
        """Warns somebody, mutes them and takes them out of their group, and lets them come back."""
        here = {one.id for one in self.view.presence.present} if self.view.presence else set()
        who = next((one.id for one in self.view.presence.seated if one.id in here), None) if here else None
        if who is None:
            return
        about = {"conference_id": self.gid, "participant_id": who}
        for command in ("WarnParticipant", "MuteParticipant", "RemoveFromGroups"):
            await self.command(command, code="insult", **about)
        await self.world.sleep(1)
        for command in ("UnmuteParticipant", "TakeBackIntoGroups"):
            await self.command(command, **about)
        self.record.counts["measures"] += 1

    async def _press_next(self, run: int) -> None:
        """Goes on a little before the clock would, so that both are seen."""
        session = self.view.session
        if session.run != run or session.deadline is None:
            return
        left = (session.deadline - self.world.clock.now()).total_seconds() / 60
        await self.world.sleep(left * 0.9)
        if self.view.session.run != run:
            return  # enough were ready
        asked = time.perf_counter()
        if carried_out(await self.command("NextPhase", conference_id=self.gid, run=run, force=True)):
            self.record.phase_asked[run + 1] = asked

    async def _expect(self) -> None:
        """Notes when the clock will change the phase, unless somebody presses next before."""
        async for _ in self.turns():
            session = self.view.session
            if session is not None and session.deadline is not None and session.run % 2 == 1:
                if session.run in self._mistaken:
                    continue
                due = time.perf_counter() + self.world.clock.seconds_until(session.closes_at or session.deadline)
                if session.run + 1 not in self.record.phase_told:
                    self.record.phase_asked[session.run + 1] = due

    async def _look_into_reports(self) -> None:
        done: set[str] = set()
        async for _ in self.turns():
            for report in list(self.view.reports):
                if report.id not in done and not report.closed:
                    done.add(report.id)
                    await self.command("ClaimReport", conference_id=self.gid, report_id=report.id)
                    await self.command("CloseReport", conference_id=self.gid, report_id=report.id)

    async def _answer_help(self) -> None:
        """Takes every call; goes to the first, and hands the others over to a mentor."""
        handled: set[str] = set()
        async for _ in self.turns():
            for call in list(self.view.help_calls):
                if call.id not in handled and not call.resolved:
                    handled.add(call.id)
                    await self.command("ClaimHelp", conference_id=self.gid, call_id=call.id)
                    await self.world.sleep(1)
                    if len(handled) == 1:
                        await self.command("ResolveHelp", conference_id=self.gid, call_id=call.id)
                    else:
                        mentor = self.global_id("Person", self.staged.mentors[0].staff_id)
                        await self.command("HandOverHelp", conference_id=self.gid, call_id=call.id, to=mentor)
