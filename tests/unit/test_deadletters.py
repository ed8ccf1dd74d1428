"""Dead letters: what was wrong, where it lies, and the same failure is the same letter."""

from dataclasses import replace

import pytest

from creators.errors import BadMapping, BadRecord
from creators.stores.deadletters import EXCERPT_CHARS, DeadLetter, _action, letter_of

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
    action = _action(LETTER, "2026-01-01", "2026-02-02")
    assert (action.index, action.doc_id, action.version) == ("dlq", LETTER.letter_id, None)
    assert action.doc.pop("code_version")
    assert action.doc == {
        "stage": "normalise",
        "error": "bad_record",
        "reason": "why",
        "source": "dataset",
        "field": "handle",
        "dataset_id": "d",
        "raw_key": "k",
        "line": 7,
        "excerpt": "x",
        "first_seen": "2026-01-01",
        "last_seen": "2026-02-02",
    }


def test_what_is_kept_of_a_poisonous_record_is_clean_and_short():
    doc = _action(replace(LETTER, reason="\ud800\x00" * 5000, excerpt="é" * 5000), "a", "b").doc
    assert len(doc["excerpt"]) == EXCERPT_CHARS
    assert len(doc["reason"]) == EXCERPT_CHARS
    assert set(doc["reason"]) == {"\ufffd", " "}
