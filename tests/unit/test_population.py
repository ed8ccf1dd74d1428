"""Percentiles: whom to compare is planned without gaps, and a value stands where its rank is."""

import asyncio
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.errors import ClusterUnavailable, NotFound
from indexers.population import BANDS, MIN_PEERS, Peers, cells_of, merge_bands, peers_of, quantile_request
from mappings.fields import FOLLOWER_BANDS
from search.population import Population
from search.rank.percentiles import NO_GROUP, NOBODY, POINTS, PeerGroup, PercentileTable
from tests.fixtures.candidates import document, even

COUNTS = st.dictionaries(st.sampled_from(BANDS), st.integers(0, 1000), max_size=len(BANDS))


@given(COUNTS)
def test_bands_are_merged_with_neighbours_until_there_are_enough(counts):
    groups = merge_bands(counts)
    total = sum(counts.values())
    if total < MIN_PEERS:
        assert groups == []
        return
    assert [band for bands, _ in groups for band in bands] == list(BANDS)
    assert sum(n for _, n in groups) == total
    assert all(n >= MIN_PEERS for _, n in groups)
    assert all(n == sum(counts.get(band, 0) for band in bands) for bands, n in groups)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (dict.fromkeys(BANDS, 200), [(band,) for band in BANDS]),
        (
            {"nano": 500, "micro": 150, "mid": 60, "macro": 300},
            [("nano",), ("micro", "mid"), ("macro", "mega", "giga")],
        ),
        ({"nano": 199}, []),
        ({"giga": 200}, [BANDS]),
        ({}, []),
    ],
    ids=["each for itself", "neighbours", "too few", "one for all", "nobody"],
)
def test_bands_by_hand(counts, expected):
    assert [bands for bands, _ in merge_bands(counts)] == expected


def bucket(key, **counts):
    return {"key": key, **{metric: {"doc_count": count} for metric, count in counts.items()}}


def test_whom_to_compare_follows_from_the_counts():
    bands = [
        bucket("nano", engagement_rate=250, growth_90d=3, followers=300),
        bucket("mid", engagement_rate=10, growth_90d=0, followers=20),
    ]
    answer = {"aggregations": {"platforms": {"buckets": [{"key": "x", "bands": {"buckets": bands}}]}}}
    assert peers_of(answer) == [
        Peers("engagement_rate", "x", BANDS, 260),
        Peers("followers", "x", BANDS, 320),
    ]


def test_merged_bands_share_a_document_each():
    groups = [Peers("engagement_rate", "x", ("nano", "micro"), 260)]
    body = quantile_request(groups)
    asked = body["aggs"]["0"]
    assert {"terms": {"follower_band": ["nano", "micro"]}} in asked["filter"]["bool"]["filter"]
    assert asked["aggs"]["quantiles"]["percentiles"]["percents"] == [float(p) for p in range(101)]
    found = {
        "doc_count": 260,
        "quantiles": {"values": [{"value": v} for v in even(1)]},
        "as_of": {"value_as_string": "2026-11-01"},
    }
    cells = cells_of(groups, {"aggregations": {"0": found}})
    assert list(cells) == ["engagement_rate.x.nano", "engagement_rate.x.micro"]
    table = PercentileTable.from_documents(cells.values())
    values = table.percentile("engagement_rate", ["x", "x"], ["nano", "micro"], np.array([0.5, 0.5]))
    assert values.tolist() == pytest.approx([0.5, 0.5], abs=1e-6)
    assert set(table.groups) == {PeerGroup("x", ("nano", "micro"), 260)}


SAMPLES = st.lists(st.floats(-1, 1, width=32) | st.sampled_from([0.0, 0.25, 0.5]), min_size=POINTS, max_size=400).map(
    np.array
)


@given(sample=SAMPLES, values=st.lists(st.floats(-1.5, 1.5, width=32), min_size=1, max_size=20))
def test_a_percentile_is_the_share_of_peers_below(sample, values):
    quantiles = np.percentile(sample.astype(np.float32), np.arange(POINTS), method="inverted_cdf")
    table = PercentileTable.from_documents([document("m", "x", "nano", quantiles.tolist())])
    asked = np.array([*values, *sample[:10]], dtype=np.float64)
    found = table.percentile("m", ["x"] * len(asked), ["nano"] * len(asked), asked)
    assert ((found >= 0) & (found <= 1)).all()
    for value, share in zip(asked, found, strict=True):
        # A hundred steps: a step above and below is what the table can tell.
        assert (sample < value).mean() - 0.011 <= share <= (sample <= value).mean() + 0.011


@given(st.lists(st.floats(-1, 1, width=32), min_size=2, max_size=50))
def test_who_has_more_never_stands_lower(values):
    table = PercentileTable.from_documents([document("m", "x", "nano", [0.0] * 50 + even(1)[50:])])
    ordered = np.sort(np.array(values, dtype=np.float64))
    found = table.percentile("m", ["x"] * len(values), ["nano"] * len(values), ordered)
    assert (np.diff(found) >= 0).all()


def test_nothing_is_claimed_where_nobody_is_to_be_compared_with():
    table = PercentileTable.from_documents([document("m", "x", "nano", even(1))])
    platforms, bands = ["x", "x", "y", None, "x"], ["nano", "giga", "nano", "nano", None]
    standing = table.standing("m", platforms, bands, np.array([math.nan, 0.5, 0.5, 0.5, 0.5]))
    assert np.isnan(standing.percentile).all()
    assert standing.group.tolist() == [NO_GROUP] * 5
    assert np.isnan(NOBODY.percentile("m", ["x"], ["nano"], np.array([0.5]))).all()
    assert np.isnan(table.percentile("other", ["x"], ["nano"], np.array([0.5]))).all()
    assert table.percentile("m", [], [], np.array([])).tolist() == []


def test_equal_values_stand_in_the_middle_of_their_ties():
    table = PercentileTable.from_documents([document("m", "x", "nano", [0.0] * 41 + even(1)[41:])])
    found = table.percentile("m", ["x"] * 3, ["nano"] * 3, np.array([-1.0, 0.0, 2.0]))
    assert found.tolist() == pytest.approx([0.0, 0.2, 1.0])


def test_documents_of_another_kind_or_size_are_passed_over():
    documents = [{"kind": "run", "creators": 5}, document("m", "x", "nano", [0.0, 1.0])]
    assert PercentileTable.from_documents(documents).groups == ()


@pytest.mark.parametrize(
    ("bands", "words"),
    [
        (("micro",), "TikTok creators of this size (10k–50k followers, n=1,234)"),  # noqa: RUF001 - the dash of a range
        (("nano", "micro"), "TikTok creators of this size (up to 50k followers, n=1,234)"),
        (("mega", "giga"), "TikTok creators of this size (1M or more followers, n=1,234)"),
        (tuple(name for name, _ in FOLLOWER_BANDS), "TikTok creators (n=1,234)"),
    ],
)
def test_the_peers_in_words(bands, words):
    assert PeerGroup("tiktok", bands, 1234).words == words


class Answers:
    """Answers reads in turn; an error is raised."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.reads = 0

    async def search(self, logical, body, *, timeout_s=None):
        assert (logical, body["query"], timeout_s is not None) == ("population", {"term": {"kind": "cell"}}, True)
        self.reads += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {"hits": {"hits": [{"_source": doc} for doc in answer]}}


def test_the_table_is_read_beside_the_search_and_kept():
    cluster = Answers([document("m", "x", "nano", even(1))])

    async def twice():
        population = Population(cluster)
        first = population.current()
        await asyncio.sleep(0)
        await population._reading
        second = population.current()
        await population.close()
        return first, second

    first, second = asyncio.run(twice())
    assert first is NOBODY
    assert [group.n for group in second.groups] == [312]
    assert cluster.reads == 1


def test_a_table_that_cannot_be_read_leaves_the_former_one():
    cluster = Answers([document("m", "x", "nano", even(1))], ClusterUnavailable("away"), NotFound("gone"))

    async def three_times():
        population = Population(cluster)
        found = []
        for _ in range(3):
            await population.refresh()
            found.append(len(population.current().groups))
        await population.close()
        return found

    assert asyncio.run(three_times()) == [1, 1, 0]
