# SPDX-License-Identifier: Apache-2.0
"""`quartier up` with the services and the gateway as they are."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.chassis.subjects import SERVICES
from tests.integration.cli.conftest import ROOT, Up, eventually, mentioning, started
from tests.integration.cli.test_doctor import quartier


@pytest.fixture(scope="module")
def city() -> Iterator[Up]:
    """One city for the tests of this module; none of them depends on what another did."""
    folder = Path(tempfile.mkdtemp(prefix="quartier-city-"))
    folder.chmod(0o755)
    running = started(folder, ROOT)
    yield running
    running.stop()
    left = mentioning(folder)
    shutil.rmtree(folder, ignore_errors=True)
    assert left == []


def ask(city: Up, document: str, token: str | None = None) -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with httpx.Client(trust_env=False, timeout=30) as client:
        return client.post(city.address["graphql"], json={"query": document}, headers=headers)


def test_the_api_answers(city: Up) -> None:
    answer = ask(city, "{ __typename }")
    assert answer.status_code == 200
    assert answer.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("role", ["organiser", "moderator", "juror"])
def test_the_local_issuer_s_token_is_accepted(city: Up, role: str) -> None:
    answer = ask(city, "{ __typename }", city.address["sign_in"][role])
    assert answer.status_code == 200, answer.text
    assert ask(city, "{ __typename }", "not-a-token").status_code == 401


def test_the_doctor_finds_nothing_wrong(city: Up) -> None:
    said = quartier(ROOT, "doctor", "--data", str(city.data))
    assert said.returncode == 0, said.stdout
    for service in SERVICES:
        assert f"the database of {service} is reachable and up to date" in said.stdout


@pytest.mark.parametrize("service", SERVICES)
def test_a_stream_can_be_refilled_beside_the_running_service(city: Up, service: str) -> None:
    said = quartier(ROOT, "refill", service, "--data", str(city.data))
    assert said.returncode == 0, said.stderr
    assert f"the stream of {service} holds" in said.stdout


def test_the_feed_of_changes_is_made_anew_and_old_cursors_are_refused(city: Up) -> None:
    def changes(since: str | None = None) -> dict[str, str] | None:
        given = f'(since: "{since}")' if since else ""
        answer = ask(city, f"{{ changes{given} {{ __typename ... on Changes {{ cursor }} }} }}").json()
        found: dict[str, str] | None = answer["data"]["changes"]
        return found

    cursor = eventually(changes)["cursor"]
    said = quartier(ROOT, "refill", "gateway", "--data", str(city.data))
    assert said.returncode == 0, said.stderr
    again = eventually(changes)["cursor"]
    assert changes(cursor) == {"__typename": "CursorTooOld"}
    assert changes(again) == {"__typename": "Changes", "cursor": again}


@pytest.mark.parametrize("name", ["session", "gateway"])
def test_a_killed_process_is_replaced(city: Up, name: str) -> None:
    before = city.pids()[name]
    os.kill(before, signal.SIGKILL)
    eventually(lambda: city.pids()[name] != before)
    eventually(lambda: _answers(city), within=60)


@pytest.mark.parametrize("name", ["rooms", "gateway"])
def test_serve_without_settings_says_which_one_is_missing(name: str) -> None:
    said = quartier(ROOT, "serve", name)
    assert said.returncode != 0
    assert "is not set" in said.stderr
    assert "Traceback" not in said.stderr


def _answers(city: Up) -> bool:
    try:
        return ask(city, "{ __typename }").status_code == 200
    except httpx.TransportError:
        return False


def test_a_new_city_has_a_conference_whose_resident_is_registered(city: Up) -> None:
    conference, token = city.address["conference"], city.address["sign_in"]["resident"]
    document = f'{{ conference(id: "{conference}") {{ details {{ seatsTaken }} registration {{ status }} }} }}'
    found = ask(city, document, token).json()["data"]["conference"]
    assert found == {"details": {"seatsTaken": 1}, "registration": {"status": "SEATED"}}


def test_a_new_city_has_a_guest_of_its_conference_and_an_app(city: Up) -> None:
    guest, app = (city.address["sign_in"][role] for role in ("guest", "app"))
    inside = f'{{ conference(id: "{city.address["conference"]}") {{ polls {{ id }} }} }}'
    assert ask(city, inside, guest).json() == {"data": {"conference": {"polls": []}}}
    assert ask(city, "{ webhooks(first: 1) { nodes { id } } }", app).json() == {"data": {"webhooks": {"nodes": []}}}
