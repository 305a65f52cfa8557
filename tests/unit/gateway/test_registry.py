# SPDX-License-Identifier: Apache-2.0
"""Documents are read once, remembered within bounds, and known by their hash when they are trusted."""

import json
import traceback
from pathlib import Path

import pytest

from gateway.execution.latest import Latest
from gateway.execution.params import Params, Rejected
from gateway.execution.registry import INTROSPECTION_POINTS, OTHER, Registry
from gateway.execution.spent import spent
from gateway.execution.trusted import digest, document_id, own, read
from gateway.execution.weight import Limits
from gateway.schema.build import build_schema, core
from gateway.schema.costs import WATCHED
from services.chassis.settings import BadSettings

SCHEMA = core(build_schema())
TIME = "query Time { serverTime }"


def registry(*trusted: str, **options) -> Registry:
    return Registry(SCHEMA, trusted={digest(text): text for text in trusted}, **options)


def code(rejected: pytest.ExceptionInfo[Rejected]) -> str:
    return (rejected.value.errors[0].extensions or {}).get("code", "")


def test_a_document_is_read_once():
    known = registry()
    assert known.operation(Params(TIME)) is known.operation(Params(TIME))


def test_an_operation_is_chosen_by_its_name():
    known, text = registry(), "query A { serverTime } query B { __typename }"
    assert known.operation(Params(text, operation_name="B")).name == "B"
    for name in (None, "C"):
        with pytest.raises(Rejected):
            known.operation(Params(text, operation_name=name))


def test_a_trusted_document_is_known_by_its_hash_and_no_other_is():
    known = registry(TIME)
    assert known.operation(Params("", document_id=document_id(TIME))) is known.operation(Params(TIME))
    known.operation(Params("{ __typename }"))
    for unknown in (
        document_id("{ __typename }"),
        "sha256:00",
        "x",
        f"md5:{digest(TIME).hex()}",
        document_id(TIME)[:-1] + "g",
    ):
        with pytest.raises(Rejected) as rejected:
            known.operation(Params("", document_id=unknown))
        assert (code(rejected), rejected.value.status) == ("DOCUMENT_NOT_FOUND", 404)


def test_where_only_trusted_documents_are_executed_others_are_not_even_read():
    known = registry(TIME, only_trusted=True)
    assert known.operation(Params(TIME)).trusted
    for text in ("{ __typename }", "{", "{" + "x" * 100_000):
        with pytest.raises(Rejected) as rejected:
            known.operation(Params(text))
        assert (code(rejected), rejected.value.status) == ("ONLY_TRUSTED_DOCUMENTS", 403)
    assert len(known) == 1


def test_a_trusted_document_of_another_door_is_left_out():
    assert len(registry("{ nothing }", TIME)) == 1


def test_every_operation_of_the_own_client_is_trusted():
    known = Registry(SCHEMA, trusted=own())
    assert all(known.takes(key) for key in own())


def test_a_trusted_document_can_wait_until_it_is_asked_for():
    known = registry(TIME, "{ nothing }", prepared=False)
    assert len(known) == 0
    assert known.operation(Params("", document_id=document_id(TIME))).trusted
    assert len(known) == 1


def test_names_in_metrics_are_those_of_trusted_documents():
    known = registry(TIME)
    assert known.operation(Params(TIME)).label == "Time"
    assert known.operation(Params("query Mine { serverTime }")).label == OTHER
    assert known.operation(Params("{ __schema { __typename } }")).label == "introspection"


def test_nonsense_drives_nothing_useful_out():
    known = registry(number=10)
    useful = known.operation(Params(TIME))
    for number in range(50):
        with pytest.raises(Rejected):
            known.operation(Params(f"{{ nonsense{number} }}"))
    assert known.operation(Params(TIME)) is useful
    assert len(known) == 11


def test_what_is_kept_is_bounded_by_number_and_bytes():
    kept: Latest[str] = Latest(3, 100)
    for number in range(5):
        kept.keep(b"%d" % number, 10, "x")
    assert (len(kept), kept.bytes) == (3, 30)
    kept.get(b"2")
    kept.keep(b"big", 85, "x")
    assert (kept.get(b"2"), kept.get(b"4"), kept.bytes) == ("x", None, 95)


def test_a_document_that_is_rejected_again_and_again_keeps_nothing_of_those_who_sent_it():
    known, depths = registry(), set()
    for _ in range(5):
        with pytest.raises(Rejected) as rejected:
            known.operation(Params("{ nonsense }"))
        depths.add(len(list(traceback.walk_tb(rejected.value.__traceback__))))
        (error,) = rejected.value.errors
        assert (error.nodes, error.source, error.__traceback__) == (None, None, None)
        assert error.locations
    assert len(depths) <= 2


@pytest.mark.parametrize(
    "query",
    [
        "{" + "viewer { kind } " * 300 + "}",
        "{" + " ".join(f"...F{n}" for n in range(120)) + "}"
        + " ".join(f"fragment F{n} on Query {{ viewer {{ kind }} }}" for n in range(120)),
        "{ ...F0 }" + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(2000)),
        "# " + "x" * 20_000 + "\n{ serverTime }",
    ],
)  # fmt: skip
def test_what_would_take_long_to_read_is_not_read(query):
    with pytest.raises(Rejected) as rejected:
        registry(limits=Limits(tokens=100_000)).operation(Params(query))
    assert code(rejected) == "DOCUMENT_TOO_HEAVY"


def test_variables_can_make_an_operation_too_heavy():
    known = registry()
    text = "query($n: Int) { conferences(first: $n) { nodes { ideas(first: $n) { nodes { authors { id } } } } } }"
    operation = known.operation(Params(text))
    assert known.cost(operation, {"n": 3}) < 500
    with pytest.raises(Rejected) as rejected:
        known.cost(operation, {"n": 100})
    assert code(rejected) == "DOCUMENT_TOO_HEAVY"
    assert rejected.value.errors[0].extensions["cost"] > 5000


def test_the_schema_is_asked_for_at_a_price_of_its_own_and_not_where_it_is_off():
    text = "{ __schema { types { name } } }"
    known = registry()
    assert known.cost(known.operation(Params(text)), None) == INTROSPECTION_POINTS
    with pytest.raises(Rejected) as rejected:
        registry(introspection=False).operation(Params(text))
    assert code(rejected) == "INTROSPECTION_IS_OFF"
    assert registry(introspection=False).operation(Params("{ __typename }"))


def test_a_bomb_of_introspection_is_too_heavy():
    deep = (
        "{ __schema { "
        + " ".join(f"a{n}: types {{ fields {{ args {{ name }} type {{ name }} }} }}" for n in range(25))
        + "} }"
    )
    with pytest.raises(Rejected) as rejected:
        registry().operation(Params(deep))
    assert code(rejected) == "DOCUMENT_TOO_HEAVY"


def test_a_subscription_costs_the_same_whatever_it_asks_for():
    known = registry()
    text = 'subscription { conferenceChanges(conferenceId: "x") { __typename } }'
    assert known.cost(known.operation(Params(text)), None) == WATCHED


def test_a_list_costs_as_much_as_came():
    known = registry()
    operation = known.operation(
        Params("{ ideas(first: 100) { nodes { title authors { id } } pageInfo { endCursor } } }")
    )
    asked = known.cost(operation, None)
    assert asked == 5 + 100 * (1 + 10) + 1
    nodes = [{"title": "x", "authors": [{"id": "1"}, {"id": "2"}]}, {"title": "y", "authors": []}]
    came = {"ideas": {"nodes": nodes, "pageInfo": {"endCursor": None}}}
    assert spent(operation, known.prices, asked, came) == 5 + (1 + 2) + 1 + 1
    assert spent(operation, known.prices, asked, {"ideas": None}) == 5
    assert spent(operation, known.prices, asked, None) == asked


def test_further_trusted_documents_come_from_a_folder_or_a_file(tmp_path: Path):
    (tmp_path / "Time.graphql").write_text(TIME)
    (tmp_path / "README.md").write_text("no document")
    assert read(str(tmp_path)) == {digest(TIME): TIME}
    manifest = tmp_path / "manifest.json"
    for name in (digest(TIME).hex(), document_id(TIME)):
        manifest.write_text(json.dumps({name: TIME}))
        assert read(str(manifest)) == {digest(TIME): TIME}


@pytest.mark.parametrize("content", ["", "[]", '{"00": "query Time { serverTime }"}', '{"00": 1}'])
def test_a_manifest_that_cannot_be_meant_is_not_taken(tmp_path: Path, content: str):
    manifest = tmp_path / "manifest.json"
    manifest.write_text(content)
    with pytest.raises(BadSettings, match="QUARTIER_TRUSTED_DOCUMENTS"):
        read(str(manifest))
    with pytest.raises(BadSettings, match="QUARTIER_TRUSTED_DOCUMENTS"):
        read(str(tmp_path / "nowhere"))
