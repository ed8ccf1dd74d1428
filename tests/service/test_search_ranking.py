"""What a ranked answer promises: reasons that add up, meaning without words, likeness without the seeds."""

from __future__ import annotations

import math
import re

import pytest

from search.rank.model import PROFILES
from tests.fixtures.oracle import passes, read_oracle, seeded

EXACT = 1e-6
MEANINGS = {
    "speedrunning arcade platformers": "gaming",
    "workout for stronger muscles": "fitness",
    "stand-up jokes": "comedy",
    "puppies and kittens": "pets_animals",
    "debugging compilers": "programming",
    "lawmakers voting on bills": "politics",
    "sightseeing abroad with a backpack": "travel",
}
"""Questions that share hardly a word with the documents that answer them, and the niche of these."""


@pytest.fixture(scope="module")
def oracle():
    return read_oracle()


def post(client, path, **body):
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["degraded"] == []
    return page


def ask(client, **body):
    return post(client, "/v1/creators/search", **body)


def alike(client, seeds, **body):
    return post(client, "/v1/creators/similar", seeds=[{"creator_id": one} for one in seeds], **body)


@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("text", ["", "football", "teaches people to write code", "Ольга"])
def test_contributions_sum_to_the_score(client, profile, text):
    page = ask(client, text=text, explain=True, limit=100, ranking={"profile": profile})
    assert page["profile"] == profile
    assert len(page["hits"]) == 100
    for hit in page["hits"]:
        explanation = hit["explanation"]
        reasons = explanation["reasons"]
        assert math.isclose(sum(r["contribution"] for r in reasons), hit["score"], abs_tol=EXACT)
        assert explanation["score"] == hit["score"]
        for reason in reasons:
            assert math.isclose(reason["weight"] * reason["normalised"], reason["contribution"], abs_tol=EXACT)
            assert 0 <= reason["normalised"] <= 1
            assert reason["words"]
        assert math.isclose(sum(reason["weight"] for reason in reasons), 1.0, abs_tol=EXACT)
        assert reasons == sorted(reasons, key=lambda reason: -reason["contribution"])
    scores = [hit["score"] for hit in page["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert [hit["rank"] for hit in page["hits"]] == list(range(1, 101))


def test_raw_values_of_a_reason_are_the_facts_of_the_creator(client, oracle):
    profile = PROFILES["balanced"].weights
    page = ask(client, text="music", explain=True, limit=100)
    facts_of = {"engagement": "engagement_rate", "follower_fit": "followers", "growth": "growth_90d"}
    for hit in page["hits"]:
        raw = {reason["feature"]: reason["raw"] for reason in hit["explanation"]["reasons"]}
        assert raw.keys() == profile.keys() - {"niche_fit"}
        for feature, field in facts_of.items():
            known = oracle.creators[hit["creator_id"]][field]
            assert raw[feature] == (None if known is None else pytest.approx(known, rel=1e-6))


def test_a_rate_is_told_among_creators_of_the_same_platform_and_size(client):
    page = ask(client, text="music", explain=True, limit=100)
    reasons = [reason for hit in page["hits"] for reason in hit["explanation"]["reasons"]]
    compared = [reason for reason in reasons if reason["feature"] == "engagement" and reason["percentile"] is not None]
    assert compared
    for reason in compared:
        assert reason["normalised"] == reason["percentile"]
        assert re.search(r"in the (top|bottom) \d+ % of \w+ creators.*n=[\d,]+\)$", reason["words"])


def test_a_niche_asked_for_counts_more_as_the_main_one(client):
    page = ask(client, text="music", explain=True, limit=100, filters={"niches": ["music"]})
    for hit in page["hits"]:
        fit = next(reason for reason in hit["explanation"]["reasons"] if reason["feature"] == "niche_fit")
        assert fit["raw"] == (1.0 if hit["creator"]["primary_niche"] == "music" else 0.5)


def test_a_page_can_be_spread_over_platforms_and_says_so(client):
    body = {"text": "music", "limit": 100, "explain": True}
    plain = ask(client, **body)
    spread = ask(client, **body, ranking={"diversity": {"spread": "platform", "strength": 0.9}})
    found = [[hit["creator"]["primary_platform"] for hit in page["hits"][:10]] for page in (plain, spread)]
    assert max(map(found[1].count, found[1])) < max(map(found[0].count, found[0]))
    assert {hit["explanation"]["moved"] for hit in plain["hits"]} == {None}
    moved = {hit["creator_id"]: hit["explanation"]["moved"] for hit in spread["hits"]}
    scores = {hit["creator_id"]: hit["score"] for hit in plain["hits"]}
    assert any("spread over platforms" in (note or "") for note in moved.values())
    for hit in spread["hits"]:
        # Facts age between the two questions, by less than shows.
        assert hit["score"] == pytest.approx(scores.get(hit["creator_id"], hit["score"]), abs=EXACT)


def test_a_weight_changes_the_order_as_its_feature_says(client):
    sized = ask(client, text="music", explain=True, limit=100, ranking={"weights": {"follower_fit": 1000}})
    followers = [hit["creator"]["followers"] for hit in sized["hits"] if hit["creator"].get("followers")]
    assert followers[0] > 10_000_000
    assert followers[:20] == sorted(followers[:20], reverse=True)
    silent = ask(client, text="music", explain=True, ranking={"weights": {"text_match": 0, "semantic": 0}})
    names = {reason["feature"] for hit in silent["hits"] for reason in hit["explanation"]["reasons"]}
    assert names == PROFILES["balanced"].weights.keys() - {"text_match", "semantic", "niche_fit"}


def test_the_same_question_has_the_same_answer(client):
    body = {"text": "comedy sketches", "limit": 50, "explain": True}
    first, second = ask(client, **body), ask(client, **body)
    assert [hit["creator_id"] for hit in first["hits"]] == [hit["creator_id"] for hit in second["hits"]]


@pytest.mark.parametrize(("text", "niche"), MEANINGS.items())
def test_meaning_finds_those_that_no_word_finds(client, text, niche):
    words = ask(client, text=text, limit=100, filters={"niches": [niche]}, ranking={"arms": ["lexical"]})
    by_words = {hit["creator_id"] for hit in words["hits"]}
    both = ask(client, text=text, limit=10, ranking={"arms": ["lexical", "knn"], "profile": "relevance"})
    found = [
        hit for hit in both["hits"] if niche in hit["creator"].get("niches", ()) and hit["creator_id"] not in by_words
    ]
    base_rate = words["total"]["value"] / both["total"]["value"]
    assert len(found) >= 5
    assert len(found) / 10 > 3 * base_rate


def test_a_word_of_a_name_finds_it_without_the_vector(client):
    page = ask(client, text="MrBeast", limit=10, ranking={"arms": ["lexical"]})
    assert "mrbeast" in page["hits"][0]["creator"]["name"].casefold()


def test_similar_leaves_out_the_seeds_and_keeps_to_the_filters(client, oracle):
    rng = seeded(7)
    for _ in range(20):
        seeds = rng.sample(sorted(oracle.creators), rng.randint(1, 3))
        like = oracle.creators[seeds[0]]
        filters = rng.choice([{}, {"platforms": sorted(like["platforms"])}, {"followers": {"min": 100_000}}])
        page = alike(client, seeds, filters=filters, limit=20)
        found = [hit["creator_id"] for hit in page["hits"]]
        expected = [one for one in oracle.passing(filters) if one["creator_id"] not in seeds]
        assert page["total"]["value"] == len(expected)
        assert len(found) == len(set(found)) == min(20, len(expected))
        assert not set(found) & set(seeds)
        for hit in page["hits"]:
            assert passes(hit["creator"], filters)
            assert passes(oracle.creators[hit["creator_id"]], filters)


def test_those_alike_share_the_niche_of_their_seed(client, oracle):
    rng = seeded(11)
    candidates = [one for one in sorted(oracle.creators) if oracle.creators[one]["niches"]]
    shares = []
    for seed in rng.sample(candidates, 20):
        own = oracle.creators[seed]["niches"]
        found = alike(client, [seed], limit=10, ranking={"profile": "relevance"})["hits"]
        shares.append(sum(bool(own & set(hit["creator"].get("niches", ()))) for hit in found) / len(found))
    assert sum(shares) / len(shares) > 0.7


def test_one_path_for_one_seed(client, oracle):
    seed = min(oracle.creators)
    short = client.get(f"/v1/creators/{seed}/similar", params={"limit": 5})
    assert short.status_code == 200
    long = alike(client, [seed], limit=5)
    assert [hit["creator_id"] for hit in short.json()["hits"]] == [hit["creator_id"] for hit in long["hits"]]


def test_a_seed_that_does_not_exist_is_named(client, oracle):
    known = min(oracle.creators)
    body = {"seeds": [{"creator_id": known}, {"creator_id": "nobody"}]}
    for answer in (client.post("/v1/creators/similar", json=body), client.get("/v1/creators/nobody/similar")):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert "nobody" in answer.json()["detail"]
