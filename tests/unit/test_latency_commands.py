"""What the commands of the latency benchmark decide: which rate comes next, which answers are right, what is new."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.corpus.questions import Question
from benchmarks.latency import __main__ as latency_command
from benchmarks.latency import arms, bench, cell, grid, knee, plots, recall, similar
from benchmarks.latency.histogram import Histogram

CLIMB = knee.Climb(creators=1000)
PLAIN = Question("jazz piano", {}, "medium", 1.0)
FILTERED = Question("jazz piano", {"platforms": ["youtube"]}, "filtered", 0.3)


@given(st.floats(0.5, 500))
def test_the_climb_closes_in_on_whatever_the_server_keeps_up(truth):
    good, bad, tried = 0.0, math.inf, 0
    while (rate := knee.next_rate(CLIMB, good, bad)) and tried < 40:
        good, bad = (rate, bad) if rate <= truth else (good, rate)
        tried += 1
    assert good <= truth <= bad
    assert bad / good <= knee.CLOSE
    assert tried <= 20


@pytest.mark.parametrize(
    ("p90", "served", "kept"), [(499.0, 0.96, True), (501.0, 1.0, False), (20.0, 0.94, False), (500.0, 0.95, True)]
)
def test_late_missing_or_degraded_answers_end_the_climb(p90, served, kept):
    assert knee.is_kept_up({"p90_ms": p90, "served_share": served}) is kept


def truth_of(count, score=lambda place: 1 - place / 1000):
    return [(f"c{place}", score(place)) for place in range(count)]


def test_recall_counts_the_right_ones_among_the_first_hundred():
    truth = truth_of(150)
    assert recall.share_found([one for one, _ in truth[:100]], truth) == 1.0
    assert recall.share_found([one for one, _ in truth[40:140]], truth) == 0.6
    assert recall.share_found([], truth) == 0.0


def test_of_equals_at_the_edge_any_will_do():
    tied = truth_of(150, lambda place: 1.0 if place < 90 else 0.5)
    found = [f"c{place}" for place in (*range(90), *range(120, 130))]
    assert recall.share_found(found, tied) == 1.0


def test_where_fewer_pass_all_of_them_are_wanted():
    assert recall.share_found(["c0", "c1"], truth_of(4)) == 0.5
    assert recall.share_found([], []) == 1.0


def new_bench():
    return bench.Bench(installed=None, api=None, meter=None, bar=None)


def test_a_question_is_asked_once_while_there_are_others():
    place = new_bench()
    questions = [replace(PLAIN, text=f"text {one // 2}") for one in range(20)]
    first = place.unasked(questions, 4)
    assert [one.text for one in first] == ["text 0", "text 1", "text 2", "text 3"]
    assert {one.text for one in place.unasked(questions, 6)}.isdisjoint(one.text for one in first)
    assert place.asked[bench.REPEATED] == 0
    assert len(place.unasked(questions, 3)) == 3
    assert place.asked[bench.REPEATED] == 3


def test_the_same_words_under_another_filter_are_another_question():
    assert len(new_bench().unasked([PLAIN, FILTERED], 2)) == 2


def test_a_naive_user_asks_for_everything_at_once():
    body = arms.ARMS["naive"].body(FILTERED, ())
    assert "_source" not in body
    assert body["track_total_hits"] is True
    assert set(body["aggs"]) == set(arms.FACETS)
    (words,) = body["query"]["bool"]["must"]
    assert words["multi_match"]["query"] == "jazz piano"
    assert "filter" not in arms.ARMS["naive"].body(PLAIN, ())["query"].get("bool", {})


def test_a_naive_hybrid_has_the_filter_in_both_arms_and_a_pipeline():
    body = arms.ARMS["naive-hybrid"].body(FILTERED, (0.1, 0.2))
    words, vector = body["query"]["hybrid"]["queries"]
    assert words["bool"]["filter"] == [vector["knn"]["embedding"]["filter"]]
    assert "search_pipeline" in body


def test_every_arm_asks_for_the_same_page():
    bodies = {name: arm.body(PLAIN, (0.1,)) for name, arm in arms.ARMS.items()}
    assert {body.get("limit", body.get("size")) for body in bodies.values()} == {arms.LIMIT}
    assert bodies["native"] == bodies["ours"] | {"ranking": {"executor": "native_hybrid"}}


def test_arms_take_turns_there_and_back():
    one = cell.Cell(1000, 10.0, 60.0, arms=("ours", "native", "naive"))
    assert [one.order(turn) for turn in range(2)] == [("ours", "native", "naive"), ("naive", "native", "ours")]
    assert np.array_equal(one.plan(5, 1).at, one.plan(5, 1).at)
    assert not np.array_equal(one.plan(5, 1).at[:5], one.plan(5, 2).at[:5])


def test_the_spread_is_the_worst_cell_by_the_best():
    rows = [
        {"writes": 0.0, "share": share, "breadth": "rare", "p50_ms": 10.0, "p90_ms": p90, "p99_ms": 2 * p90}
        for share, p90 in (("100", 20.0), ("1", 50.0))
    ]
    told = grid.spread([*rows, {**rows[0], "writes": 100.0, "p90_ms": 900.0}], 0.0)
    assert (told["worst"]["share"], told["best"]["share"], told["worst_by_best"]) == ("1", "100", 2.5)
    assert told["p99_by_p50"] == 10.0


def test_similar_asks_under_three_filters():
    document = {"creator_id": "c1", "platforms": ["youtube"], "languages": ["de"], "followers": 5000}
    assert similar.body_of(document)["filters"] == {
        "platforms": ["youtube"],
        "languages": ["de"],
        "followers": {"min": 500, "max": 50_000},
    }
    assert set(similar.body_of({"creator_id": "c2", "platforms": ["x"]})["filters"]) == {"platforms"}


def test_a_figure_is_the_same_bytes_every_time(tmp_path):
    counts = {"ours": Histogram(np.random.default_rng(1).exponential(0.02, 500))}
    for name in ("one.svg", "two.svg"):
        plots.curves(counts, tmp_path / name, "cell")
    one = (tmp_path / "one.svg").read_text()
    assert one == (tmp_path / "two.svg").read_text()
    assert "ours" in one


def test_the_greatest_share_of_the_client_is_found_wherever_it_is():
    steps = [{"share_of_machine": {"client": share, "server": 0.9}} for share in (0.02, 0.2, 0.1)]
    assert latency_command.client_share({"steps": steps, "machine": {"cores": 2}}) == 0.2
    assert latency_command.client_share({"arms": {"ours": steps[0]}}) == 0.02
    assert latency_command.client_share({"steps": []}) == 0.0
