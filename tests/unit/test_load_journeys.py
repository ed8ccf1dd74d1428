"""What users of the load suite ask, how answers are checked, and what makes a run fail."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.load import journeys
from benchmarks.load.__main__ import main
from benchmarks.load.agreement import Load, compared
from benchmarks.load.checks import check
from benchmarks.load.figures import Figures
from benchmarks.load.gate import LEAST, Gate
from benchmarks.load.phases import HOLD, RAMP, STEP, Phases
from benchmarks.load.questions import POPULAR, Asked, Mix, from_niches, read, written
from benchmarks.load.steps import Desk, Step
from search.request import FacetRequest, SearchRequest, SimilarRequest

MODELS = {"/v1/creators/search": SearchRequest, "/v1/creators/similar": SimilarRequest, "/v1/facets": FacetRequest}

QUESTIONS = from_niches(1)[:500]


def page(count=5, **more):
    hits = [
        {
            "creator_id": f"c{one}",
            "creator": {"name": f"Gordon {one} Baker", "accounts": {"x": {"handle": f"gordon{one}"}}},
        }
        for one in range(count)
    ]
    facets = {"platforms": [{"value": "x", "count": 3}, {"value": "youtube", "count": 2}]}
    return {"hits": hits, "total": {"value": 9}, "degraded": [], "next_cursor": "abc", "facets": facets} | more


def answer_to(step):
    """What a server that works answers."""
    if step.kind in {"open", "lookup"}:
        return page()["hits"][0]["creator"] | {"creator_id": "c0"}
    if step.kind == "suggest":
        return [{"creator_id": "c1", "name": "Gordon"}]
    if step.kind == "facets":
        return {"facets": dict.fromkeys(step.body["facets"], ()), "degraded": []}
    return page(0) | {"total": {"value": 0}} if step.kind == "similar" else page()


def dice(seed):
    return Random(seed)  # noqa: S311 - questions and pauses, no secrets


def desk(seed=1):
    random = dice(seed)
    return Desk("scout", Mix(QUESTIONS, random), random)


def walk(journey):
    waited = []
    steps = [step for step, _ in journeys.walked(journey, answer_to, waited.append)]
    return steps, waited


def test_popular_questions_come_again_by_zipfs_law_and_the_others_once():
    questions = [Asked(f"question {number}") for number in range(20_000)]
    mix = Mix(questions, dice(5), repeated=0.3)
    drawn = Counter(mix.draw().text for _ in range(20_000))
    popular = [drawn[one.text] for one in questions[:POPULAR]]
    assert sum(popular) / 20_000 == pytest.approx(0.3, abs=0.02)
    assert popular[0] / popular[9] == pytest.approx(10, rel=0.35)
    assert {drawn[one.text] for one in questions[POPULAR:]} <= {0, 1}
    assert not mix.is_exhausted


def test_processes_begin_at_different_questions():
    questions = [Asked(f"question {number}") for number in range(1_000)]
    first, second = (Mix(questions, dice(1), start=start, repeated=0.0) for start in (0.0, 0.38))
    assert not {first.draw().text for _ in range(300)} & {second.draw().text for _ in range(300)}


def test_fresh_questions_that_run_out_are_told():
    mix = Mix([Asked(f"question {number}") for number in range(10)], dice(1), repeated=0.0)
    for _ in range(6):
        mix.draw()
    assert mix.is_exhausted


def test_too_few_questions_are_refused():
    with pytest.raises(ValueError, match="at least 2"):
        Mix([Asked("one")], dice(1))


def test_questions_come_back_from_their_file(tmp_path):
    asked = QUESTIONS[:50]
    written(asked, tmp_path / "questions.jsonl")
    assert read(tmp_path / "questions.jsonl") == asked


def test_a_line_that_is_no_question_is_named(tmp_path):
    (tmp_path / "questions.jsonl").write_text('{"text": "ok"}\n{"words": "no"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="line 2"):
        read(tmp_path / "questions.jsonl")


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_every_request_of_every_journey_is_one_that_the_api_takes(seed):
    made = desk(seed)
    for journey in (
        journeys.scout(made),
        journeys.brand(made),
        journeys.typist(made, page()),
        journeys.integrator(made, page()),
        journeys.wide_search(made),
    ):
        steps, waited = walk(journey)
        assert steps
        for step in steps:
            assert check(step, 200, answer_to(step)).problem is None
            if step.body is not None:
                MODELS[step.path].model_validate(step.body)
        assert all(pause > 0 for pause in waited)


@settings(max_examples=30)
@given(st.integers(0, 1_000))
def test_a_refined_search_is_the_same_with_one_filter_more(seed):
    made = desk(seed)
    first = made.search(1)
    step = made.refine(2, first, page())
    assert {**step.body, "filters": None} == {**first.body, "filters": None}
    added = set(step.body["filters"]) - set(first.body["filters"])
    assert len(added) == 1
    assert first.body["filters"].items() <= step.body["filters"].items() or added == {"followers"}


def test_a_journey_ends_where_a_request_fails():
    journey = journeys.scout(desk())
    asked = [step for step, _ in journeys.walked(journey, lambda _step: None, lambda _pause: None)]
    assert [step.kind for step in asked] == ["search"]


def test_a_name_is_typed_key_by_key():
    typed = desk().keystrokes(page(1))
    assert all(len(later) - len(sooner) in {1, 2} for sooner, later in itertools.pairwise(typed))
    assert all("Gordon 0 Baker".startswith(one) for one in typed)


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (page(), None),
        (page(degraded=["fetch"]) | {"hits": [{"creator_id": "c", "creator": {}}]}, None),
        (page() | {"hits": [{"creator_id": "c", "creator": {}}]}, "without its creator"),
        (page(21), "21 hits"),
        (page(0), "no hits of 9"),
        (page() | {"total": None}, "no total"),
        (page() | {"hits": page()["hits"] * 2}, "twice"),
        ([], "wrong shape"),
        (None, "wrong shape"),
    ],
)
def test_a_page_that_is_wrong_is_told(payload, problem):
    verdict = check(Step("search", "scout 1 search", "/", {"limit": 20}), 200, payload)
    assert (problem or "") in (verdict.problem or "")
    assert (verdict.problem is None) == (problem is None)


def test_a_refusal_and_a_broken_connection_are_failures():
    step = desk().search(1)
    assert check(step, 429, {"code": "overloaded"}).problem == "status 429 overloaded"
    assert check(step, 0, None).problem == "no answer"


def test_a_seed_among_its_likes_is_a_failure():
    step = desk().similar(1, page(1))
    assert "seed" in (check(step, 200, page(1)).problem or "")


def seen(milliseconds=100.0, *, count=200, failed=0, degraded=0, phase=HOLD):
    figures = Figures()
    for number in range(count):
        problem = "status 500" if number < failed else None
        key = (phase, "scout 1 search")
        figures.record(key, milliseconds / 1000, problem=problem, degraded=number < degraded)
    return figures


def test_a_run_within_the_budget_passes():
    assert Gate(budget_ms=500).faults(seen(400)) == []


@pytest.mark.parametrize(
    ("figures", "fault"),
    [
        (seen(600), "P90 of searches is 600 ms"),
        (seen(failed=1), "failed"),
        (seen(degraded=3), "degraded"),
        (seen(count=LEAST - 1), "too few"),
        (seen(phase=RAMP), "too few"),
    ],
)
def test_a_run_that_breaks_a_bound_does_not_pass(figures, fault):
    assert any(fault in one for one in Gate(budget_ms=500).faults(figures))


def test_figures_of_processes_add_up_without_loss():
    whole, parts = Figures(), Figures()
    for part in range(3):
        one = Figures()
        for number in range(50):
            for figures in (one, whole):
                figures.record(
                    (HOLD, "brand 3 refine"), (part * 50 + number) / 1000, problem="no" if number < 2 else None
                )
        # As it travels from a worker to its master.
        parts.merge(json.loads(json.dumps(one.take())))
        assert list(one) == []
    assert parts.summary() == whole.summary()


def test_users_come_stay_and_become_more():
    phases = Phases(users=10, seconds=100)
    moments = [phases.at(second) for second in (0, 19, 20, 69, 70, 99)]
    assert [one.phase for one in moments] == [RAMP, RAMP, HOLD, HOLD, STEP, STEP]
    assert [one.users for one in moments] == [10, 10, 10, 10, 15, 15]
    assert phases.at(100) is None


def test_the_open_loop_has_the_rate_and_the_mix_of_the_closed_one():
    figures = seen(count=60)
    figures.record((HOLD, "typist 1 suggest"), 0.01)
    figures.record((RAMP, "typist 1 suggest"), 0.01)
    load = Load.of(figures, hold_s=30.5)
    assert load.rate == 2.0
    assert load.kinds == {"search": 60, "suggest": 1}


def test_both_loops_stand_side_by_side_with_the_reason():
    closed = {"p50_ms": 100.0, "p90_ms": 200.0, "p99_ms": 0.0}
    opened = {"rate": 3.0, "searches": {"p50_ms": 110.0, "p90_ms": 300.0, "p99_ms": 900.0}}
    both = compared(closed, opened, users=7)
    assert both["open_to_closed"] == {"p50": 1.1, "p90": 1.5}
    assert "7 requests at once" in both["why"]


@pytest.mark.parametrize(("passed", "status"), [(True, 0), (False, 1)])
def test_a_run_that_does_not_pass_ends_with_1(monkeypatch, tmp_path, passed, status):
    phases = seen().summary()
    result = {"model": "closed", "users": 1, "seconds": 1, "phases": phases, "faults": [], "passed": passed}
    monkeypatch.setattr("benchmarks.load.__main__.run", lambda _asking: result)
    with pytest.raises(SystemExit) as ended:
        main(["run", "--json", str(tmp_path / "result.json")])
    assert ended.value.code == status
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["passed"] is passed
