"""Dead letters: what was wrong, where it lies, and the same failure is the same letter."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from creators.errors import BadMapping, BadRecord
from creators.stores.deadletters import EXCERPT_CHARS, DeadLetter, Wanted, _action, letter_of

LETTER = DeadLetter("normalise", "bad_record", "why", field="handle", dataset_id="d", raw_key="k", line=7, excerpt="x")


def test_a_letter_tells_what_the_error_told():
    error = BadRecord("column 'followers': 'many' is not a count", field="followers")
    assert letter_of(error, stage="fetch", dataset_id="d", line=3) == DeadLetter(
        stage="fetch",
        error="bad_record",
        reason="column 'followers': 'many' is not a count",
        field="followers",
        dataset_id="d",
        line=3,
    )
    assert letter_of(BadMapping("wrong"), stage="fetch").error == "bad_mapping"


@pytest.mark.parametrize("change", [{"reason": "other"}, {"error": "other"}, {"excerpt": "y"}, {"field": None}])
def test_the_same_record_failing_again_is_the_same_letter(change):
    assert replace(LETTER, **change).letter_id == LETTER.letter_id


@pytest.mark.parametrize("change", [{"stage": "index"}, {"dataset_id": "e"}, {"raw_key": "l"}, {"line": 8}])
def test_another_record_or_stage_is_another_letter(change):
    assert replace(LETTER, **change).letter_id != LETTER.letter_id


def test_a_letter_as_it_is_kept():
    action = _action(LETTER, {"first_seen": "2026-01-01"}, "2026-02-02")
    assert (action.index, action.doc_id, action.version) == ("dlq", LETTER.letter_id, None)
    assert action.doc.pop("code_version")
    assert action.doc == {
        "letter_id": LETTER.letter_id,
        "state": "open",
        "stage": "normalise",
        "error": "bad_record",
        "reason": "why",
        "source": "dataset",
        "field": "handle",
        "dataset_id": "d",
        "raw_key": "k",
        "replayed_as": None,
        "target": None,
        "line": 7,
        "records": 1,
        "excerpt": "x",
        "attempts": 1,
        "first_seen": "2026-01-01",
        "last_seen": "2026-02-02",
    }


def test_what_is_kept_of_a_poisonous_record_is_clean_and_short():
    doc = _action(replace(LETTER, reason="\ud800\x00" * 5000, excerpt="é" * 5000), {}, "b").doc
    assert len(doc["excerpt"]) == EXCERPT_CHARS
    assert len(doc["reason"]) == EXCERPT_CHARS
    assert set(doc["reason"]) == {"\ufffd", " "}


@pytest.mark.parametrize(
    ("known", "attempts"),
    [
        ({}, 1),
        ({"state": "open", "attempts": 2}, 2),
        ({"state": "replaying", "attempts": 2}, 3),
        ({"state": "replayed", "attempts": 1}, 2),
    ],
)
def test_a_failed_replay_counts_and_the_same_job_running_twice_does_not(known, attempts):
    doc = _action(LETTER, known, "now").doc
    assert (doc["attempts"], doc["state"]) == (attempts, "open")


def test_targets_that_were_never_fetched_are_letters_of_their_own():
    ada, grace = (DeadLetter("fetch", "gone", "why", target=f"profile:x:@{name}") for name in ("ada", "grace"))
    assert ada.letter_id != grace.letter_id
    assert replace(LETTER, target="profile:x:@ada").letter_id == LETTER.letter_id


def test_what_is_wanted_must_match_and_nothing_else_must():
    assert Wanted().query() == {"bool": {"filter": [{"terms": {"state": ["open", "replaying"]}}]}}
    wanted = Wanted(states=("replayed",), error="poison", since=datetime(2026, 1, 2, tzinfo=UTC), text="not a count")
    assert wanted.query()["bool"]["filter"] == [
        {"terms": {"state": ["replayed"]}},
        {"term": {"error": "poison"}},
        {"range": {"last_seen": {"gte": "2026-01-02T00:00:00+00:00"}}},
        {"match": {"reason": {"query": "not a count", "operator": "and"}}},
    ]
