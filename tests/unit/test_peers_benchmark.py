"""Peers: one fusion in two languages, the recall floor, exact truth under filters, and a report that hides nothing."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.peers import report
from benchmarks.peers.children import Child, Launch
from benchmarks.peers.conditions import columns_of, conditions_of, passing
from benchmarks.peers.floor import cheapest
from benchmarks.peers.fusion_sql import fused
from benchmarks.peers.material import nearest, recall
from benchmarks.peers.rounds import Seen
from benchmarks.peers.workers import lance, pgvector, stock
from creators.errors import EngineFailed
from search.fusion import fuse

RANKED = st.lists(st.sampled_from([f"c{place}" for place in range(12)]), unique=True)
ROWS: list[dict[str, Any]] = [
    {"platforms": ["youtube", "x"], "countries": ["BR"], "domain": "video", "followers": 10, "verified": True},
    {"platforms": ["tiktok"], "countries": ["BR", "US"], "domain": "short_form", "followers": 20, "verified": False},
    {"platforms": ["youtube"], "countries": [], "domain": "video"},
]


@given(RANKED, RANKED)
def test_fusion_in_sql_is_our_fusion(lexical: list[str], knn: list[str]) -> None:
    database = sqlite3.connect(":memory:")
    for name, ids in (("lexical", lexical), ("knn", knn)):
        database.execute(f"CREATE TABLE {name} (id text, position integer)")
        database.executemany(f"INSERT INTO {name} VALUES (?, ?)", [(one, place) for place, one in enumerate(ids, 1)])  # noqa: S608 - two names, above
    found = [one for one, _ in database.execute(fused(("lexical", "knn"), limit=7))]
    database.close()
    assert found == fuse([lexical, knn], limit=7)


def test_the_cheapest_setting_that_holds_in_every_kind_is_chosen_and_none_beyond_it_is_tried() -> None:
    recalls = [{"broad": 0.99, "filter 1 %": 0.5}, {"broad": 0.96, "filter 1 %": 0.95}, {"broad": 1.0}]
    tried = []

    def recall_at(knob: int) -> dict[str, float]:
        tried.append(knob)
        return recalls[knob]

    chosen = cheapest(["ef 64", "ef 128", "ef 256"], recall_at)
    assert (chosen.setting, chosen.holds, tried) == ("ef 128", True, [0, 1])


def test_a_peer_that_never_reaches_the_floor_is_shown_with_its_best() -> None:
    recalls = [{"broad": 0.9, "rare": 0.6}, {"broad": 0.7, "rare": 0.7}, {"broad": 0.99, "rare": 0.65}]
    chosen = cheapest(["a", "b", "c"], recalls.__getitem__)
    assert (chosen.setting, chosen.holds, chosen.recall) == ("b", False, recalls[1])


def test_a_ladder_has_at_least_one_setting() -> None:
    with pytest.raises(ValueError, match="at least one"):
        cheapest([], lambda _: {})


@pytest.mark.parametrize(
    ("filters", "rows"),
    [
        ({}, [0, 1, 2]),
        ({"platforms": ["youtube", "tiktok"], "countries": ["BR"]}, [0, 1]),
        ({"domains": ["video"], "followers": {"max": 10}}, [0]),
        ({"followers": {"min": 10}}, [0, 1]),
        ({"verified": True}, [0]),
        ({"niches": ["food"]}, []),
    ],
)
def test_who_passes_is_who_passes_all_filters_and_unknown_never_does(filters: dict[str, Any], rows: list[int]) -> None:
    mask = passing(conditions_of(filters), columns_of(ROWS), len(ROWS))
    assert np.flatnonzero(mask).tolist() == rows


def test_a_filter_that_peers_do_not_know_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'keywords'"):
        conditions_of({"keywords": ["vegan"]})


def test_every_peer_says_the_same_filter_in_its_own_language() -> None:
    wanted = conditions_of({"platforms": ["x"], "domains": ["it's"], "followers": {"min": 5, "max": 9}})
    clause, values = pgvector.where(wanted)
    assert clause == (
        "platforms && %(v0)s AND domain = ANY(%(v1)s)"
        " AND followers >= %(v2min)s::bigint AND followers <= %(v2max)s::bigint"
    )
    assert values == {"v0": ["x"], "v1": ["it's"], "v2min": 5, "v2max": 9}
    assert lance.where(wanted) == (
        "array_has_any(platforms, ['x']) AND domain IN ('it''s')"
        " AND followers >= CAST(5 AS bigint) AND followers <= CAST(9 AS bigint)"
    )
    assert stock.where(wanted) == [
        {"terms": {"platforms": ["x"]}},
        {"terms": {"domain": ["it's"]}},
        {"range": {"followers": {"gte": 5, "lte": 9}}},
    ]
    assert pgvector.where([]) == ("true", {})


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_the_truth_is_the_nearest_of_those_that_pass(seed: int, share: float) -> None:
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((300, 8)).astype(np.float32)
    mask = random.random(300) < share
    found = nearest(vectors, vectors[0], mask).tolist()
    cosines = vectors @ vectors[0]
    assert len(found) == min(100, int(mask.sum()))
    assert mask[found].all()
    if found:
        left = [row for row in np.flatnonzero(mask) if row not in found]
        assert all(cosines[row] <= cosines[found[-1]] + 1e-4 for row in left)


def test_recall_is_of_each_kind_and_whoever_has_no_neighbours_lacks_none() -> None:
    found, truth = [["a", "b"], ["x"], []], [["a", "c"], ["x"], []]
    assert recall(found, truth, ["broad", "rare", "broad"]) == {"broad": 0.75, "rare": 1.0}


def test_filters_of_one_share_are_one_kind() -> None:
    assert [report.group_of(one) for one in ("broad", "filtered-0.1-aligned", "filtered-0.1-random")] == [
        "broad",
        "filter 0.1 %",
        "filter 0.1 %",
    ]


def test_the_report_has_what_failed_beside_what_ran() -> None:
    chosen = cheapest(["ef 64"], lambda _: {"rare": 0.9})
    ran = Seen(
        facts={"version": "1", "lacks": ""},
        build={"load_s": 1.24, "index_s": 2.0},
        chosen=chosen,
        ms=[1.0, 3.0],
        ids=[["a", "b"], []],
        recall={"rare": 0.91},
        memory={"private_mb": 5, "files_in_memory_mb": 7, "disk_mb": 9},
    )
    failed = Seen(failed="qdrant has ended with -9")
    peers = report.stated({"ours": ran, "qdrant": failed}, ["rare", "filter 1 %"])
    assert peers["ours"]["ms_by_kind"]["filter 1 %"] == {"p50": 3.0, "p90": 3.0, "p99": 3.0, "count": 1}
    assert peers["ours"]["overlap_20_with_ours"] == 1.0
    assert "lacks" not in peers["ours"]
    first, second = report.table(peers).splitlines()[2:]
    assert "2.0 / 2.8 / 3.0" in first
    assert "0.910 (0.910, floor 0.95 not held)" in first
    assert "5 + 7 of files | 9 | 3.2" in first
    assert "qdrant has ended with -9" in second
    assert report.kinds_table(peers).splitlines()[2] == "| rare | 1.0 / 1.0 | — |"


def test_a_peer_that_ends_is_an_error_with_its_name(tmp_path: Path) -> None:
    launch = Launch("nobody", "nobody", Path(sys.executable), tmp_path, tmp_path, {}, [0], 30.0)
    with Child(launch) as child, pytest.raises(EngineFailed, match="nobody has ended with"):
        child.ask("open")
