"""Brand risk: found by words and meaning, shown with evidence, never from who somebody is."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.signals.brand_risk import by_words, combined, halves, prepare, score
from creators.settings import load_settings
from enrich.encoders.opened import open_encoder
from enrich.signals.brand_risk import BrandRiskSignal
from enrich.signals.brand_risk_meaning import RiskMeaning, found
from enrich.signals.brand_risk_words import word_findings
from enrich.signals.judge import Risk
from mappings.brand_risk import LEVELS, risk_vocabulary
from tests.fixtures.said import account, facts, one, post

RESULT = Path(__file__).parents[2] / "benchmarks" / "signals" / "results" / "brand_risk.json"


@pytest.fixture(scope="module")
def encode():
    return open_encoder(load_settings()).encode


@pytest.fixture(scope="module")
def signal(encode):
    return BrandRiskSignal(encode)


def levels(text):
    return {category: finding.level for category, finding in word_findings(text).items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Online casino bonus, spin the slots", {"gambling": "high"}),
        ("#weed all day", {"drugs": "high"}),
        ("two years sober, without weed", {"drugs": "low"}),
        ("Police report: cocaine found in a truck", {"drugs": "low"}),
        ("craft beer tasting", {"drugs": "medium"}),
        ("Was für eine Scheiße", {"profanity": "medium"}),
        ("Слоты и онлайн казино", {"gambling": "high"}),
        ("White power forever", {"hate": "floor"}),
        ("root beer float and a cocktail dress", {}),
        ("shot on film, killing it, slay queen", {}),
        ("Es war ein schöner Tag, bir gün", {}),
        ("18 years old", {}),
        ("18+ only", {"adult": "high"}),
    ],
)
def test_words_with_denial_and_context(text, expected):
    assert levels(text) == expected


def test_a_denial_belongs_to_its_own_sentence():
    assert levels("No sugar. Craft beer every day") == {"drugs": "medium"}


@given(
    st.sampled_from(sorted({word for one in risk_vocabulary().categories for word in one.words})),
    st.text("abc ", max_size=20),
)
def test_every_word_of_the_lists_is_found_at_its_level(word, around):
    owners = {one.id: one.words[word] for one in risk_vocabulary().categories if word in one.words}
    said = word_findings(f"{around}. {word} .")
    assert owners.keys() <= said.keys()
    assert all(LEVELS.index(said[category].plain) >= LEVELS.index(level) for category, level in owners.items())


def test_findings_show_where_they_were_found(signal):
    posts = [post("Online casino bonus, use my link", 2), post("my breakfast", 1), post("poker night highlights", 3)]
    value = one(signal, account("Sourdough and tea"), posts=posts)
    (finding,) = value.findings
    assert (value.level, finding.category, finding.level) == ("high", "gambling", "high")
    assert finding.evidence == ("instagram:2", "instagram:3")
    assert (value.sample_size, value.window_days) == (4, 2)
    assert one(signal, account("Smoking the biggest blunt, weed vlog")).findings[0].evidence == ("bio:instagram:1",)


def test_nothing_to_read_is_unknown_and_nothing_found_is_none(signal):
    assert one(signal, account()) is None
    assert one(signal, account("x", bio_composed=True)) is None
    assert one(signal, account("I knit socks for my cats")).level == "none"


@pytest.mark.parametrize(
    "bio",
    [
        "A proud Muslim and mother",
        "Proud Jewish chef",
        "Black, gay and happy",
        "Trans woman, gamer",
        "Immigrant from Syria, baker",
        "Catholic priest who loves football",
        "Veteran, father of three",
        "Mexican american nurse",
    ],
)
def test_who_somebody_is_is_no_risk(signal, bio):
    assert one(signal, account(bio)).level == "none"


def test_categories_that_need_words_are_never_found_by_meaning_alone():
    shares = [1.0] * len(risk_vocabulary().categories)
    alone = {finding.category for finding in found(shares, {}, ["high"] * len(shares))}
    assert not alone & {"hate", "terrorism", "crime", "sensitive", "profanity"}
    assert "gambling" in alone


class Opinionated:
    version = "llm.test"

    def __init__(self, *risks):
        self.given = risks

    def risks(self, texts):
        return [self.given or None for _ in texts]


def test_an_opinion_adds_to_what_is_found_and_takes_nothing_away(encode, signal):
    risk = Risk(category="scam", level="high", probability=0.9)
    bio = "Spin the slots at this online casino"
    value = one(BrandRiskSignal(encode, Opinionated(risk)), account(bio))
    assert {(one.category, one.found_by) for one in value.findings} == {("gambling", ("words",)), ("scam", ("llm",))}
    assert one(BrandRiskSignal(encode, Opinionated()), account(bio)) == one(signal, account(bio))
    assert BrandRiskSignal(encode, Opinionated()).version != signal.version


def test_a_batch_gives_what_each_alone_gives(signal):
    given_facts = [facts(account(bio)) for bio in ("craft beer", "tea", "poker tips", "online casino bonus")]
    assert signal.compute(given_facts) == [signal.compute([one])[0] for one in given_facts]


def test_the_held_out_half_is_as_the_committed_result_says(encode):
    held_out = prepare(halves()[1], RiskMeaning(encode), encode)
    told = score(held_out.texts, combined(held_out))
    committed = json.loads(RESULT.read_text(encoding="utf-8"))["held_out"]["words_and_meaning"]
    # Another processor's arithmetic may move a text across the threshold, no more.
    for part in ("categories", "any_risk"):
        assert told[part]["precision"] == pytest.approx(committed[part]["precision"], abs=0.02)
        assert told[part]["recall"] == pytest.approx(committed[part]["recall"], abs=0.02)
    assert told["any_risk"]["precision"] >= 0.9
    assert told["any_risk"]["recall"] > score(held_out.texts, by_words(held_out))["any_risk"]["recall"]
    assert told["level_at_least"]["high"]["recall"] >= 0.75


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=200))
def test_words_of_any_text_are_of_known_categories(text):
    assert set(word_findings(text)) <= {one.id for one in risk_vocabulary().categories}
