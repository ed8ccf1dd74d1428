"""From measurements to constants and back: what is known to be true is found, what is off is seen."""

import math
import os
from dataclasses import replace

import pytest

from benchmarks.capacity import backtest, fit
from benchmarks.capacity.limits import forget
from benchmarks.capacity.squeeze import heap_mb
from search.capacity.calibration import Calibration, load
from search.capacity.estimate import estimate
from search.capacity.space import disk_bytes

REFERENCE = 1_000_000
TRUE = replace(load().best, segments=1.0, core_speed=1.0, walk_growth=0.12, walk_exponent=0.83)
MIX = {"filtered": 0.5, "shares": [0.01, 0.1, 0.5], "matches": [0.001, 0.05]}


def probes(creators):
    c, walk = TRUE, TRUE.walk_ms * (1 + TRUE.walk_growth * math.log(creators / REFERENCE))
    found = c.shard_ms + c.hits_ms
    return {
        "nothing_ms": c.shard_ms,
        "hits_ms": found,
        "walks": [{"share": s, "ms": found + walk * s**-c.walk_exponent} for s in (1.0, 0.5, 0.2, 0.1, 0.05)],
        "scans": [{"read": n, "ms": found + n * c.read_us / 1e3} for n in (5e3, 5e4, 2e5)],
        "counts": [{"counted": n, "ms": c.shard_ms + n * c.count_ns / 1e6} for n in (5e3, 5e4, 2e5)],
        "words": [
            {
                "matches": n,
                "scored_ms": found + n * c.lexical_ns / 1e6,
                "pruned_ms": found + n * c.lexical_ns * c.lexical_read / 1e6,
            }
            for n in (1e3, 1e4, 1e5)
        ],
        "walk_each_ms": [found + walk * factor for factor in (0.5, 1.0, 1.5)],
    }


def measured(creators):
    """Return what a machine would measure whose constants are TRUE."""
    c = TRUE
    one = {
        "made": "2026-11-21",
        "machine": {"cores": 2, "memory_gb": 8},
        "creators": creators,
        "shape": {
            "shards": 1,
            "vector_bytes": 1536.0,
            "graph_bytes": c.graph_bytes,
            "stored_bytes": c.stored_bytes,
            "postings_bytes": c.postings_bytes,
            "values_bytes": c.values_bytes,
        },
        "probes": probes(creators),
        "building": {"written": 5_000, "index_ms": 1.0, "embed_ms": c.embed_ms},
        "asking": {
            "qps": 10.0,
            "p50_ms": 1.0,
            "p90_ms": 2.0,
            "api_cpu_ms": c.api_ms,
            "engine_cpu_ms": 20.0,
            "shard_queries": c.shard_requests,
            "load_average": 1.0,
            "mix": MIX,
        },
    }
    truth = Calibration("", one["machine"], (REFERENCE,), 384, load().ranges)
    case, layout = fit.case_of(one, truth)
    case = replace(case, constants=replace(TRUE, service_scv=1 / 6))
    said = estimate(case, layout)
    one["asking"] |= {"p50_ms": said.p50_ms, "p90_ms": said.p90_ms}
    one["shape"]["disk_bytes"] = disk_bytes(case.demand, TRUE)
    return one


LADDER = [measured(size) for size in (20_000, 100_000, 1_000_000)]


def test_constants_that_are_true_are_found():
    found = fit.constants(LADDER)
    for name in ("graph_bytes", "shard_ms", "hits_ms", "read_us", "count_ns", "lexical_ns", "lexical_read", "walk_ms"):
        assert getattr(found.best, name) == pytest.approx(getattr(TRUE, name), rel=0.01), name
    assert found.best.walk_exponent == pytest.approx(0.83, abs=0.01)
    assert found.best.walk_growth == pytest.approx(0.12, abs=0.01)
    assert found.best.base_ms == pytest.approx(TRUE.base_ms, rel=0.05)
    assert found.best.base_scv == pytest.approx(TRUE.base_scv, rel=0.2)
    assert found.reference == REFERENCE
    assert all(one.high / one.low > 1.2 for name, one in found.ranges.items() if name in fit.stated(found)["constants"])


def test_what_is_written_is_read_again():
    found = fit.constants(LADDER)
    again = Calibration.from_json(fit.stated(found))
    assert again.creators == found.creators
    assert again.best.read_us == pytest.approx(found.best.read_us, rel=1e-3)


def test_sizes_that_the_model_explains_are_predicted():
    found = backtest.ladder(LADDER)
    assert all(found["claims"].values()), found
    assert [step["creators"] for step in found["steps"]] == [100_000, 1_000_000]


@pytest.mark.parametrize("what", ["bytes", "P90"])
def test_a_size_that_is_off_breaks_its_claim(what):
    last = LADDER[-1]
    if what == "bytes":
        wrong = last | {"shape": last["shape"] | {"disk_bytes": last["shape"]["disk_bytes"] * 1.3}}
    else:
        wrong = last | {"asking": last["asking"] | {"p90_ms": last["asking"]["p90_ms"] * 2}}
    claims = backtest.ladder([*LADDER[:-1], wrong])["claims"]
    assert [name for name, holds in claims.items() if not holds] == [name for name in claims if name.startswith(what)]


def test_times_of_a_machine_that_did_not_keep_up_are_not_sound():
    asking = {"requests": 200, "failed": 1, "degraded": 1}
    assert all(fit.sound([{"creators": 1, "asking": asking}]).values())
    assert not any(fit.sound([{"creators": 1, "asking": asking | {"degraded": 2}}]).values())


def test_the_heap_leaves_the_cache_its_part():
    assert [heap_mb(memory) for memory in (1024, 2048, 4096, 16_384)] == [512, 512, 1024, 2048]


def test_forgetting_pages_keeps_the_files(tmp_path):
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "file").write_bytes(os.urandom(10_000))
    before = (tmp_path / "inside" / "file").read_bytes()
    assert forget(tmp_path) == 10_000
    assert (tmp_path / "inside" / "file").read_bytes() == before
