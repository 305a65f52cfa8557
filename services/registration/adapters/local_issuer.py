# SPDX-License-Identifier: Apache-2.0
"""Sign-in for a laptop: whoever reaches this process gets a token of the staff for the asking.

Only with QUARTIER_LOCAL_ISSUER=1, and the settings refuse that on any address but loopback. In a city the staff
signs in at the city's own identity provider.
"""

import ipaddress
from collections.abc import Sequence
from uuid import NAMESPACE_OID, uuid4, uuid5

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from services.chassis.contract import Done, Id
from services.chassis.decider import Refusal
from services.chassis.decisions import Envelope, Step
from services.chassis.identity import CITY_SCOPE, Grant, scope_of
from services.chassis.service import Runtime
from services.contracts.registration import Role
from services.contracts.shared import ShortText
from services.registration.adapters.office import office_of
from services.registration.adapters.vault import Person
from services.registration.domain.conference import CONFERENCE, Announced
from services.registration.domain.staff import STAFF_MEMBER, AddStaff, AssignStaff

MAX_BODY = 4096


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to be who. Without `staff_id` a person of this name is added to the staff, and to the conference, the
    series or the district if one is named."""

    role: Role
    name: ShortText | None = None
    staff_id: Id | None = None
    conference_id: Id | None = None
    series_id: Id | None = None
    district_id: Id | None = None

    @property
    def scope(self) -> str:
        """Where the role holds."""
        return scope_of(self.conference_id, self.series_id, self.district_id)


_SIGN_IN = msgspec.json.Decoder(SignIn)


def local_routes(runtime: Runtime) -> Sequence[BaseRoute]:
    """The route `POST /local/sign-in`, where the settings allow it."""
    office = office_of(runtime.db, runtime.settings)
    if not office.settings.local_issuer:
        return []

    async def sign_in(request: Request) -> Response:
        # A page in a browser on this machine must not get in: not by another name of loopback, not by a plain form.
        if not _names_loopback(request.url.hostname) or request.headers.get("content-type") != "application/json":
            return JSONResponse({"error": "for programs on this machine only"}, status_code=403)
        try:
            wish = _SIGN_IN.decode((await request.body())[:MAX_BODY])
        except msgspec.DecodeError as error:
            return JSONResponse({"error": str(error)}, status_code=422)
        if wish.conference_id and not await _exists(runtime, wish.conference_id):
            return JSONResponse({"error": "there is no such conference"}, status_code=422)
        staff_id = wish.staff_id or await _join(runtime, wish)
        issued = await office.tokens.staff(staff_id, [Grant(wish.role, wish.scope)])
        return JSONResponse({"token": issued.token, "staff_id": staff_id, "expires_at": issued.expires_at.isoformat()})

    return [Route("/local/sign-in", sign_in, methods=["POST"])]


async def _exists(runtime: Runtime, conference_id: str) -> bool:
    return isinstance((await runtime.repository.load(CONFERENCE, conference_id)).state, Announced)


async def _join(runtime: Runtime, wish: SignIn) -> str:
    """Adds the person of this name to the staff; the same name is the same person."""
    name = wish.name or wish.role.capitalize()
    staff_id = uuid5(NAMESPACE_OID, f"local:{name}").hex
    now = runtime.clock.now()
    add = AddStaff(now=now, staff_id=staff_id, home_district_id=None, partner_id=None)
    steps = [Step(STAFF_MEMBER, staff_id, add, conference=None)]
    # A token for the whole city is no shift at each of its conferences.
    if wish.scope != CITY_SCOPE:
        assign = AssignStaff(
            now=now,
            staff_id=staff_id,
            conference_id=wish.conference_id,
            series_id=wish.series_id,
            district_id=wish.district_id,
            role=wish.role,
        )
        steps.append(Step(STAFF_MEMBER, staff_id, assign, conference=wish.conference_id))
    vault = office_of(runtime.db, runtime.settings).vault
    effects = await vault.add_staff(staff_id, Person(name=name, email=f"{wish.role}@localhost"))
    envelope = Envelope(uuid4(), b"", "local-issuer", uuid4().hex)
    executed = await runtime.repository.execute(steps, envelope, Done(), effects)
    if isinstance(executed, Refusal):
        raise RuntimeError(f"the local issuer could not add {wish.role}: {executed}")
    return staff_id


def _names_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
