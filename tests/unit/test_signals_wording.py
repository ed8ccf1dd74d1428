"""Phrases of many scripts in one pass."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from mappings.wording import Phrases

KNOWN = Phrases(["new york", "york", "paid partnership", "werbung", "광고", "東京", "don't", "18+", "#ad"])


def found(text):
    return [wording.phrase for wording in KNOWN.find(text)]


def test_whole_words_the_longest_at_each_place():
    assert found("New  York, York and Yorkshire") == ["new york", "york"]
    assert found("PAID-PARTNERSHIP") == ["paid partnership"]
    assert found("Bewerbung") == []
    assert found("18 years, 18+ only") == ["18+"]
    assert found("#ad is no #adorable") == ["#ad"]
    assert found("don\u2019t") == ["don't"]


def test_scripts_without_blanks_are_searched_everywhere():
    assert found("유료광고포함") == ["광고"]
    assert found("私は東京に住んで、東京で働く") == ["東京", "東京"]


def test_words_keep_their_vowel_signs():
    known = Phrases(["हिन्दी", "तमिल", "বাংলা ভাষা"])
    assert [wording.phrase for wording in known.find("मैं हिन्दी और বাংলা ভাষা")] == ["हिन्दी", "বাংলা ভাষা"]
    # Without its signs a word would be found in others that share its consonants.
    assert list(Phrases(["हद"]).find("हिदी")) == []
    assert list(Phrases(["कल"]).find("कलम काल कली")) == []


@given(st.text(max_size=80))
def test_every_phrase_stands_where_it_is_said_to_stand(text):
    small = text.casefold()
    for wording in KNOWN.find(text):
        assert 0 <= wording.start < wording.end <= len(small)
        assert small[wording.start] == wording.phrase[0] or wording.phrase[0] == "d"


@given(
    st.sampled_from(["new york", "werbung", "광고"]),
    st.text("xyz .", max_size=10),
    st.text(" .,", min_size=1, max_size=3),
)
def test_a_phrase_is_found_between_any_words(phrase, before, gap):
    assert phrase in found(f"{before}{gap}{phrase}{gap}tail")


def test_of_two_spellings_that_read_the_same_one_is_always_found():
    # A table that was a set comes in another order in every process.
    spellings = ["new-york", "new york", "new.york"]
    found = {next(Phrases(order).find("New York")).phrase for order in permutations(spellings)}
    assert len(found) == 1
