# SPDX-License-Identifier: Apache-2.0
"""Everything that registration answers: commands first, then queries."""

from collections.abc import Sequence
from datetime import UTC
from uuid import uuid4

from services.chassis.api import Api, Context, Decide
from services.chassis.contract import Answer, Done
from services.chassis.decider import Refusal
from services.chassis.decisions import Decided, Step
from services.chassis.keys import new_key
from services.chassis.refusals import InvalidInput, NotFound
from services.contracts import registration as contract
from services.registration import access, apps_api, jobs_api, queries
from services.registration.adapters.office import Office, office_of
from services.registration.adapters.vault import Person, sealed_parts
from services.registration.domain import conference as life
from services.registration.domain import district, seating, series, staff
from services.registration.domain.conference import CONFERENCE, Announced
from services.registration.domain.links import AccessIsClosed, UnknownSecret
from services.registration.domain.mails import TooManyMails
from services.registration.translation import is_zone, person_of, problem_with, several_places, standing

EARLIEST_YEAR, LATEST_YEAR = 2000, 2999
"""Deadlines are computed from the start: at the ends of the calendar that fails, for every conference at once."""

api = Api(contract.SERVICE)

apps_api.register(api)  # RegisterApp ApproveApp RejectApp SuspendApp EraseApp IssueAppKey RevokeAppKey NoteAppKeyUse
#                         NoteApp GetAppAccess GetAppKey ListApps
jobs_api.register(api)  # StartJob ApproveJob RejectJob CancelJob ApprovalFor GetJob ListJobs ListJobRows


async def _unknown_place(request: contract.AssignStaff, ctx: Context) -> Refusal | None:
    """Names the place of a role when there is no such place."""
    found: tuple[str, bool] | None = None
    if request.conference_id is not None:
        conference = (await ctx.load(CONFERENCE, request.conference_id)).state
        found = ("conference", isinstance(conference, Announced))
    elif request.series_id is not None:
        of_series = (await ctx.load(series.SERIES, request.series_id)).state
        found = ("series", isinstance(of_series, series.Created))
    elif request.district_id is not None:
        of_district = (await ctx.load(district.DISTRICT, request.district_id)).state
        found = ("district", isinstance(of_district, district.Defined))
    if found is None or found[1]:
        return None
    return InvalidInput(field=f"{found[0]}_id", problem=f"there is no such {found[0]}")


def _office(ctx: Context) -> Office:
    return office_of(ctx.db, ctx.settings)


def _decide(command: life.ConferenceCommand, answer: Answer = Done()) -> Decide:  # noqa: B008 -- frozen, no fields
    return Decide(_step(command), answer=answer)


def _step(command: life.ConferenceCommand) -> Step:
    return Step(CONFERENCE, command.conference_id, command, conference=command.conference_id)


def _answering(command: seating.ConfirmRegistration | seating.CheckIn) -> Decide:
    """Decides, and answers where the registration stands afterwards."""

    def answer(decided: Sequence[Decided]) -> contract.RegistrationState:
        return standing(decided[0].state, command.conference_id, command.participant_id)

    return Decide(Step(CONFERENCE, command.conference_id, command, conference=command.conference_id), answer=answer)


# Commands: districts, series, conferences -----------------------------------------------------------------------


@api.command(contract.DefineDistrict, needs=access.organisers)
async def define_district(request: contract.DefineDistrict, ctx: Context) -> Decide:
    """Defines or redefines a district."""
    command = district.DefineDistrict(
        now=ctx.now,
        district_id=request.district_id,
        name=request.name,
        postal_codes=request.postal_codes,
        streets=tuple(
            district.Streets(street=each.street, first=each.first, last=each.last) for each in request.streets
        ),
    )
    return Decide(Step(district.DISTRICT, request.district_id, command, conference=None))


@api.command(contract.CreateSeries, needs=access.organisers)
async def create_series(request: contract.CreateSeries, ctx: Context) -> Decide | Refusal:
    """Creates a series."""
    if not is_zone(request.zone):
        return InvalidInput(field="zone", problem="not an IANA time zone such as Europe/Berlin")
    command = series.CreateSeries(
        now=ctx.now, series_id=request.series_id, title=request.title, script=request.script, zone=request.zone
    )
    return Decide(Step(series.SERIES, request.series_id, command, conference=None))


@api.command(contract.AnnounceConference, needs=access.organisers_of_what_it_belongs_to)
async def announce_conference(request: contract.AnnounceConference, ctx: Context) -> Decide | Refusal:
    """Announces a conference of an existing district in an existing series."""
    if request.starts_at.tzinfo is None:
        return InvalidInput(field="starts_at", problem="an instant needs its offset from UTC")
    if not EARLIEST_YEAR <= request.starts_at.year <= LATEST_YEAR:
        return InvalidInput(field="starts_at", problem=f"a year from {EARLIEST_YEAR} to {LATEST_YEAR}")
    of_series = (await ctx.load(series.SERIES, request.series_id)).state
    if not isinstance(of_series, series.Created):
        return NotFound(what="series", id=request.series_id)
    if not isinstance((await ctx.load(district.DISTRICT, request.district_id)).state, district.Defined):
        return NotFound(what="district", id=request.district_id)
    command = life.AnnounceConference(
        now=ctx.now,
        conference_id=request.conference_id,
        series_id=request.series_id,
        district_id=request.district_id,
        title=request.title,
        starts_at=request.starts_at.astimezone(UTC),
        zone=of_series.facts.zone,
        capacity=request.capacity,
        language=request.language,
        script=of_series.facts.script,
    )
    return _decide(command)


@api.command(contract.OpenConference, needs=access.organisers)
async def open_conference(request: contract.OpenConference, ctx: Context) -> Decide:
    """Opens the registration."""
    command = life.OpenConference(now=ctx.now, conference_id=request.conference_id)
    alone = jobs_api.by_one_person(ctx, "open_conferences", request.conference_id)
    return Decide(_step(command), alone)


@api.command(contract.CloseConference, needs=access.organisers)
async def close_conference(request: contract.CloseConference, ctx: Context) -> Decide:
    """Closes the registration."""
    return _decide(life.CloseConference(now=ctx.now, conference_id=request.conference_id))


@api.command(contract.CancelConference, needs=access.organisers)
async def cancel_conference(request: contract.CancelConference, ctx: Context) -> Decide:
    """Calls the conference off; the mails follow from the event."""
    command = life.CancelConference(now=ctx.now, conference_id=request.conference_id)
    alone = jobs_api.by_one_person(ctx, "cancel_conferences", request.conference_id)
    return Decide(_step(command), alone)


# Commands: registrations ----------------------------------------------------------------------------------------


@api.command(contract.Register)
async def register(request: contract.Register, ctx: Context) -> Decide | Refusal:
    """Registers a new participant, or repeats the registration of a known address: the answer is the same."""
    problem = problem_with(request)
    if problem is not None:
        return problem
    vault = _office(ctx).vault
    conference = (await ctx.load(CONFERENCE, request.conference_id)).state
    if isinstance(conference, Announced) and conference.status == "OPEN":  # otherwise there will be no mail
        seconds = await vault.ask_for_mail(request.email, ctx.command_id or uuid4())
        if seconds is not None:
            return TooManyMails(retry_after_seconds=seconds)
    answer = contract.RegistrationAccepted(
        conference_id=request.conference_id, expires_at=ctx.now + seating.CONFIRMATION_WINDOW
    )
    known = await vault.standing(request.conference_id, request.email)
    if known is not None:
        repeat = seating.RepeatRegistration(now=ctx.now, conference_id=request.conference_id, participant_id=known)
        return _decide(repeat, answer=answer)
    participant, key = uuid4().hex, new_key()
    person = person_of(request)
    attributes, needs = sealed_parts(participant, key, person)
    submit = seating.SubmitRegistration(
        now=ctx.now,
        conference_id=request.conference_id,
        participant_id=participant,
        attributes=attributes,
        needs=needs,
    )
    step = Step(CONFERENCE, request.conference_id, submit, conference=request.conference_id)
    return Decide(step, answer=answer, effects=vault.enter(participant, request.conference_id, person, key))


@api.command(contract.ConfirmRegistration)
async def confirm_registration(request: contract.ConfirmRegistration, ctx: Context) -> Decide | Refusal:
    """Whoever holds the secret of the mail confirms."""
    known = await _office(ctx).vault.by_secret("confirm", request.conference_id, request.secret)
    if known is None:
        return UnknownSecret()
    return _answering(
        seating.ConfirmRegistration(
            now=ctx.now, conference_id=request.conference_id, participant_id=known.participant_id
        )
    )


@api.command(contract.CancelRegistration, needs=access.the_person_or_an_organiser)
async def cancel_registration(request: contract.CancelRegistration, ctx: Context) -> Decide:
    """Gives the seat back; the address may register again."""
    command = seating.CancelRegistration(
        now=ctx.now, conference_id=request.conference_id, participant_id=request.participant_id
    )
    step = Step(CONFERENCE, request.conference_id, command, conference=request.conference_id)
    return Decide(step, effects=[_office(ctx).vault.withdraw(request.conference_id, request.participant_id)])


@api.command(contract.EnterWithLink)
async def enter_with_link(request: contract.EnterWithLink, ctx: Context) -> contract.AccessToken | Refusal:
    """A short token for the holder of a personal link. Nothing is stored: a token must not lie in a database."""
    office = _office(ctx)
    known = await office.vault.by_secret("enter", request.conference_id, request.secret)
    if known is None:
        return UnknownSecret()
    if known.is_excluded:
        return AccessIsClosed()
    conference = (await ctx.load(CONFERENCE, request.conference_id)).state
    if not isinstance(conference, Announced):
        return UnknownSecret()
    if conference.status == "CANCELLED":
        return life.ConferenceIsOver(status=conference.status)
    registration = conference.seats.registrations.get(known.participant_id)
    if registration is None:  # expired just now
        return UnknownSecret()
    status = registration.status
    # Who lost the seat by coming late is let in: they stand by.
    if status not in {"SEATED", "WAITLISTED", "RELEASED"}:
        return seating.NoSeatToTake(status=status)
    issued = await office.tokens.resident(known.participant_id, request.conference_id, status)
    return contract.AccessToken(
        token=issued.token,
        expires_at=issued.expires_at,
        conference_id=request.conference_id,
        participant_id=known.participant_id,
        status=status,
    )


@api.command(contract.CheckIn, needs=access.the_person_or_a_host)
async def check_in(request: contract.CheckIn, ctx: Context) -> Decide:
    """The person is in the lobby."""
    return _answering(
        seating.CheckIn(now=ctx.now, conference_id=request.conference_id, participant_id=request.participant_id)
    )


@api.command(contract.SeatStandbys, needs=access.hosts)
async def seat_standbys(request: contract.SeatStandbys, ctx: Context) -> Decide:
    """The same as at the published minute, which the timer keeps."""
    return _decide(seating.SeatStandbys(now=ctx.now, conference_id=request.conference_id))


@api.command(contract.EraseMe, needs=access.the_person_or_an_organiser)
async def erase_me(request: contract.EraseMe, ctx: Context) -> Decide | Refusal:
    """Erases the person with all their participant ids, in one transaction. Erased people are erased already."""
    vault = _office(ctx).vault
    everywhere = await vault.same_person(request.participant_id)
    # Who organises one conference erases its people, not those of another one.
    if everywhere and (request.participant_id, request.conference_id) not in everywhere:
        return NotFound(what="registration", id=request.participant_id)
    steps = [
        Step(
            CONFERENCE,
            conference_id,
            seating.EraseParticipant(now=ctx.now, conference_id=conference_id, participant_id=participant_id),
            conference=conference_id,
        )
        for participant_id, conference_id in everywhere
    ]
    return Decide(*steps, effects=vault.erase([participant_id for participant_id, _ in everywhere]))


# Commands: staff and keys ---------------------------------------------------------------------------------------


@api.command(contract.AddStaff, needs=access.organisers)
async def add_staff(request: contract.AddStaff, ctx: Context) -> Decide | Refusal:
    """Adds a person of the staff; name and address go into the vault."""
    if isinstance((await ctx.load(staff.STAFF_MEMBER, request.staff_id)).state, staff.Erased):
        return staff.NotOfTheStaff(staff_id=request.staff_id)
    command = staff.AddStaff(
        now=ctx.now,
        staff_id=request.staff_id,
        home_district_id=request.home_district_id,
        partner_id=request.partner_id,
    )
    effects = await _office(ctx).vault.add_staff(request.staff_id, Person(name=request.name, email=request.email))
    return Decide(Step(staff.STAFF_MEMBER, request.staff_id, command, conference=None), effects=effects)


@api.command(contract.AssignStaff, needs=access.organisers)
async def assign_staff(request: contract.AssignStaff, ctx: Context) -> Decide | Refusal:
    """Gives a role at an existing conference, in an existing series or district, or in the city."""
    problem = several_places(request) or await _unknown_place(request, ctx)
    if problem is not None:
        return problem
    command = staff.AssignStaff(
        now=ctx.now,
        staff_id=request.staff_id,
        conference_id=request.conference_id,
        series_id=request.series_id,
        district_id=request.district_id,
        role=request.role,
    )
    return Decide(Step(staff.STAFF_MEMBER, request.staff_id, command, conference=request.conference_id))


@api.command(contract.ReleaseStaff, needs=access.organisers)
async def release_staff(request: contract.ReleaseStaff, ctx: Context) -> Decide | Refusal:
    """Takes a role back."""
    problem = several_places(request)
    if problem is not None:
        return problem
    command = staff.ReleaseStaff(
        now=ctx.now,
        staff_id=request.staff_id,
        conference_id=request.conference_id,
        series_id=request.series_id,
        district_id=request.district_id,
        role=request.role,
    )
    return Decide(Step(staff.STAFF_MEMBER, request.staff_id, command, conference=request.conference_id))


@api.command(contract.EraseStaff, needs=access.the_staff_member_or_an_organiser)
async def erase_staff(request: contract.EraseStaff, ctx: Context) -> Decide | Refusal:
    """Takes every role back, where others can hear of it, and erases the person, all in one transaction."""
    vault = _office(ctx).vault
    # A resident's seat would stay without them: that is `eraseMe`. A joint text is not one person's to erase.
    if await vault.same_person(request.staff_id) or await vault.is_joint(request.staff_id):
        return staff.NotOfTheStaff(staff_id=request.staff_id)
    member = await ctx.load(staff.STAFF_MEMBER, request.staff_id)
    erase = staff.EraseStaff(now=ctx.now, staff_id=request.staff_id)
    steps = [
        Step(staff.STAFF_MEMBER, request.staff_id, release, conference=release.conference_id)
        for release in staff.releases(member.state, erase)
    ]
    steps.append(Step(staff.STAFF_MEMBER, request.staff_id, erase, conference=None, guards=(member,)))
    return Decide(*steps, effects=vault.erase_staff(request.staff_id))


@api.command(contract.EnsureKeys, needs=access.service)
async def ensure_keys(request: contract.EnsureKeys, ctx: Context) -> contract.KeysFound:
    """Keys of sheets and of staff who write. No rule decides, nothing is logged: the answer would lie there."""
    return contract.KeysFound(
        keys=await _office(ctx).vault.ensure_keys(request.ids, request.conference_id, joint=request.joint)
    )


# Queries --------------------------------------------------------------------------------------------------------

api.query(contract.ListDistricts)(queries.list_districts)
api.query(contract.ListConferences)(queries.list_conferences)
api.query(contract.GetConference)(queries.get_conference)
api.query(contract.GetRegistration, needs=access.the_person_or_a_host)(queries.get_registration)
api.query(contract.GetNames)(queries.get_names)
api.query(contract.GetRoster, needs=access.hosts)(queries.get_roster)
api.query(contract.ExportMe, needs=access.the_person_or_an_organiser)(queries.export_me)
api.query(contract.GetKeys, needs=access.service)(queries.get_keys)
api.query(contract.GetJsonWebKeys)(queries.get_json_web_keys)
api.query(contract.GetRevocations, needs=access.service)(queries.get_revocations)
