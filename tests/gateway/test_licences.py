# SPDX-License-Identifier: Apache-2.0
"""Everything public says under which terms it may be used, as the city has set them by whose work it is."""

import pytest

from gateway.schema.build import build_schema, core
from gateway.schema.doors import DOORS
from gateway.schema.relay import global_id
from gateway.settings import GatewaySettings
from services.chassis.settings import BadSettings, load_settings
from services.contracts import ideas, registration
from tests.gateway.city import CONFERENCE, START, City
from tests.gateway.conftest import KEY, running

TERMS = {
    "official": {"licence": "CC0-1.0", "de": "Stadt Musterstadt", "en": "City of Musterstadt"},
    "organisations": {"licence": "https://stadt.example/nutzung", "de": "Die Organisation", "en": "The organisation"},
    "residents": {"licence": "CC-BY-4.0", "de": "Einwohner von Musterstadt", "en": "Residents of Musterstadt"},
}
IDEA, CHALLENGE, DISTRICT = "1d" * 16, "ca" * 16, "d1" * 16
ASKED = """query($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Licensed { licence attribution { de en } } } }"""
WORKS = {
    "Conference": ("official", CONFERENCE),
    "Session": ("official", CONFERENCE),
    "District": ("official", DISTRICT),
    "Challenge": ("organisations", CHALLENGE),
    "Idea": ("residents", IDEA),
}


@pytest.fixture
def published(city: City) -> City:
    """A city with one thing of each kind."""
    idea = ideas.IdeaView(
        idea_id=IDEA, conference_id=CONFERENCE, sheet_id="55" * 16, topic_id=None, fields={"title": "Garten"},
        authors=(), submitted_at=START, award_cents=None,
    )  # fmt: skip
    challenge = ideas.ChallengeView(
        challenge_id=CHALLENGE, district_id=DISTRICT, title="Schatten", text="Mehr Bäume", published=True
    )
    district = registration.District(district_id=DISTRICT, name="Stühlinger", postal_codes=(), streets=())
    city.say(ideas.ListIdeas, lambda _: ideas.Ideas(items=(idea,), keys=(IDEA,)))
    city.say(ideas.ListChallenges, lambda _: ideas.Challenges(items=(challenge,), keys=(CHALLENGE,)))
    city.say(registration.ListDistricts, lambda _: registration.Districts(items=(district,), keys=(DISTRICT,)))
    return city


def test_every_public_node_is_licensed() -> None:
    for schema in (DOORS["public"].schema, core(build_schema())):
        licensed = {kind.name for kind in schema.get_possible_types(schema.type_map["Licensed"])}
        assert licensed == set(WORKS)
    public = DOORS["public"].schema
    assert {kind.name for kind in public.get_possible_types(public.type_map["Node"])} == set(WORKS)


@pytest.mark.parametrize("compiled", [True, False])
async def test_each_thing_has_the_terms_of_those_whose_work_it_is(
    compiled: bool, published: City, nats_url: str, prefix: str
) -> None:
    async with running(nats_url, prefix, licences=TERMS, compiled=compiled) as gateway:
        answer = await gateway.ask(ASKED, ids=[global_id(kind, local) for kind, (_, local) in WORKS.items()])
        assert "errors" not in answer
        for node, (kind, (works, _)) in zip(answer["data"]["nodes"], WORKS.items(), strict=True):
            terms = TERMS[works]
            attribution = {"de": terms["de"], "en": terms["en"]}
            assert node == {"__typename": kind, "licence": terms["licence"], "attribution": attribution}
        listed = await gateway.ask("{ ideas { nodes { title licence attribution { de } } } }")
        (idea,) = listed["data"]["ideas"]["nodes"]
        assert idea == {"title": "Garten", "licence": "CC-BY-4.0", "attribution": {"de": TERMS["residents"]["de"]}}


async def test_without_terms_nothing_is_allowed(published: City, nats_url: str, prefix: str) -> None:
    async with running(nats_url, prefix) as gateway:
        answer = await gateway.ask("{ ideas { nodes { title licence attribution { de } } } }")
        assert answer["data"]["ideas"]["nodes"] == [{"title": "Garten", "licence": None, "attribution": None}]


@pytest.mark.parametrize(
    "wrong",
    [
        '{"mayor": {"licence": "CC0-1.0", "de": "x", "en": "x"}}',
        '{"official": {"licence": "CC BY 4.0", "de": "x", "en": "x"}}',
        '{"official": {"licence": "CC0-1.0", "de": "x"}}',
        '{"official": {"licence": "CC0-1.0", "de": "x", "en": "x", "fr": "x"}}',
    ],
)
def test_terms_that_are_none_are_refused_at_the_start(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTIER_LICENCES", wrong)
    monkeypatch.setenv("NATS_URL", "nats://127.0.0.1:4222")
    monkeypatch.setenv("QUARTIER_KEY_ENCRYPTION_KEY", KEY)
    with pytest.raises(BadSettings, match="QUARTIER_LICENCES"):
        load_settings(GatewaySettings)


async def test_what_is_kept_of_a_thing_includes_its_terms(published: City, nats_url: str, prefix: str) -> None:
    query = "query($id: ID!) { conference(id: $id) { licence attribution { de } details { title } } }"
    async with running(nats_url, prefix, licences=TERMS) as gateway:
        fragments = gateway.gateway.door.engine.registry.fragments
        answers = [await gateway.ask(query, id=global_id("Conference", CONFERENCE)) for _ in range(3)]
        assert answers[0]["data"]["conference"]["licence"] == "CC0-1.0"
        assert answers[0] == answers[1] == answers[2]
        assert len(fragments) == 1
