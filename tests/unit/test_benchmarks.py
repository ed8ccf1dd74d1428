"""The benchmarks run: a smoke size of each, and what they claim about correctness rather than speed."""

from __future__ import annotations

from benchmarks.encoder.run import speed
from benchmarks.rank.run import measure


def test_the_encoder_benchmark_runs_and_the_shipped_way_does_not_depend_on_the_batch():
    result = speed(threads=1, count=6)
    assert result["ways"]["fp32, one text per run"]["max_change_by_batch"] == 0
    assert result["parity"]["fp32"]["mean_cosine"] >= 0.99
    assert all(way["tokens_per_s"] > 0 for way in result["ways"].values())


def test_the_ranking_benchmark_times_every_step_and_profiles_the_whole():
    result = measure(count=30, repeats=2)
    assert {"rank 30", "explain 20", "explain 30", "collect, rank 30 and explain 20"} <= result["ms"].keys()
    assert all(step["wall_p50"] > 0 for step in result["ms"].values())
    assert sum(row["share"] for row in result["profile"]) <= 1.001
