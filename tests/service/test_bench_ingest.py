"""Made creators in a real index: every document is taken, every vector arrives, and the API answers from them."""

import json

import numpy as np
import pytest
import urllib3
from fastapi.testclient import TestClient

from api.app import create_app
from benchmarks.corpus.questions import questions
from benchmarks.ingest import engine, smile
from benchmarks.ingest.installed import installed, remove
from creators.stores.session import Stores
from mappings.fields import VECTOR
from mappings.registry import CREATORS
from tests.fixtures.installations import PATIENT_MS

SIZE = 200


@pytest.fixture(scope="module")
def bench(engines, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CREATORSCOPE_OPENSEARCH_URL", engines.opensearch_url)
        patch.setenv("CREATORSCOPE_REDIS_URL", engines.redis_url)
        patch.setenv("CREATORSCOPE_BUDGET_MS", str(PATIENT_MS))
        patch.setenv("CREATORSCOPE_BENCH_DIR", str(tmp_path_factory.mktemp("bench")))
        with installed(SIZE, progress=False) as made:
            yield made
            remove(made)
            assert not Stores(made.settings).cluster.aliases()


def test_every_creator_is_there_with_its_vector_in_merged_indices(bench):
    stores, corpus = Stores(bench.settings), bench.corpus
    documents = list(corpus.documents())
    body = {"size": SIZE, "query": {"match_all": {}}, "sort": [{"creator_id": "asc"}]}
    held = {hit["_id"]: hit["_source"] for hit in stores.cluster.search(CREATORS, body)["hits"]["hits"]}
    assert held.keys() == {one["creator_id"] for one in documents}
    for row, document in enumerate(documents):
        found = held[document["creator_id"]]
        assert np.allclose(found.pop(VECTOR), corpus.vectors[row], atol=1e-6)
        assert found == document
    with engine.connect(bench.settings.opensearch_url) as client:
        weight = engine.weigh(client, f"{bench.prefix}{CREATORS}")
        assert weight["creators"] == SIZE
        assert weight["segments"] == 1
        settings = client.indices.get_settings(index=f"{bench.prefix}{CREATORS}")
    for one in settings.values():
        assert one["settings"]["index"]["refresh_interval"] == "5s"
        assert "translog" not in one["settings"]["index"]
    assert bench.loaded.creators == SIZE
    assert set(bench.loaded.stated()["seconds"]) == {"write", "refresh", "merge", "population", "whole"}


def test_it_is_made_once(bench):
    with installed(SIZE, progress=False) as again:
        assert again.prefix == bench.prefix
        assert again.loaded is None


def test_the_api_answers_from_it(bench):
    (named,) = questions(bench.corpus, 1, seed=5, mix="named")
    (filtered,) = questions(bench.corpus, 1, seed=5, mix="filtered:20:random")
    with TestClient(create_app(bench.settings)) as client:
        first = client.post("/v1/creators/search", json={"text": named.text}).json()["hits"][0]
        assert named.text in {first["creator"]["name"], *first["creator"]["handles"]}
        creator_id = first["creator"]["creator_id"]
        assert client.get(f"/v1/creators/{creator_id}").json()["creator_id"] == creator_id
        like = client.post("/v1/creators/similar", json={"seeds": [{"creator_id": creator_id}]}).json()["hits"]
        assert len(like) > 1
        answer = client.post("/v1/creators/search", json={"filters": filtered.filters}).json()
        assert answer["total"]["value"] == round(filtered.share * SIZE)


def test_opensearch_reads_smile_as_it_reads_json(bench):
    document = {
        "text": "bio",
        "empty": "", "long": "x" * 70, "accents": "é", "snow": "☃" * 30, "more": "é" * 80, "name" * 20: 1,
        "numbers": [0, -1, 15, 16, -16, -17, 2**31 - 1, -(2**31), 2**62, -(2**62), 0.1, -2.5e300],
        "flags": [True, False, None], "nested": {"größe": {"a": [[]]}},
        "vector": np.array([0.25, -1.5, 3.0e-8], dtype=np.float32),
    }  # fmt: skip
    url = f"{bench.settings.opensearch_url}/{bench.prefix}smile"
    pool = urllib3.PoolManager()
    pool.request(
        "PUT", url, body=json.dumps({"mappings": {"enabled": False}}), headers={"Content-Type": "application/json"}
    )
    try:
        body, kind = smile.dumps(document), {"Content-Type": "application/smile", "Accept": "application/json"}
        assert smile.SEPARATOR not in body
        assert pool.request("PUT", f"{url}/_doc/1", body=body, headers=kind).status == 201
        held = json.loads(pool.request("GET", f"{url}/_source/1").data)
    finally:
        pool.request("DELETE", url)
    assert np.array_equal(np.array(held.pop("vector"), dtype=np.float32), document.pop("vector"))
    assert held == document
