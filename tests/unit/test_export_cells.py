"""A creator as a row: paths, lists, unknown values, and nothing that a spreadsheet runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.exports.cells import flat, guarded, joined, split, text_row, typed_columns, unguarded
from search.exports.columns import COLUMNS, GROUPS, LISTS, Column, Kind, columns_of
from search.shown import HIDDEN, check_fields, source_filter
from tests.fixtures.crowd import people

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH COMMERCIAL AT}")
HOSTILE = st.builds("".join, st.tuples(st.sampled_from(["", "'", "''"]), st.sampled_from(SIGNS), TEXTS))
BY_NAME = {column.name: column for column in COLUMNS}


def cell(value, kind=Kind.TEXT):
    return text_row({"name": value}, [Column("name", kind)])[0]


@given(TEXTS | HOSTILE)
def test_a_guarded_text_comes_back(text):
    assert unguarded(guarded(text)) == text


@given(HOSTILE)
def test_nothing_that_starts_a_formula_is_left(text):
    assert guarded(text).startswith("'")


@given(st.text(st.characters(categories=["L", "N"])), st.text(st.sampled_from("'| ")), TEXTS)
def test_other_texts_stay_as_they_are(word, between, rest):
    text = f"{between}a{word}{rest}"
    assert guarded(text) == text


def test_only_texts_are_guarded():
    assert cell(-0.25, Kind.FRACTION) == "-0.25"
    assert cell(-3, Kind.WHOLE) == "-3"
    assert cell("-3") == "'-3"
    assert cell("'t Hooft") == "'t Hooft"
    assert cell(["@a", "b"], Kind.LIST) == "'@a|b"


@given(st.lists(TEXTS, min_size=1))
def test_a_joined_list_comes_back(values):
    assert split(joined(values)) == values


@given(st.lists(TEXTS.filter(bool), min_size=1))
def test_a_list_comes_back_through_its_cell(values):
    assert split(unguarded(cell(values, Kind.LIST))) == values


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, Kind.TEXT, ""),
        (True, Kind.FLAG, "true"),
        (False, Kind.FLAG, "false"),
        (0, Kind.WHOLE, "0"),
        (0.031, Kind.FRACTION, "0.031"),
        ("2015-01-02", Kind.DAY, "2015-01-02"),
        ("2026-10-01T12:00:00+00:00", Kind.INSTANT, "2026-10-01T12:00:00+00:00"),
        (["a|b", "c\\"], Kind.LIST, "a\\|b|c\\\\"),
        (["was", "one text"], Kind.TEXT, "was|one text"),
        ([{"b": "さ", "a": 1}], Kind.JSON, '[{"a":1,"b":"さ"}]'),
    ],
)
def test_cells_of_a_table_of_texts(value, kind, text):
    assert cell(value, kind) == text


def test_a_value_that_became_one_text_is_a_list_of_one():
    assert typed_columns([{"names": "Rosa"}, {}], [Column("names", Kind.LIST)]) == [[["Rosa"], None]]


def test_paths_lead_to_the_values():
    creator = {"accounts": {"x": {"followers": 0, "name": None}}, "niche_scores": {"food": 0.5}}
    assert dict(flat(creator)) == {"accounts.x.followers": 0, "niche_scores": {"food": 0.5}}


def test_every_value_of_a_creator_has_a_column_of_its_kind():
    docs = list(people(300))
    for doc in docs:
        shown = {name: value for name, value in doc.items() if name not in HIDDEN}
        for path, value in flat(shown):
            kind = BY_NAME[path].kind
            assert isinstance(value, list) == (
                kind is Kind.LIST or (kind is Kind.JSON and path not in {"niche_scores", "signals"})
            ), path
    filled = {path for doc in docs for path, _ in flat(doc)}
    assert filled >= LISTS - {"topics"}


def test_columns_are_what_is_shown_and_nothing_else():
    assert COLUMNS[0].name == "creator_id"
    assert not {column.name for column in COLUMNS} & {*HIDDEN, "search_text", "suggest_name", "handle_words"}
    assert {"accounts", "accounts.youtube"} <= GROUPS


def test_fields_choose_columns_in_their_order():
    fields = check_fields(("followers", "accounts.x.handle", "name", "followers"))
    assert fields == ("followers", "accounts.x.handle", "name")
    assert [column.name for column in columns_of(fields)] == ["creator_id", *fields]
    assert {column.name.rpartition(".")[0] for column in columns_of(("accounts.x",))[1:]} == {"accounts.x"}
    assert columns_of(()) == COLUMNS


@pytest.mark.parametrize("field", ["embedding", "text_hash", "accounts.myspace", "", "accounts.", "folowers"])
def test_what_is_no_field_is_refused_with_the_nearest(field):
    with pytest.raises(ValueError, match="is not a field of a creator; did you mean '"):
        check_fields((field,))


def test_the_vector_is_never_read():
    assert "embedding" in source_filter(())["excludes"]
    assert source_filter(("name",)) == {"includes": ["creator_id", "name"]}
