"""The lexical arm: which words are looked for, where, and that nothing is required."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.fields import NAME_BOOST
from search.queries.lexical import FUNCTION_WORDS, MAX_WORDS, content_words, lexical_arm, lexical_query

FILTER = {"term": {"has": "email"}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("vegan baker", "vegan baker"),
        ("what is known about the flow past a flat plate .", "known flow past flat plate"),
        ("Who's the woman that bakes?", "woman bakes?"),
        ("who’s into chess", "chess"),  # noqa: RUF001 - the apostrophe of telephones
        ("women in tech", "women tech"),
        ("“how to” cook", "cook"),
        ("IT consultant in the US", "IT consultant US"),
        ("Will Smith", "Will Smith"),
        ("kochen für die familie", "kochen für die familie"),
        ("🎮 and 🎧", "🎮 🎧"),
        ("料理", "料理"),
    ],
)
def test_function_words_are_dropped(text, words):
    assert content_words(text) == words.split()


@pytest.mark.parametrize("text", ["the who", "The Who", "who am i?", "IT", "us", "?", "¿?"])
def test_a_question_of_nothing_but_function_words_keeps_them(text):
    assert content_words(text) == text.split()


def test_a_question_in_capitals_is_read_like_any_other():
    assert content_words("WHAT IS THE BEST GUITAR CHANNEL") == ["BEST", "GUITAR", "CHANNEL"]


def test_function_words_are_lower_case_and_few():
    assert all(word == word.lower() and word.isalpha() for word in FUNCTION_WORDS)
    assert len(FUNCTION_WORDS) < 100


@given(st.text(alphabet=st.sampled_from("the who IT of a vegan 🎮 . ' ’ É"), max_size=60))  # noqa: RUF001 - as typed
def test_words_stay_in_order_and_some_stay(text):
    words, left = text.split(), content_words(text)
    assert bool(left) == bool(words)
    remaining = iter(words)
    assert all(word in remaining for word in left)


def test_no_word_is_required_and_names_add_to_the_text():
    words = "laws obeyed models aircraft"
    names = {"query": words, "type": "best_fields", "fields": ["name", "names_ascii", "handle_words"]}
    assert lexical_query("what laws are obeyed by models of aircraft") == {
        "bool": {"should": [{"match": {"search_text": words}}, {"multi_match": names | {"boost": 0.3}}]}
    }


def test_no_name_outweighs_the_text():
    assert 0 < NAME_BOOST < 1


def test_a_long_question_is_bounded_after_function_words_are_gone():
    text = " ".join(f"the word{number}" for number in range(100))
    text_clause = lexical_query(text)["bool"]["should"][0]
    assert text_clause["match"]["search_text"].split() == [f"word{number}" for number in range(MAX_WORDS)]


def test_the_arm_returns_ids_only_and_filters_without_scoring():
    body = lexical_arm("vegan", FILTER, size=7, timeout_ms=20)
    assert body["query"] == {"bool": {"must": [lexical_query("vegan")], "filter": [FILTER]}}
    assert (body["size"], body["_source"], body["track_total_hits"], body["timeout"]) == (7, False, False, "20ms")
    assert "filter" not in lexical_arm("vegan", None, size=7, timeout_ms=20)["query"]["bool"]
