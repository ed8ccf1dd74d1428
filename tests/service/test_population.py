"""The population as OpenSearch measures it is the one that numpy finds in the same documents."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from creators.stores import bulk
from creators.stores.cluster import AsyncCluster
from indexers import pipeline, population
from indexers.population import BANDS, MIN_PEERS, RUN
from mappings.fields import follower_band
from mappings.registry import CREATORS, POPULATION
from search.population import Population
from tests.fixtures.installations import ingest

RANK_ERROR = 0.01
"""How far a quantile's rank among the values may be off: one step of the table."""
PLATFORMS = ("tiktok", "youtube", "x")
DOCUMENTS = 4_000


def documents(count: int, seed: int) -> dict[str, dict[str, object]]:
    """Creators with skewed rates, many of them 0, some unknown; X has too few for any comparison by size."""
    rng = np.random.default_rng(seed)
    found: dict[str, dict[str, object]] = {}
    for number in range(count):
        platform = rng.choice(PLATFORMS, p=(0.6, 0.38, 0.02))
        followers = int(10 ** rng.uniform(2, 7.3))
        doc = {
            "creator_id": f"c{number}",
            "domain": "short_form",
            "primary_platform": str(platform),
            "followers": followers,
            "follower_band": follower_band(followers),
            "as_of": f"2026-10-{1 + number % 28:02}T00:00:00Z",
        }
        if rng.random() < 0.9:
            doc["engagement_rate"] = 0.0 if rng.random() < 0.2 else float(rng.lognormal(-4, 1))
        if platform == "tiktok" and rng.random() < 0.2:
            doc["growth_90d"] = float(rng.normal(0.05, 0.2))
        found[str(doc["creator_id"])] = doc
    return found


def write(stores, docs):
    bulk.write(stores.cluster, [bulk.Action("creators", one, doc) for one, doc in docs.items()])
    stores.cluster.refresh(CREATORS)


@pytest.fixture(scope="module")
def measured(new_installation):
    """An installation with creators, its cells, and the documents they were measured on."""
    stores = new_installation()
    docs = documents(DOCUMENTS, seed=3)
    write(stores, docs)
    return stores, population.measure(stores), list(docs.values())


def values_of(docs, metric, platform, bands):
    found = [
        doc[metric]
        for doc in docs
        if metric in doc and doc["primary_platform"] == platform and doc.get("follower_band") in bands
    ]
    return np.sort(np.array(found, dtype=np.float32))


def rank_errors(quantiles, values):
    """How far each quantile is from the ranks that its value has among the values."""
    asked = np.linspace(0, 1, len(quantiles))
    points = np.array(quantiles, dtype=np.float32)
    low = np.searchsorted(values, points, side="left") / len(values)
    high = np.searchsorted(values, points, side="right") / len(values)
    return np.maximum(0, np.maximum(low - asked, asked - high))


def test_quantiles_are_those_of_the_values(measured):
    _, cells, docs = measured
    assert {cell["metric"] for cell in cells.values()} == {"engagement_rate", "growth_90d", "followers"}
    for cell in cells.values():
        values = values_of(docs, cell["metric"], cell["platform"], cell["bands"])
        assert cell["n"] == len(values) >= MIN_PEERS
        assert cell["quantiles"][0] == pytest.approx(values[0], rel=1e-6)
        assert cell["quantiles"][-1] == pytest.approx(values[-1], rel=1e-6)
        assert rank_errors(cell["quantiles"], values).max() <= RANK_ERROR, cell["metric"]


def test_the_bundled_creators_were_measured_when_they_had_all_come(bundled):
    found = bundled.cluster.search(POPULATION, {"size": 500, "query": {"term": {"kind": "cell"}}})["hits"]["hits"]
    docs = [hit["_source"] for hit in bundled.cluster.scan(CREATORS, {"sort": [{"creator_id": "asc"}]})]
    run = bundled.cluster.sources(POPULATION, [RUN])[RUN]
    assert run["creators"] == len(docs)
    assert found
    for cell in (hit["_source"] for hit in found):
        values = values_of(docs, cell["metric"], cell["platform"], cell["bands"])
        assert cell["n"] == len(values) >= MIN_PEERS
        assert rank_errors(cell["quantiles"], values).max() <= RANK_ERROR


def test_every_band_of_a_platform_has_a_cell_or_none_has(measured):
    _, cells, _ = measured
    for metric in ("engagement_rate", "growth_90d", "followers"):
        for platform in PLATFORMS:
            own = [cell["band"] for cell in cells.values() if (cell["metric"], cell["platform"]) == (metric, platform)]
            assert sorted(own) in ([], sorted(BANDS))
    assert "followers.x.micro" not in cells
    assert cells["engagement_rate.tiktok.micro"]["bands"] == ["micro"]
    assert len(cells["growth_90d.tiktok.micro"]["bands"]) > 1
    assert cells["followers.tiktok.micro"]["bands"] == list(BANDS)


def test_search_reads_what_was_written(measured):
    stores, cells, docs = measured

    async def read():
        cluster = AsyncCluster(stores.settings)
        people = Population(cluster)
        try:
            await people.refresh()
            return people.current()
        finally:
            await people.close()
            await cluster.close()

    table = asyncio.run(read())
    assert len(table.groups) == len(cells)
    known = [doc for doc in docs if "engagement_rate" in doc and doc["primary_platform"] == "tiktok"][:300]
    found = table.percentile(
        "engagement_rate",
        ["tiktok"] * len(known),
        [doc["follower_band"] for doc in known],
        np.array([doc["engagement_rate"] for doc in known]),
    )
    for doc, share in zip(known, found, strict=True):
        bands = cells[f"engagement_rate.tiktok.{doc['follower_band']}"]["bands"]
        values = values_of(docs, "engagement_rate", "tiktok", bands)
        value = np.float32(doc["engagement_rate"])
        assert (values < value).mean() - 2 * RANK_ERROR <= share <= (values <= value).mean() + 2 * RANK_ERROR


def test_measuring_again_gives_the_same(measured):
    stores, cells, _ = measured
    assert population.measure(stores) == cells


def test_nobody_is_compared_where_nothing_was_measured(installation):
    async def read():
        cluster = AsyncCluster(installation.settings)
        people = Population(cluster)
        try:
            installation.cluster.delete_indices(
                [name for name, held in installation.cluster.aliases().items() if POPULATION in held]
            )
            await people.refresh()
            return people.current()
        finally:
            await cluster.close()

    assert asyncio.run(read()).groups == ()


def test_it_is_measured_when_creators_have_come_and_what_is_gone_is_not_kept(installation):
    stores = installation
    assert population.is_due(stores) is False
    assert population.measure_when_due(stores) is False
    docs = documents(1_500, seed=4)
    write(stores, docs)
    assert population.is_due(stores) is True
    assert population.measure_when_due(stores) is True
    assert population.is_due(stores) is False
    first = {hit["_id"] for hit in stores.cluster.search(POPULATION, {"size": 500})["hits"]["hits"]}
    assert "engagement_rate.tiktok.nano" in first
    gone = [bulk.Action("creators", one, None) for one in list(docs)[150:]]
    bulk.write(stores.cluster, gone)
    stores.cluster.refresh(CREATORS)
    assert population.is_due(stores) is True
    # Just measured: the one that nobody waits for is put off.
    assert population.is_due(stores, interval_s=population.MIN_INTERVAL_S) is False
    assert population.request_when_due(stores) is False
    assert population.measure(stores) == {}
    assert {hit["_id"] for hit in stores.cluster.search(POPULATION, {"size": 500})["hits"]["hits"]} == {RUN}


def test_a_worker_is_asked_once_when_all_work_is_done(installation):
    write(installation, documents(50, seed=5))
    assert population.request_when_due(installation) is True
    assert population.request_when_due(installation) is False
    assert installation.queue.depth()["index"] == 1


def test_a_finished_ingest_has_measured_its_creators(new_installation, tmp_path):
    stores = new_installation()
    file, mapping = tmp_path / "people.csv", tmp_path / "people.toml"
    rows = [f"maker{number},{100 + number},{number / 10_000}" for number in range(MIN_PEERS + 20)]
    file.write_text("handle,followers,rate\n" + "\n".join(rows) + "\n", encoding="utf-8")
    mapping.write_text(
        'title = "People"\nplatform = "tiktok"\nobserved_at = "2026-10-01"\n'
        '[account]\nhandle = "handle"\nfollowers = "followers"\nengagement_rate = "rate"\n',
        encoding="utf-8",
    )
    ingest(stores, file, mapping)
    cells = stores.cluster.sources(POPULATION, ["engagement_rate.tiktok.nano", "growth_90d.tiktok.nano", RUN])
    assert cells.keys() == {"engagement_rate.tiktok.nano", RUN}
    assert cells["engagement_rate.tiktok.nano"]["n"] == MIN_PEERS + 20
    assert pipeline.digest(stores).creators == MIN_PEERS + 20
