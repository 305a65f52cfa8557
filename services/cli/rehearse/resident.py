# SPDX-License-Identifier: Apache-2.0
"""A simulated resident: comes late, votes and votes again, pins cards, writes in a sheet, drops out, comes back."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from gateway.client import new_id, pairing_code
from services.cli.rehearse import survey
from services.cli.rehearse.patience import GivenUp, Patience, carried_out
from services.cli.rehearse.player import Player
from services.cli.rehearse.polls import drawn
from services.cli.rehearse.record import Record
from services.cli.rehearse.stage import Staged, Ticket
from services.cli.rehearse.world import World

DOTS = 5
UPVOTES = 2

SAY_READY = frozenset({"support"})
"""Phases in which groups say when they are ready."""


class Resident(Player):
    """One resident at one conference."""

    def __init__(self, world: World, record: Record, staged: Staged, ticket: Ticket) -> None:
        part = ticket.part
        super().__init__(
            world, record, gid=staged.gid, me=ticket.participant_id, name=f"resident {part.number}", token=None,
            seed=part.seed,
        )  # fmt: skip
        self.part, self.staged, self.ticket = part, staged, ticket
        self.renew = self.enter
        self._done: set[str] = set()
        self._doing: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None

    async def enter(self) -> None:
        """Exchanges the personal link for a fresh access token, as somebody who has none.

        Raises:
            GivenUp: the link let nobody in.
        """
        async with self.world.client() as nobody:
            fields = {"conference_id": self.gid, "secret": self.ticket.secret}
            outcome = await Patience(self.record.retried, self.draw).command(nobody, "EnterWithLink", fields)
        if not carried_out(outcome):
            raise GivenUp(f"the personal link let nobody in: {outcome}", unknown=False)
        self.client.token = outcome.token

    async def play(self) -> None:
        """The whole evening of this person."""
        if not self.part.comes:
            return
        ahead = (self.staged.starts_at - self.world.clock.now()).total_seconds() / 60
        await self.world.sleep(ahead + self.part.arrives)
        try:
            await self._attend()
        finally:
            for task in (*self._doing, *([self._watching] if self._watching else [])):
                task.cancel()
            await self.client.close()

    async def _attend(self) -> None:
        await self.enter()
        await self._check_in()
        self._watching = asyncio.create_task(self.watch())
        self.record.counts["residents"] += 1
        for minute, what in ((self.part.reconnects, self._reconnect), (self.part.drops_out, self._drop_out)):
            if minute is not None:
                self._start(f"at {minute}", self._at(minute, what))
        async for _ in self.turns():
            self._react()
        if "gone" not in self._done:
            await self.look_back()

    async def _check_in(self) -> None:
        await self.command("CheckIn", conference_id=self.gid, participant_id=self._gid_of_me())

    async def _accept_code(self) -> None:
        """Whoever has a seat is asked to; who waits for one is asked when they get it."""
        answer = await self.query("CodeOfConduct", {})
        if answer is not None and answer.code_of_conduct is not None:
            await self.sent("accepted_code", "AcceptCodeOfConduct", version=answer.code_of_conduct.version)

    def _gid_of_me(self) -> str:
        return self.global_id("Person", self.me)

    def _react(self) -> None:
        session = self.view.session
        if session is None or "gone" in self._done:
            return
        if self.view.placement is not None:
            self._once(f"place {self.view.placement.generation}", self.confirm_placement)
        if session.status == "LOBBY":
            self._once("survey before", self._answer_survey, "BEFORE", 0.0)
        conduct = self.view.picture.my_conduct
        if conduct is not None and conduct.must_accept:
            self._once("code", self._accept_code)
        if session.phase is None or session.status != "RUNNING":
            return
        for poll in self.view.polls:
            if poll.open:
                self._once(f"vote {poll.id}", self._vote, poll)
                if poll.kind == "OPEN" and poll.tally and f"voted {poll.id}" in self._done:
                    self._once(f"support {poll.id}", self._support, poll)
        run, tools = session.run, set(session.phases[session.phase].tools)
        if "NEEDS_OFFERS" in tools:
            self._once(f"needs {run}", self._pin_needs_and_offers)
        if "SURVEY" in tools:
            self._once("survey after", self._answer_survey, "AFTER", 0.5)
        if "VALUES" in tools:
            self._once(f"values {run}", self._pin_value)
        if "PROBLEMS" in tools:
            self._once(f"problems {run}", self._problems)
        if self.view.problems is not None and self.view.problems.topics:
            self._once("topics", self._rank_topics)
        if "SHEET" in tools and self.view.my_group is not None:
            self._once(f"sheet {run}", self._write)
        if session.phases[session.phase].key in SAY_READY and self.view.my_group is not None:
            self._once(f"ready {run}", self._say_ready, run)
        if self.part.chats:
            self._once(f"chat {run}", self._chat)
        if self.part.asks_for_help == ("plenary" if self.view.my_group is None else "group"):
            self._once("help", self._ask_for_help)

    async def _answer_survey(self, wave: str, share: float) -> None:
        """Answers once, with the code that pairs what one person says before and after."""
        await self._think(share)
        found = await self.query("Survey", {"id": self.gid})
        sheets = () if found is None or found.conference.survey is None else found.conference.survey.sheets
        sheet = next((one for one in sheets if one.wave == wave and one.status == "OPEN" and not one.answered), None)
        if sheet is None:
            return
        answers, values = survey.drawn(sheet.items, self.draw, self.world.texts["remarks"])
        votes, code = self.record.surveys[wave.lower()], pairing_code(self.gid, self.part.code)
        await self.voted(votes, values, "SubmitSurveyAnswers", wave=wave, answers=answers, pairing_code=code)

    async def _say_ready(self, run: int) -> None:
        """Some groups ask for more time first."""
        if self.draw.random() < 0.2:
            await self.sent("wanted_time", "SetReadiness", run=run, readiness="MORE_TIME")
        await self.world.sleep(self.phase_minutes() * self.draw.uniform(0.5, 0.8))
        if self.view.session.run == run:
            await self.sent("ready", "SetReadiness", run=run, readiness="READY")

    def _once(self, what: str, do: Callable[..., Coroutine[Any, Any, None]], *about: Any) -> None:
        if what not in self._done:
            self._done.add(what)
            self._start(what, do(*about))

    def _start(self, what: str, doing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(doing, name=f"{self.name} {what}")
        self._doing.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._doing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.record.error(task.get_name(), repr(error))

    async def _think(self, share: float) -> None:
        """Waits a random part of the phase, at most this share of it."""
        await self.world.sleep(self.phase_minutes() * self.draw.uniform(0.02, share))

    def _say(self, kind: str) -> str:
        said = self.draw.choice(self.world.texts[kind])
        return str(said["text"] if isinstance(said, dict) else said)

    async def _at(self, minute: float, what: Any) -> None:
        async for _ in self.turns():
            if self.minutes_into >= 0:
                break
        await self.world.sleep(minute - self.minutes_into)
        await what()

    async def _reconnect(self) -> None:
        """Loses the connection and comes back at once."""
        if self._watching is not None:
            self._watching.cancel()
        self._watching = asyncio.create_task(self.watch())
        self.record.counts["reconnects"] += 1

    async def _drop_out(self) -> None:
        """Closes the browser for good."""
        self._done.add("gone")
        if self._watching is not None:
            self._watching.cancel()
        self.record.counts["dropped_out"] += 1
        self.leave()

    async def _vote(self, poll: Any) -> None:
        for _ in range(2 if self.part.changes_vote and poll.kind != "OPEN" else 1):
            await self._think(0.15)
            await self._cast(poll)
        self._done.add(f"voted {poll.id}")

    async def _support(self, poll: Any) -> None:
        """Supports answers of others that are shown now."""
        await self._think(0.02)
        chosen = self.draw.sample(poll.tally, min(UPVOTES, len(poll.tally)))
        answer = Counter(self.local(one.answer_id) for one in chosen)
        ids = [one.answer_id for one in chosen]
        await self.voted(
            self.record.ballots[self.local(poll.id)], answer, "UpvoteAnswers", poll_id=poll.id, answer_ids=ids
        )

    async def _cast(self, poll: Any) -> None:
        fields, answer = drawn(poll, self.draw, self.world.texts["words"], self.world.texts["questions"])
        await self.voted(self.record.ballots[self.local(poll.id)], answer, "CastBallot", poll_id=poll.id, **fields)

    async def _pin_needs_and_offers(self) -> None:
        for kind, texts in (("NEED", "needs"), ("OFFER", "offers")):
            await self._think(0.4)
            said = self.draw.choice(self.world.texts[texts])
            await self._pin(kind, said["text"], tags=said["tags"], share_tags=self.draw.random() < 0.7)

    async def _pin(self, kind: str, text: str, **fields: Any) -> None:
        await self._think(0.4)
        await self.wrote("cards", "ideas.card_added", "AddCard", kind=kind, text=text, **fields)

    async def _pin_value(self) -> None:
        await self._pin("VALUE", self._say("values"))

    async def _problems(self) -> None:
        await self._think(0.1)
        if self.draw.random() < 0.4:
            await self.wrote("problems", "ideas.problem_proposed", "ProposeProblem", text=self._say("problems"))
        for _ in range(2 if self.part.changes_vote else 1):
            await self._think(0.3)
            await self._put_dots()

    async def _put_dots(self) -> None:
        problems = self.view.problems
        if problems is None or not problems.open or not problems.problems:
            return
        dots = Counter(self.draw.choice(problems.problems).id for _ in range(DOTS))
        given = [{"problemId": problem, "dots": count} for problem, count in dots.items()]
        answer = Counter({self.local(problem): count for problem, count in dots.items()})
        await self.voted(self.record.dots, answer, "CastDots", dots=given)

    async def _rank_topics(self) -> None:
        await self._think(0.1)
        topics = [topic.id for topic in self.view.problems.topics]
        self.draw.shuffle(topics)
        await self.sent("wishes", "RankTopics", topic_ids=topics[:5])

    async def _write(self) -> None:
        sheet = None
        async for _ in self.turns():
            group = self.view.my_group
            sheet = next((one for one in self.view.sheets if group and one.group_id == group.id and one.open), None)
            if sheet is not None or group is None:
                break
        if sheet is None:
            return
        for _ in range(self.part.writes_in_sheet):
            await self._think(0.25)
            await self._write_passage(sheet.id)
        await self._improve(sheet.id)

    async def _write_passage(self, sheet_id: str) -> None:
        written = {p.field.lower() for one in self.view.sheets if one.id == sheet_id for p in one.passages}
        fields = list(self.world.texts["sheet"])
        field = next((name for name in ("title", "approach") if name not in written), None) or self.draw.choice(fields)
        passage = new_id("Passage")
        text = self.draw.choice(self.world.texts["sheet"][field])
        fields_sent = {"sheet_id": sheet_id, "passage_id": passage, "field": field.upper(), "text": text, "seen": 0}
        if await self.sent("passages", "WritePassage", **fields_sent) is not None:
            self.record.passages[self.local(passage)] = 1

    async def _improve(self, sheet_id: str) -> None:
        """Changes somebody's passage; who loses the race is told, and nothing is lost."""
        passages = [p for one in self.view.sheets if one.id == sheet_id for p in one.passages]
        if not passages:
            return
        passage = self.draw.choice(passages)
        outcome = await self.command(
            "WritePassage",
            conference_id=self.gid,
            sheet_id=sheet_id,
            passage_id=passage.id,
            field=passage.field,
            text=f"{passage.text} {self._say('chat')}",
            seen=passage.version,
        )
        if carried_out(outcome):
            known = self.record.passages.get(self.local(passage.id), 0)
            self.record.passages[self.local(passage.id)] = max(known, passage.version + 1)

    async def _chat(self) -> None:
        await self._think(0.6)
        group, session = self.view.my_group, self.view.session
        if session.phase is None or ("GROUP" if group else "PLENARY") not in session.phases[session.phase].chat:
            return
        fields = {"channel": group.id if group else "plenary", "text": self._say("chat")}
        await self.wrote("messages", "session.message_posted", "PostMessage", **fields)

    async def _ask_for_help(self) -> None:
        await self._think(0.3)
        await self.sent("help_calls", "RequestHelp", reason=self._say("help"))
        written = [message for chat in self.view.picture.chats for message in chat.messages]
        if written:
            fields = {"message_id": written[-1].id, "reason": self._say("help")}
            await self.wrote("reports", "session.report_made", "MakeReport", **fields)
