# SPDX-License-Identifier: Apache-2.0
"""The questions registration answers; `api.py` says who may ask them."""

import msgspec

from services.chassis.api import Context
from services.chassis.decider import Refusal
from services.chassis.keys import unseal
from services.chassis.refusals import InvalidInput, NotAllowed, NotFound
from services.contracts import registration as contract
from services.registration import access
from services.registration.adapters.office import office_of
from services.registration.adapters.vault import text_of
from services.registration.readmodel import conferences, districts, revocations, staff_roles
from services.registration.readmodel.cursors import BadCursor


async def list_districts(request: contract.ListDistricts, ctx: Context) -> contract.Districts | Refusal:
    """Districts by name or address."""
    try:
        return await districts.list_districts(ctx.db, request)
    except BadCursor as error:
        return InvalidInput(field="cut", problem=str(error))


async def list_conferences(request: contract.ListConferences, ctx: Context) -> contract.Conferences | Refusal:
    """Conferences by start."""
    try:
        return await conferences.list_conferences(ctx.db, request)
    except BadCursor as error:
        return InvalidInput(field="cut", problem=str(error))


async def get_conference(request: contract.GetConference, ctx: Context) -> contract.Conference | Refusal:
    """One conference."""
    found = await conferences.get_conference(ctx.db, request.conference_id)
    return found or NotFound(what="conference", id=request.conference_id)


async def get_registration(request: contract.GetRegistration, ctx: Context) -> contract.RegistrationState | Refusal:
    """Where one registration stands."""
    found = await conferences.get_registration(ctx.db, request.conference_id, request.participant_id)
    return found or NotFound(what="registration", id=request.participant_id)


async def get_names(request: contract.GetNames, ctx: Context) -> contract.Names | Refusal:
    """Names, for those who meet there: participants and staff of the conference; of the staff for services alone."""
    if request.conference_id is None:
        if not access.service(request, ctx.actor):
            return NotAllowed(needs="service")
        return contract.Names(names=await office_of(ctx.db, ctx.settings).vault.names_of_staff(request.ids))
    if not access.serves_at(request.conference_id, ctx.actor) and not await _meets(request.conference_id, ctx):
        return NotAllowed(needs="participant or staff")
    return contract.Names(names=await office_of(ctx.db, ctx.settings).vault.names(request.conference_id, request.ids))


async def get_roster(request: contract.GetRoster, ctx: Context) -> contract.Roster:
    """Registrations with needs, and staff. Keys are asked for anew: an erased person is gone at once."""
    rows = await conferences.list_registrations(ctx.db, request.conference_id)
    keys = await office_of(ctx.db, ctx.settings).vault.keys(sealed.key for _, sealed in rows if sealed)
    entries = tuple(
        msgspec.structs.replace(entry, needs=text_of(unseal(sealed, keys.get(sealed.key)))) if sealed else entry
        for entry, sealed in rows
    )
    return contract.Roster(
        conference_id=request.conference_id,
        entries=entries,
        staff=await staff_roles.list_staff(ctx.db, request.conference_id),
    )


async def export_me(request: contract.ExportMe, ctx: Context) -> contract.PersonalData | Refusal:
    """Everything the vault holds about one participant."""
    found = await office_of(ctx.db, ctx.settings).vault.addressee(request.participant_id)
    state = await conferences.get_registration(ctx.db, request.conference_id, request.participant_id)
    if found is None or state is None:
        return NotFound(what="registration", id=request.participant_id)
    person = found.person
    return contract.PersonalData(
        participant_id=request.participant_id,
        name=person.name,
        email=person.email,
        language=person.language,
        attributes=person.attributes,
        needs=person.needs,
        consents=tuple(contract.ConsentGiven(purpose=each.purpose, version=each.version) for each in person.consents),
        status=state.status,
    )


async def get_keys(request: contract.GetKeys, ctx: Context) -> contract.KeysFound:
    """Data keys for services."""
    return contract.KeysFound(keys=await office_of(ctx.db, ctx.settings).vault.keys(request.ids))


async def get_json_web_keys(request: contract.GetJsonWebKeys, ctx: Context) -> contract.JsonWebKeys:
    """The public keys with which tokens are verified."""
    tokens = office_of(ctx.db, ctx.settings).tokens
    return contract.JsonWebKeys(keys=await tokens.public_keys(), issuer=tokens.issuer)


async def get_revocations(request: contract.GetRevocations, ctx: Context) -> contract.Revocations:
    """Whose access has ended lately."""
    return await revocations.list_revocations(ctx.db, request.behind)


async def _meets(conference_id: str, ctx: Context) -> bool:
    """Whether a resident takes part; a token outlives a cancelled registration by minutes."""
    if ctx.actor.kind != "resident":
        return False
    found = await conferences.get_registration(ctx.db, conference_id, ctx.actor.id)
    return found is not None and found.status in {"SEATED", "WAITLISTED", "RELEASED"}
