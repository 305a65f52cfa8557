# SPDX-License-Identifier: Apache-2.0
"""Every example for app builders runs, for the role it is shown to; every document on the pages is valid."""

import asyncio
import json
import os
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from graphql import OperationDefinitionNode, OperationType, parse, validate

from gateway import ide
from gateway.examples import ROLES, Example, examples
from gateway.execution.checking import RULES
from gateway.schema.build import build_schema, core
from gateway.schema.permissions import GRANTED
from gateway.schema.relay import global_id
from services.contracts import ideas, registration, rooms, session
from tests.conformance.worlds import CONFERENCE as WORLD_CONFERENCE
from tests.conformance.worlds import THINGS, World
from tests.gateway.changes.conftest import country
from tests.gateway.changes.portal import Country, Portal
from tests.gateway.city import CONFERENCE, City
from tests.gateway.conftest import Address, running
from tests.gateway.test_api_keys import APP, TEXT, Registry
from tests.gateway.test_socket import INIT, hear, opened, say, subscribe

__all__ = ["country"]

SCHEMA = core(build_schema())
DOCS = Path(__file__).parents[2] / "docs"
IDS = {
    "$CONFERENCE": global_id("Conference", CONFERENCE),
    "$POLL": global_id("Poll", "90" * 16),
    "$SERIES": global_id("Series", THINGS[0]),
    "$DISTRICT": global_id("District", THINGS[0]),
    "$JOB": global_id("Job", THINGS[0]),
    "$ROUND": global_id("JuryRound", THINGS[0]),
    "$IDEA": global_id("Idea", THINGS[0]),
    "$CRITERION": global_id("Criterion", THINGS[0]),
    "$CALL": global_id("HelpCall", THINGS[0]),
    "$CHALLENGE": global_id("Challenge", THINGS[0]),
    "$APP": global_id("App", APP),
    "$ME": global_id("Person", THINGS[0]),
}


def variables(example: Example) -> Any:
    """The variables with the ids of the city of these tests."""
    text = json.dumps(example.variables)
    for placeholder, given in IDS.items():
        text = text.replace(placeholder, given)
    assert "$" not in text
    return json.loads(text)


def token(city: City, role: str) -> str | None:
    """A token of this role."""
    if role == "public":
        return None
    if role == "app":
        Registry(city, "webhook:manage")
        return TEXT
    if role == "resident":
        return city.issuer.resident()
    here = role in ("guest", "mentor", "deputy", "moderator")
    return city.issuer.staff(role=role, scope=CONFERENCE if here else "city")


def furnish(city: City) -> None:
    """Answers to what the city of the gateway's tests says nothing about."""
    assert WORLD_CONFERENCE == CONFERENCE
    world, chance = World("examples", nulls=0.0, amiss=0.0), random.Random("examples")
    for kind in (
        registration.ListConferences, registration.ListDistricts, registration.GetRoster, ideas.ListIdeas,
        ideas.ListChallenges, session.GetHelp, session.GetRecord, rooms.GetJoinCredentials,
        ideas.GetJuryRound, session.GetDesk, registration.GetJob, registration.ListJobs, registration.ListJobRows,
    ):  # fmt: skip

        def answer(query: Any, kind: Any = kind) -> Any:
            return msgspec.convert(world.answer(query, chance), kind.ANSWER)

        city.say(kind, answer)
    city.say(registration.ApprovalFor, lambda _: registration.Approval(needed=False, limit=10))


def of(*roles: str) -> Any:
    """The examples of these roles, each a test of its own."""
    return pytest.mark.parametrize(
        "example", [one for one in examples() if one.role in roles], ids=lambda one: f"{one.role}/{one.name}"
    )


@of(*{*ROLES} - {"app"})
async def test_an_example_runs_for_its_role(example: Example, city: City, gateway: Address) -> None:
    furnish(city)
    await runs(example, city, gateway)


@of("app")
async def test_an_example_runs_for_an_app_by_itself(
    example: Example, country: Country, nats_url: str, prefix: str
) -> None:
    await country.district()
    await country.announce(CONFERENCE)
    await country.submit(THINGS[0], CONFERENCE)
    async with running(nats_url, prefix, database_url=country.dsn) as gateway:
        await Portal(gateway).begin()
        await runs(example, country.city, gateway)


async def runs(example: Example, city: City, gateway: Address) -> None:
    """Runs an example with a token of its role."""
    given, authorization = variables(example), token(city, example.role)
    (operation,) = parse(example.document).definitions
    assert isinstance(operation, OperationDefinitionNode)
    if operation.operation is OperationType.SUBSCRIPTION:
        async with opened(gateway) as socket:
            await say(socket, {**INIT, "payload": {"authorization": f"Bearer {authorization}"}})
            await say(socket, subscribe(example.document, **given))
            assert (await hear(socket))["type"] == "connection_ack"
            answer = (await hear(socket))["payload"]
    else:
        answer = await gateway.ask(example.document, authorization, **given)
    assert "errors" not in answer, answer
    for value in answer["data"].values():
        assert value is not None
        if operation.operation is OperationType.MUTATION:
            assert value["__typename"].endswith("Success")


def test_every_role_has_examples_and_every_example_a_purpose() -> None:
    assert {one.role for one in examples()} == set(ROLES) == GRANTED | {"public", "resident", "app"}
    assert all(one.purpose.endswith(".") for one in examples())


def documents(page: Path) -> list[str]:
    """The whole documents of a page; parts of one are left out."""
    found = re.findall(r"^```graphql\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [text for text in found if re.match(r"(#.*\n)*(query|mutation|subscription|\{)", text)]


PAGES = {path.name: documents(path) for path in sorted(DOCS.glob("*.md"))}


@pytest.mark.parametrize("page", [name for name, found in PAGES.items() if found])
def test_every_document_on_a_page_is_valid(page: str) -> None:
    for text in PAGES[page]:
        assert validate(SCHEMA, parse(text), RULES) == [], text


CURL = re.findall(r"^```\n((?:ID=|curl )[^…]*?)^```", (DOCS / "api.md").read_text(), re.MULTILINE)
"""The command lines of the page about the API that stand there unabridged."""


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("command", CURL)
async def test_every_command_line_of_the_page_is_answered(command: str, city: City, gateway: Address) -> None:
    furnish(city)
    session_part = city.parts["session"]
    environment = {
        "API": f"{gateway.url}/graphql", "CITY": gateway.url, "TOKEN": city.issuer.resident(),
        "CONFERENCE": IDS["$CONFERENCE"], "POSITION": f"session/{session_part.epoch}:{session_part.position}",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", command, env=os.environ | environment, cwd=DOCS.parent, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    said = b""
    async with asyncio.timeout(60):
        while b'"data":' not in said and (part := await process.stdout.read(4096)):
            said += part
    if process.returncode is None:
        process.kill()  # a stream of events would never end
    await process.wait()
    assert b'"data":' in said
    assert b'"errors":' not in said


def test_the_page_has_command_lines() -> None:
    assert len(CURL) >= 6


async def test_a_browser_on_a_laptop_gets_graphiql_with_the_examples_of_each_role(gateway: Address) -> None:
    response = await gateway.http.get("/graphql", headers={"accept": "text/html"})
    assert response.status_code == 200
    assert response.headers["content-security-policy"] == ide.POLICY
    (shown,) = re.findall(r"const EXAMPLES = (.*);", response.text)
    tabs = {(role, tab["query"], tab["variables"]) for role, each in json.loads(shown).items() for tab in each}
    assert tabs == {
        (one.role, f"# {one.purpose}\n{one.document}\n", json.dumps(one.variables, indent=2, ensure_ascii=False))
        for one in examples()
    }


@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
async def test_without_the_internet_a_browser_shows_why_and_the_examples_as_text(
    gateway: Address, tmp_path: Path
) -> None:
    command = [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}",
        "--host-resolver-rules=MAP unpkg.com ~NOTFOUND", "--dump-dom", f"{gateway.url}/graphql",
    ]  # fmt: skip
    page = (
        await asyncio.to_thread(subprocess.run, command, capture_output=True, timeout=60, check=True)
    ).stdout.decode()
    shown = page.partition('<div id="graphiql">')[2].partition("</pre>")[0]
    assert "could not be loaded from unpkg.com" in shown
    assert all(one.document in shown for one in examples() if one.role == ROLES[0])
    assert all(f'<option value="{role}">' in page for role in ROLES)
