"""Numbers in every way that people write them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.parse.lexicon import lexicon
from search.parse.numbers import read_amount
from search.parse.parser import parse
from search.parse.reader import PhraseTable, Reader
from search.parse.tokens import tokenise

UNITS = {"k": 1e3, "m": 1e6, "b": 1e9, " thousand": 1e3, " million": 1e6, "mio": 1e6, " crore": 1e7, " lakh": 1e5}


def amount(text):
    return read_amount(Reader(text), 0, lexicon().numbers)


@given(st.integers(1, 999), st.sampled_from(sorted(UNITS)))
def test_a_unit_multiplies(number, unit):
    found = amount(f"{number}{unit}")
    assert (found.least, found.most, found.large) == (number * UNITS[unit], None, True)


@given(st.integers(1000, 10**12), st.sampled_from([",", ".", " "]))
def test_separated_thousands_are_one_number(number, separator):
    written = f"{number:,}".replace(",", separator)
    assert amount(f"{written} followers").least == number


@given(st.integers(0, 99), st.integers(0, 99), st.sampled_from([".", ","]))
def test_decimals_have_a_point_or_a_comma(whole, hundredths, mark):
    assert math.isclose(amount(f"{whole}{mark}{hundredths:02}m").least, (whole + hundredths / 100) * 1e6)


@given(st.integers(1, 500), st.integers(1, 500), st.sampled_from(["-", " - ", "–", " to ", "~"]))  # noqa: RUF001  # as people type
def test_the_unit_of_the_right_end_is_that_of_both(first, second, joint):
    found = amount(f"{first}{joint}{second}k")
    low = first * 1000 if first < second else first
    assert (found.least, found.most) == (min(low, second * 1000), max(low, second * 1000))


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_between_is_a_range_in_either_order(first, second):
    found = amount(f"between {first} and {second}")
    assert (found.least, found.most) == (min(first, second), max(first, second))


@pytest.mark.parametrize("words", ["at least", "over", "more than", "≥", ">", "min", "not less than", "más de"])
def test_from_below(words):
    assert (amount(f"{words} 10k").least, amount(f"{words} 10k").most) == (10_000, None)


@pytest.mark.parametrize(
    "words", ["at most", "under", "less than", "≤", "<", "max", "no more than", "up to", "menos de"]
)
def test_from_above(words):
    assert (amount(f"{words} 10k").least, amount(f"{words} 10k").most) == (None, 10_000)


@pytest.mark.parametrize("words", ["around", "about", "~", "approx", "roughly"])
def test_around_is_a_quarter_either_way(words):
    assert (amount(f"{words} 20k").least, amount(f"{words} 20k").most) == (15_000, 25_000)


def test_mil_is_a_thousand_in_spanish_and_a_million_in_english():
    assert parse("10 mil seguidores").filters.followers.min == 10_000
    assert parse("10 mil followers").filters.followers.min == 10_000_000


@pytest.mark.parametrize("text", ["mrbeast6000", "6ix9ine", "ps5", "1080p", "90s", "10x", "v2.0", "1" * 19])
def test_a_number_inside_a_word_is_none(text):
    assert [token.kind for token in tokenise(text)] == ["word"]
    assert parse(text).clauses == ()


@pytest.mark.parametrize(
    "text", ["24/7", "9-5", "top 10", "5 min", "100 days", "4k footage", "over 40", "10k steps", "2019"]
)
def test_a_number_of_something_else_is_no_filter(text):
    parsed = parse(text)
    assert not any(clause.applied for clause in parsed.clauses)
    assert parsed.text == text


@given(st.integers(0, 400), st.sampled_from(["%", " %", " percent"]))
def test_percent_becomes_a_fraction(tenths, sign):
    found = parse(f"engagement over {tenths / 10}{sign}").filters.engagement_rate
    assert math.isclose(found.min, tenths / 1000)


def test_a_rate_without_a_sign_is_percent_unless_it_is_a_fraction():
    assert parse("er > 3").filters.engagement_rate.min == 0.03
    assert parse("er > 0.03").filters.engagement_rate.min == 0.03


def test_a_large_number_is_cut_to_what_the_index_compares_with():
    assert parse("over 999999999999999 billion followers").filters.followers.min == 10**15


def test_the_longest_phrase_is_found_and_the_first_meaning_kept():
    table = PhraseTable([("tik", 1), ("tik tok", 2), ("tik-tok", 3)])
    assert table.find(("tik", "tok"), 0).value == 2
    assert table.find(("tik", "tak"), 0).end == 1
    assert table.find(("tok",), 0) is None
