"""Niches: the source's own words first, meaning second, and never a guess without a confidence."""

import csv
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.models import Account, Platform
from creators.settings import load_settings
from enrich.encoders.text import default_encoder
from enrich.signals.facts import CreatorFacts
from enrich.signals.niche import MAX_NICHES, NicheClassifier, NicheInput, NicheSignal, has_words
from enrich.signals.niche_head import CATEGORY_NICHES, HEAD_NICHES, TABLE_BITS, NicheHead, head_text, ngrams
from mappings.niches import niche_for_category, niche_ids, niches_mentioned

BIOS = {
    "Pastry chef. New cake and bread recipes every Sunday": "food",
    "Recetas fáciles y cocina casera de mi abuela": "food",
    "Recettes de cuisine végétarienne, dessert et voyages gourmands": "food",
    "I explain machine learning papers and train neural networks": "data_ai",
    "Personal trainer, home workouts and gym plans": "fitness",
    "Let's plays of Minecraft and other video games, live every night": "gaming",
    "Maquillaje y cosmetics, beauty tips and skincare for everyone": "beauty",
    "Slow travel blog: trains, hotels and hidden beaches in Asia": "travel",
    "Guitarist and singer, new album and concert dates": "music",
    "Adopted dogs and one very grumpy cat": "pets_animals",
    "Bitcoin, ethereum and blockchain explained without hype": "crypto",
    "State senator for the eastern district": "politics",
}


@pytest.fixture(scope="module")
def encoder():
    settings = load_settings()
    return default_encoder(settings.cache_dir, None, "cpu", 2)


@pytest.fixture(scope="module")
def classifier(encoder):
    return NicheClassifier(encoder.encode)


def names(scores):
    return [score.niche for score in scores]


@pytest.mark.parametrize(
    ("category", "niche"),
    [("Howto & Style", "diy_crafts"), ("Video games", "gaming"), ("Sports with a ball", "sports")],
)
def test_known_category_leads_with_its_confidence(classifier, category, niche):
    ((score, *_),) = classifier.classify([NicheInput(categories=(category,))])
    assert (score.niche, score.confidence) == (niche, 0.95)


def test_topics_follow_categories(classifier):
    (scores,) = classifier.classify([NicheInput(categories=("Education",), topics=("React.js", "Python", "AWS"))])
    assert [(s.niche, s.confidence) for s in scores] == [
        ("education", 0.95),
        ("web_development", 0.9),
        ("programming", 0.9),
        ("devops_cloud", 0.9),
    ]


def test_at_most_four_the_most_certain_first(classifier):
    topics = ("React.js", "Python", "AWS", "Hacking", "Arduino", "Godot")
    (scores,) = classifier.classify([NicheInput(categories=("Music",), topics=topics)])
    assert len(scores) == MAX_NICHES
    assert scores[0].niche == "music"
    assert [s.confidence for s in scores] == sorted((s.confidence for s in scores), reverse=True)


def test_unknown_category_is_understood_with_less_confidence(classifier):
    (scores,) = classifier.classify([NicheInput(categories=("Cooking recipes and baking ideas",))])
    assert scores[0].niche == "food"
    assert 0.5 <= scores[0].confidence < 0.9


@pytest.mark.parametrize("category", ["Digital creator", "zxqv wvut", "", "N/A"])
def test_category_without_meaning_gives_nothing(classifier, category):
    assert classifier.classify([NicheInput(categories=(category,))]) == [()]


def test_bios_are_understood(classifier):
    found = classifier.classify([NicheInput(bio=bio) for bio in BIOS])
    right = [niche in names(scores) for niche, scores in zip(BIOS.values(), found, strict=True)]
    assert sum(right) >= len(BIOS) - 1, [bio for bio, ok in zip(BIOS, right, strict=True) if not ok]
    leading = [names(scores)[:1] == [niche] for niche, scores in zip(BIOS.values(), found, strict=True)]
    assert sum(leading) >= len(BIOS) - 3


def test_bio_is_read_beside_a_broad_category_only(classifier):
    bio = "Pastry chef. New cake and bread recipes every Sunday"
    broad, narrow = classifier.classify(
        [NicheInput(bio=bio, categories=("Lifestyle",)), NicheInput(bio=bio, categories=("Gaming",))]
    )
    assert names(broad)[:2] == ["lifestyle", "food"]
    assert names(narrow) == ["gaming"]


@pytest.mark.parametrize("bio", [None, "", "✨✨✨", "12 34"])
def test_nothing_to_read_gives_nothing(classifier, bio):
    assert classifier.classify([NicheInput(bio=bio)]) == [()]
    assert not has_words(bio)


def test_a_batch_gives_what_each_alone_gives(classifier, encoder):
    inputs = [NicheInput(bio=bio) for bio in BIOS] + [NicheInput(topics=("Cheese tasting", "Zig"))]
    together = classifier.classify(inputs)
    fresh = NicheClassifier(encoder.encode)
    assert [fresh.classify([item])[0] for item in reversed(inputs)] == together[::-1]


def test_head_probabilities_add_up_and_do_not_depend_on_the_batch(classifier, encoder):
    head = NicheHead.shipped()
    texts = [head_text("Maria", bio) for bio in BIOS]
    vectors = encoder.encode(texts)
    similar = classifier.similarities(vectors)
    together = head.probabilities(texts, vectors, similar)
    assert together.shape == (len(BIOS), len(head.categories))
    assert together.sum(axis=1) == pytest.approx(1, abs=1e-5)
    alone = head.probabilities(texts[3:4], vectors[3:4], similar[3:4])
    assert np.array_equal(alone[0], together[3])
    assert set(head.categories) <= CATEGORY_NICHES.keys()
    assert set(sum(CATEGORY_NICHES.values(), ())) <= niche_ids()


@given(st.text(max_size=300))
def test_ngrams_are_rows_of_the_table_and_ignore_case(text):
    rows, weights = ngrams(text)
    assert (np.diff(rows) > 0).all()
    assert weights.min(initial=1) >= 1
    assert rows.min(initial=0) >= 0
    assert rows.max(initial=0) < 1 << TABLE_BITS
    folded, _ = ngrams(text.casefold())
    assert np.array_equal(rows, folded)


def test_head_text_has_no_address_and_an_end():
    assert head_text(" Ann ", "mail ann@example.com or https://example.com/x +49 170 1234567 now") == "Ann. mail or now"
    assert head_text(None, None) == ""
    assert len(head_text("Ann", "word " * 2_000)) == 800


def test_niches_of_which_the_head_knows_nothing_keep_their_own_calibration(classifier):
    assert {"crypto", "luxury", "photography"}.isdisjoint(HEAD_NICHES)
    ((best, *_),) = classifier.classify([NicheInput(bio="Bitcoin, ethereum and blockchain explained without hype")])
    assert best.niche == "crypto"


def test_signal_reads_names_with_bios_only_and_no_composed_bio(encoder):
    signal = NicheSignal(encoder.encode)
    fields = {
        "platform": Platform.X,
        "native_id": "1",
        "source": "test",
        "fetched_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    composed = CreatorFacts("c", (Account(**fields, name="Chef", bio="Pastry chef", bio_composed=True),))
    assert signal.inputs(composed) == [None, None, (), ()]
    assert signal.compute([composed]) == [()]
    assert NicheHead.shipped().fingerprint[:16] in signal.version


def test_with_an_encoder_of_ones_own_the_head_is_left_out(encoder):
    def first_half(texts):
        half = encoder.encode(texts)[:, : encoder.dimension // 2]
        return half / np.linalg.norm(half, axis=1, keepdims=True)

    signal = NicheSignal(first_half, is_shipped=False)
    assert signal.version != NicheSignal(encoder.encode).version
    fields = {"platform": "x", "native_id": "1", "source": "test", "fetched_at": datetime(2026, 1, 1, tzinfo=UTC)}
    (found,) = signal.compute([CreatorFacts("c", (Account(**fields, bio="Guitar lessons, chords and songs"),))])
    assert found[0].niche == "music"


def test_category_names_are_encoded_once(encoder):
    item = NicheInput(categories=("Pottery wheel throwing at home",))
    seen = []
    counting = NicheClassifier(lambda texts: seen.extend(texts) or encoder.encode(texts))
    first = counting.classify([item])
    seen.clear()
    assert counting.classify([item, item]) == first * 2
    assert seen == []


def test_similarities_are_cosines_to_the_best_prompt(classifier, encoder):
    similarities = classifier.similarities(encoder.encode(["Gaming"]))
    assert similarities.shape == (1, len(niche_ids()))
    assert similarities.max() == pytest.approx(1, abs=1e-5)
    assert similarities.min() >= -1


def test_mentions_are_whole_words_each_alias_once():
    assert niches_mentioned("Street food! street food, recipes & a SINGER") == {"food": 3, "music": 1}
    assert niches_mentioned("foodless bandana dj") == {}


@pytest.mark.skipif("CREATORSCOPE_TEST_DATA" not in os.environ, reason="CREATORSCOPE_TEST_DATA is not set")
def test_real_descriptions_agree_with_their_categories(classifier):
    path = Path(os.environ["CREATORSCOPE_TEST_DATA"]) / "creators" / "youtube_channels_described.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if len(row["channel_description"]) > 40]
    wanted = ("Music", "Gaming", "News & Politics", "Pets & Animals", "Travel & Events", "Autos & Vehicles")
    rows = [row for row in rows if row["category"] in wanted][:80]
    found = classifier.classify([NicheInput(bio=row["channel_description"]) for row in rows])
    truth = [niche_for_category(row["category"]) for row in rows]
    sure = [(t, s[0]) for t, s in zip(truth, found, strict=True) if s and s[0].confidence >= 0.5]
    assert len(sure) >= 10
    assert np.mean([t == score.niche for t, score in sure]) >= 0.5
