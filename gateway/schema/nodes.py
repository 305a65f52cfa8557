# SPDX-License-Identifier: Apache-2.0
"""Things by their global ids."""

from gateway.context import Context
from gateway.schema.apps import FOR_WHO_APPROVES, App
from gateway.schema.conference import FOR_WRITERS, Conference
from gateway.schema.ideas import Challenge, IdeaSheet, shown_idea
from gateway.schema.jobs import fetch_job, fetch_row
from gateway.schema.jury import FOR_THE_JURY, JuryRound
from gateway.schema.permissions import FOR_WEBHOOKS
from gateway.schema.registration import District
from gateway.schema.relay import Node, local_id, parse_id
from gateway.schema.session import Session
from gateway.schema.shape import show
from gateway.schema.webhooks import fetch_delivery, fetch_webhook
from services.chassis.refusals import NotFound
from services.chassis.requests import Refused
from services.contracts import ideas as contract_ideas
from services.contracts import registration as contract_registration
from services.contracts import session as contract_session


async def fetch_node(context: Context, gid: str) -> Node | None:
    """The thing with this global id; None when there is none, or it cannot be fetched by its id.

    Args:
        context: of the operation.
        gid: the global id.

    Raises:
        BadId: it is not a global id.
        Refused: its service is away, or does not answer this client.
    """
    kind, local = parse_id(gid)
    try:
        match kind:
            case "Conference":
                view = await context.ask(contract_registration.GetConference(conference_id=local_id(gid, kind)))
                return show(Conference, view, view.conference_id)
            case "Session":
                evening = await context.ask(contract_session.GetSession(conference_id=local_id(gid, kind)))
                return show(Session, evening, evening.conference_id)
            case "District":
                districts = await context.ask(contract_registration.ListDistricts(ids=(local_id(gid, kind),)))
                found = [item for item in districts.items if item.district_id == local]
                return show(District, found[0]) if found else None
            case "Challenge":
                challenges = await context.ask(contract_ideas.ListChallenges(ids=(local_id(gid, kind),)))
                posted = [item for item in challenges.items if item.challenge_id == local]
                return show(Challenge, posted[0]) if posted else None
            case "Idea":
                idea = await context.ideas.load(local_id(gid, kind))
                return shown_idea(context, idea) if idea else None
            case "IdeaSheet":
                conference = local_id(local.partition(".")[0], "Conference")
                context.require(FOR_WRITERS, conference)
                sheet = await context.ask(
                    contract_ideas.GetSheet(conference_id=conference, sheet_id=local_id(gid, kind))
                )
                return show(IdeaSheet, sheet, conference)
            case "Webhook":
                context.require(FOR_WEBHOOKS)
                return await fetch_webhook(context, local_id(gid, kind))
            case "WebhookDelivery":
                context.require(FOR_WEBHOOKS)
                return await fetch_delivery(context, local_id(gid, kind))
            case "App":
                context.require(FOR_WHO_APPROVES)
                apps = await context.ask(contract_registration.ListApps(ids=(local_id(gid, kind),)))
                return show(App, apps.items[0]) if apps.items else None
            case "Job":
                return await fetch_job(context, local_id(gid, kind))
            case "JobRow":
                return await fetch_row(context, local)
            case "JuryRound":
                context.require(FOR_THE_JURY)
                return show(JuryRound, await context.ask(contract_ideas.GetJuryRound(round_id=local_id(gid, kind))))
    except Refused as error:
        if isinstance(error.refusal, NotFound):
            return None
        raise
    return None
