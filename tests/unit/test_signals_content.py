"""Pronouns, kind of account, contact, language: what a creator says of itself."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.models import Platform
from enrich.signals.account_type import AccountTypeSignal, Hint, probabilities
from enrich.signals.contact import ContactSignal
from enrich.signals.language import LanguageSignal, detect_language
from enrich.signals.pronouns import PronounsSignal, stated_pronouns
from mappings.account_types import KINDS
from mappings.languages import LANGUAGES
from mappings.versions import data_version
from tests.fixtures.said import account, one, post

DATA = Path(__file__).parent.parent / "data"
RECALL = json.loads((DATA / "bios_recall.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("Ada (she/her)", ["she/her"]),
        ("they / them · designer", ["they/them"]),
        ("she/they", ["she/her", "they/them"]),
        ("he/him/his", ["he/him"]),
        ("Ella/la", ["she/her"]),
        ("él/lo", ["he/him"]),
        ("elle/la", ["she/her"]),
        ("iel | ellui", ["they/them"]),
        ("sie/ihr", ["she/her"]),
        ("er/ihm", ["he/him"]),
        ("ela/dela", ["she/her"]),
        ("lei/la", ["she/her"]),
        ("hon/henne", ["she/her"]),
        ("она/её", ["she/her"]),
        ("він/його", ["he/him"]),
        ("pronouns: they", ["they/them"]),
        ("any pronouns", ["any"]),
        ("it/its", ["it/its"]),
    ],
)
def test_pronouns_are_read_as_stated(text, forms):
    assert list(one(PronounsSignal(), account(text)).pronouns) == forms
    assert list(one(PronounsSignal(), account(name=text)).pronouns) == forms


@pytest.mark.parametrize(
    "text",
    [
        "Maria, mother and actress",
        "he/she who dares wins",
        "for his/her pleasure",
        "el/la mejor cocina",
        "and/or I/O, on/off, him/herself",
        "https://example.com/she/her",
        "She is my sister and he is my brother",
        "my wife and I",
        "pronouns matter",
    ],
)
def test_nothing_else_is_read_as_gender(text):
    assert one(PronounsSignal(), account(text, name="Maria Schmidt")) is None


@given(st.text("she/ryt him|·•pronus:", max_size=60))
def test_pronouns_of_any_text_are_known_forms(text):
    for forms, written in stated_pronouns(text):
        assert forms
        assert written


def test_a_composed_bio_says_nothing_of_the_creator():
    assert one(PronounsSignal(), account("she/her", bio_composed=True)) is None
    assert one(AccountTypeSignal(), account("I am a mother, my life", bio_composed=True)) is None
    assert one(ContactSignal(), account("On YouTube", bio_composed=True)) is None


KINDS_BY_HAND = [json.loads(line) for line in (DATA / "account_types.jsonl").read_text(encoding="utf-8").splitlines()]


def test_kinds_of_accounts():
    said = [(row["kind"], one(AccountTypeSignal(), account(row["bio"], name=row["name"]))) for row in KINDS_BY_HAND]
    answered = [(wanted, value) for wanted, value in said if value is not None]
    right = Counter(wanted for wanted, value in answered if value.kind == wanted)
    assert sum(right.values()) / len(answered) >= 0.95
    assert all(right[kind] >= 10 for kind in KINDS)
    assert all(value.reasons and value.confidence == value.probabilities[value.kind] for _, value in answered)


def test_an_account_that_tells_nothing_has_no_kind():
    assert one(AccountTypeSignal(), account("🎨", name="xx_91")) is None


def test_a_category_of_the_source_counts_but_a_topic_of_videos_does_not():
    assert one(AccountTypeSignal(), account(categories=("Product/Service",))).kind == "brand"
    assert one(AccountTypeSignal(), account(platform=Platform.YOUTUBE, categories=("News & Politics",))) is None


HINT = st.builds(Hint, st.sampled_from(KINDS), st.floats(0, 5), st.just("r"))


@given(st.lists(HINT, max_size=8), st.sampled_from(KINDS), st.floats(0.1, 3))
def test_probabilities_sum_to_one_and_a_hint_never_hurts_its_kind(hints, kind, weight):
    before, after = probabilities(hints), probabilities([*hints, Hint(kind, weight, "more")])
    assert abs(sum(before.values()) - 1) < 1e-3
    assert all(0 <= share <= 1 for share in before.values())
    assert after[kind] >= before[kind]


def test_ways_of_contact():
    value = one(
        ContactSignal(),
        account("x", has_email=True),
        account(None, "2", Platform.X, has_phone=True, website="https://a.example"),
    )
    assert (value.email, value.phone, value.website, value.platforms) == (True, True, True, ("instagram", "x"))
    assert one(ContactSignal(), account("just words")).email is False
    # Nothing was read that could have shown one.
    assert one(ContactSignal(), account()) is None


def test_language_comes_from_bios_then_posts_then_the_source():
    bio, caption = "Ich male jeden Tag Bilder am Meer", "Esta es mi receta favorita de toda la vida"
    value = one(LanguageSignal(), account(bio), posts=[post(caption)])
    assert (value.language, value.read_from) == ("de", "bio")
    assert {use.language: use.share for use in value.used} == {"de": 0.5, "es": 0.5}
    value = one(LanguageSignal(), account("🎨"), posts=[post("Esta es mi receta"), post(caption, 2)])
    assert (value.language, value.read_from) == ("es", "posts")
    value = one(LanguageSignal(), account("🎨", language="pt"))
    assert (value.language, value.read_from, value.confidence) == ("pt", "declared", None)
    assert one(LanguageSignal(), account("🎨")) is None


def test_what_was_masked_has_no_language():
    assert detect_language("[phone IN] [email] [phone]") == (None, None)


def test_at_least_25_languages_are_recognised_and_each_well():
    assert len(LANGUAGES) >= 25
    assert set(RECALL) == set(LANGUAGES)
    right = {code: sum(detect_language(text)[0] == code for text in texts) for code, texts in RECALL.items()}
    wrong = [
        (code, text) for code, texts in RECALL.items() for text in texts if detect_language(text)[0] not in {code, None}
    ]
    assert sum(right.values()) / sum(map(len, RECALL.values())) >= 0.9
    assert all(count >= 3 for count in right.values())
    assert len(wrong) <= 3


def test_versions_follow_the_data_files():
    assert PronounsSignal.version.startswith("1.")
    assert AccountTypeSignal.version.startswith("2.")
    assert data_version("pronouns.toml") in PronounsSignal.version
    assert data_version("pronouns.toml") != data_version("account_types.toml", "pronouns.toml")
