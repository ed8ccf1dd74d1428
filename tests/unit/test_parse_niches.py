"""Niches by meaning: only for words that no table knows, and only a suggestion where it is unsure."""

import pytest

from creators.settings import load_settings
from enrich.encoders.text import default_encoder
from search.parse.niches import LEAST, SURE, NicheGuesser
from search.parse.parser import parse
from search.topics import Topics


@pytest.fixture(scope="module")
def guesser():
    return NicheGuesser(default_encoder(load_settings().cache_dir, None, "cpu", 2))


@pytest.mark.parametrize(
    ("phrase", "niche"),
    [("vinyl records", "music"), ("phishing attacks", "cybersecurity"), ("trout lakes", "outdoors"), ("soup", "food")],
)
def test_a_phrase_is_near_its_niche(guesser, phrase, niche):
    found, confidence, is_sure = guesser.guess(phrase)
    assert found == niche
    assert LEAST <= confidence < 0.9
    assert is_sure == (confidence >= SURE)


@pytest.mark.parametrize("phrase", ["mrbeast6000", "24 hour challenge", "asdf qwer", "hello", "jordan peterson"])
def test_a_phrase_without_a_subject_has_none(guesser, phrase):
    assert guesser.guess(phrase) is None


def test_a_sure_guess_filters_and_names_its_words(guesser):
    parsed = parse("vinyl records in switzerland", guess=guesser)
    assert parsed.filters.niches == ("music",)
    assert [(clause.field, clause.words) for clause in parsed.clauses] == [
        ("niches", "vinyl records"),
        ("countries", "in switzerland"),
    ]
    assert parsed.text == "vinyl records"


def test_an_unsure_guess_is_only_a_suggestion(guesser):
    parsed = parse("sustainable swimwear on tiktok", guess=guesser)
    (suggested,) = [clause for clause in parsed.clauses if clause.field == "niches"]
    assert (suggested.value, suggested.applied) == (["fashion"], False)
    assert parsed.filters.niches == ()


class Recorder:
    def __init__(self):
        self.asked = []

    def guess(self, phrase):
        self.asked.append(phrase)


def test_only_the_longest_run_of_words_left_is_asked_about():
    recorder = Recorder()
    parse("handmade urban sketching of old cafes, on tiktok, hello", guess=recorder)
    parse("vegan bakers", guess=recorder)
    parse("10k followers in spain", guess=recorder)
    assert recorder.asked == []
    parse("urban sketching of old cafes, on tiktok, hello", guess=recorder)
    assert recorder.asked == ["urban sketching old cafes"]


def test_what_a_question_is_about(guesser):
    topics = Topics(guesser._encoder)
    vector = tuple(guesser._encoder.encode_one("sourdough bread recipes").tolist())
    assert not topics.is_left_out(vector, ["politics"]), "nothing is known before the niches were encoded"
    topics.guesser()
    assert topics.guesser().nearest(vector, 1) == ["food"]
    assert topics.is_left_out(vector, ["politics", "motorsport"])
    assert not topics.is_left_out(vector, ["politics", "food"])
    assert not topics.is_left_out(vector, [])
    assert not topics.is_left_out(None, ["politics"])
