"""What is read as a name, how nearly it is one, and what the arm for names asks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.niches import NICHES
from search.queries.named import SIZE, named_arm
from search.rank.named import (
    MAX_CHARS,
    MOST_ALIKE,
    NAME_FIELDS,
    SAME_HANDLE,
    SAME_NAME,
    SAME_NAME_ASCII,
    SAME_SKELETON,
    edits_allowed,
    name_match,
    reading,
    skeleton,
)

TEXTS = st.text(max_size=30)
HANDLES = st.text("abcdefgh._-019", min_size=1, max_size=20)
CALLED = st.fixed_dictionaries(
    {}, optional={"handles": st.lists(HANDLES, max_size=3), "name.exact": TEXTS, "names_ascii.exact": st.lists(TEXTS)}
)


def called(*handles: str, name: str = "", ascii_names: tuple[str, ...] = ()) -> dict:
    return {"handles": list(handles), "name.exact": name, "names_ascii.exact": list(ascii_names)}


def match(text: str, one: dict) -> float:
    return float(name_match(text, [one])[0])


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("rosa.cocina_99", "name"),
        ("Taylor Swift", "name"),
        ("田中太郎", "name"),
        ("🍕🔥", "name"),
        ("1337", "name"),
        ("@music", "name"),
        ("real python", "exact name"),
        ("vegan recipes", "exact name"),
        ("music", "topic"),
        ("Recipe", "topic"),
        ("chess", "topic"),
        ("Germany", "topic"),
        ("español", "topic"),
        ("TikTok", "topic"),
        ("", "topic"),
        ("@", "topic"),
        ("?!", "topic"),
        ("R O B E R T O F I R M I N O", "exact name"),
        ("x" * (MAX_CHARS + 1), "topic"),
    ],
)
def test_topics_are_told_from_names(text, meant):
    assert reading(text) == meant


def test_the_names_of_niches_are_topics():
    asked = [name for niche in NICHES for name in (niche.label, *niche.aliases)]
    assert {reading(name) for name in asked if not name.startswith("@")} == {"topic"}


@pytest.mark.parametrize(
    ("text", "one", "expected"),
    [
        ("rosa.cocina", called("rosa.cocina"), SAME_HANDLE),
        ("@Rosa.Cocina", called("other", "rosa.cocina"), SAME_HANDLE),
        (" rosa. cocina", called("rosa.cocina"), SAME_HANDLE),
        ("rosa cocina", called("rosa.cocina"), SAME_SKELETON),
        ("RosaCocina", called("rosa_cocina-"), SAME_SKELETON),
        ("Jürgen", called("jurgen"), SAME_SKELETON),
        ("Ольга", called("x1", name="ольга", ascii_names=("olga",)), SAME_NAME),
        ("Olga", called("x1", name="ольга", ascii_names=("olga",)), SAME_NAME_ASCII),
        ("@olga", called("x1", name="ольга", ascii_names=("olga",)), SAME_NAME_ASCII),
        ("rosa cocina", called("rosa.cocina_99"), MOST_ALIKE),
        ("kyriearving", called("kyrieirving"), MOST_ALIKE * (10 / 11) ** 0.5),
        ("kyriieirving", called("kyrieirving"), MOST_ALIKE * (11 / 12) ** 0.5),
        ("kyireirving", called("kyrieirving"), MOST_ALIKE * (10 / 11) ** 0.5),
        ("olga ivanowna", called("x1", ascii_names=("olga ivanovna",)), MOST_ALIKE * (11 / 12) ** 0.5),
        ("rosa", called("rosi"), MOST_ALIKE * (3 / 4) ** 0.5),
        ("abc", called("abd"), 0.0),
        ("kyrieirving", called("kevinirving"), 0.0),
        ("rosa cocina", {}, 0.0),
        ("music", called("music"), 0.0),
        ("@music", called("music"), SAME_HANDLE),
        ("vegan recipes", called("veganrecipes"), 0.0),
        ("vegan.recipes", called("vegan.recipes"), SAME_HANDLE),
        ("vegan recipes", called("veganrecipe"), 0.0),
        ("vegan recipes", called("x1", name="vegan recipes"), SAME_NAME),
    ],
)
def test_a_match_is_as_sure_as_it_is_exact(text, one, expected):
    assert match(text, one) == pytest.approx(expected)


def test_candidates_keep_their_order():
    found = name_match("rosa cocina", [called("x1"), called("rosa.cocina"), {}])
    assert found.tolist() == [0.0, SAME_SKELETON, 0.0]
    assert name_match("rosa cocina", []).shape == (0,)


@given(TEXTS, st.lists(CALLED, max_size=4))
def test_a_match_lies_between_0_and_1_whatever_is_compared(text, everybody):
    found = name_match(text, everybody)
    assert found.shape == (len(everybody),)
    assert np.all((found >= 0) & (found <= 1))


@given(HANDLES)
def test_every_handle_is_itself_however_it_is_written(handle):
    text = f"@{handle}"
    if reading(text) == "name":
        assert match(text.upper(), called(handle)) == SAME_HANDLE
        assert match(f"@ {skeleton(handle)}", called(handle)) >= SAME_SKELETON


@given(HANDLES, HANDLES)
def test_likeness_is_below_every_sure_match(one, other):
    if skeleton(one) != skeleton(other):
        assert match(f"@{one}", called(other)) <= MOST_ALIKE


@given(st.text("abcdefgh", min_size=4, max_size=20), st.data())
def test_one_edit_is_forgiven_from_four_letters_on(handle, data):
    at = data.draw(st.integers(0, len(handle) - 1))
    other = data.draw(st.sampled_from("qwxyz"))
    assert match(f"@{handle[:at]}{other}{handle[at + 1 :]}", called(handle)) > 0


@given(TEXTS)
def test_a_skeleton_is_that_of_itself(text):
    assert skeleton(skeleton(text)) == skeleton(text)
    assert not set(skeleton(text)) & set(" ._-")


def test_longer_texts_may_have_more_errors():
    assert [edits_allowed(length) for length in (0, 3, 4, 7, 8, 40)] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("text", ["", "music", "?!", "x" * (MAX_CHARS + 1)])
def test_what_is_no_name_is_not_asked_for(text):
    assert named_arm(text, None, size=SIZE, timeout_ms=100) is None


def ways_of(body: dict) -> list[dict]:
    return body["query"]["bool"]["must"][0]["dis_max"]["queries"]


def test_the_arm_asks_for_what_the_match_reads():
    body = named_arm("@rosa.cocina", {"term": {"verified": True}}, size=7, timeout_ms=80)
    assert body is not None
    assert body["size"] == 7
    assert body["timeout"] == "80ms"
    assert body["query"]["bool"]["filter"] == [{"term": {"verified": True}}]
    assert {field["field"] for field in body["docvalue_fields"]} >= {*NAME_FIELDS, "creator_id", "followers"}


def test_surer_ways_score_higher_and_all_are_constant():
    body = named_arm("Ольга Вяжет", None, size=SIZE, timeout_ms=100)
    assert body is not None
    ways = ways_of(body)
    assert all(set(way) == {"constant_score"} for way in ways)
    scores = {}
    for way in ways:
        kind, wanted = next(iter(way["constant_score"]["filter"].items()))
        scores.setdefault((kind, next(iter(wanted))), []).append(way["constant_score"]["boost"])
    order = [("term", "handles"), ("term", "handle_skeletons"), ("term", "name.exact"), ("term", "names_ascii.exact")]
    order += [
        ("fuzzy", "handle_skeletons"),
        ("prefix", "handle_skeletons"),
        ("match", "handle_words"),
        ("match", "names"),
        ("match", "names_ascii"),
    ]
    boosts = [max(scores[way]) for way in order]
    assert boosts == sorted(boosts, reverse=True)
    assert set(scores) == set(order)


@pytest.mark.parametrize("text", ["vegan recipes", "vegan.recipes", "somebody who mends old watches in a small town"])
def test_words_of_the_vocabulary_and_long_texts_are_asked_for_exactly(text):
    body = named_arm(text, None, size=SIZE, timeout_ms=100)
    assert body is not None
    assert {next(iter(way["constant_score"]["filter"])) for way in ways_of(body)} == {"term"}
