"""From facts to signals: text, vector, reuse, and independence of order and batch."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from creators.models import Account, Averages, NicheScore, Observation, Post
from creators.settings import load_settings
from enrich.encoders.text import default_encoder
from enrich.signals.compute import compute_signals
from enrich.signals.embedding_text import MAX_CHARACTERS, embedding_text, text_hash
from enrich.signals.facts import CreatorFacts
from enrich.signals.niche import NicheClassifier

NOW = datetime(2026, 11, 1, tzinfo=UTC)
BIO = "Cocino recetas de mi abuela y las cuento despacio"


@pytest.fixture(scope="module")
def encoder():
    return default_encoder(load_settings().cache_dir, None, "cpu", 2)


@pytest.fixture(scope="module")
def classifier(encoder):
    return NicheClassifier(encoder)


def account(platform="youtube", native_id="1", **more):
    return Account(platform=platform, native_id=native_id, source="test", fetched_at=NOW, **more)


def cook():
    return CreatorFacts(
        creator_id="cook",
        accounts=(
            account(name="Rosa Cocina", bio=BIO, followers=52_000, topics=("Recipes",), categories=("Howto & Style",)),
            account("instagram", "7", name="rosa cocina", followers=90_000, averages=Averages(likes=800, comments=100)),
        ),
        posts=tuple(
            Post(
                platform="youtube",
                native_id=str(i),
                account_id="youtube:1",
                posted_at=NOW - timedelta(days=i + 1),
                views=1_000,
                likes=40,
                comments=10,
                source="test",
                fetched_at=NOW,
            )
            for i in range(4)
        ),
        observations={"youtube:1": (Observation(at=NOW - timedelta(days=30), followers=40_000),)},
    )


def test_everything_known_becomes_signals(encoder, classifier):
    (found,) = compute_signals([cook()], encoder, classifier, {})
    assert found.creator_id == "cook"
    assert [score.niche for score in found.niches] == ["diy_crafts", "food"]
    assert found.language == "es"
    assert found.language_confidence > 0.8
    assert [(e.platform, e.rate, e.method) for e in found.engagement] == [
        ("instagram", 0.01, "source_averages_per_follower"),
        ("youtube", 0.05, "sum_likes_comments_per_view"),
    ]
    assert [(g.platform, g.window_days, g.rate) for g in found.growth] == [("youtube", 30, 0.3)]
    assert found.text == f"rosa cocina. DIY & life hacks, Food & cooking. Recipes, Howto & Style. {BIO}"
    assert found.text_hash == text_hash(found.text)
    assert found.encoder == encoder.fingerprint
    assert np.array_equal(np.array(found.vector, dtype=np.float32), encoder.encode_one(found.text))


def test_order_of_accounts_posts_and_batch_does_not_matter(encoder, classifier):
    facts = cook()
    turned = CreatorFacts(facts.creator_id, facts.accounts[::-1], facts.posts[::-1], facts.observations)
    other = CreatorFacts("other", (account(native_id="9", handle="other", bio="Guitar lessons and songs"),))
    (alone,) = compute_signals([facts], encoder, classifier, {})
    batch = compute_signals([other, turned], encoder, classifier, {})
    assert batch[1] == alone
    assert batch[0] == compute_signals([other], encoder, classifier, {})[0]


def test_known_texts_are_not_encoded_again(encoder, classifier, monkeypatch):
    facts = [cook(), CreatorFacts("twin", cook().accounts), CreatorFacts("new", (account(native_id="3", name="New"),))]
    first = compute_signals(facts, encoder, classifier, {})
    encoded = []
    encode = encoder.encode
    monkeypatch.setattr(encoder, "encode", lambda texts: encoded.extend(texts) or encode(texts))
    again = compute_signals(facts, encoder, classifier, {s.text_hash: s.vector for s in first[:1]})
    assert again == first
    assert encoded == ["New"]


def test_creator_of_whom_nothing_is_known_still_has_a_vector(encoder, classifier):
    (found,) = compute_signals([CreatorFacts("blank", (account(),))], encoder, classifier, {})
    assert (found.text, found.niches, found.language, found.engagement, found.growth) == ("", (), None, (), ())
    assert np.linalg.norm(found.vector) == pytest.approx(1, abs=1e-6)


def test_no_creators_no_signals(encoder, classifier):
    assert compute_signals([], encoder, classifier, {}) == []


def test_composed_bio_is_text_but_tells_neither_language_nor_niche(encoder, classifier):
    bio = "Pastry chef. New cake and bread recipes every Sunday"
    written, composed = compute_signals(
        [
            CreatorFacts("a", (account(name="A", bio=bio),)),
            CreatorFacts("b", (account(name="A", bio=bio, bio_composed=True),)),
        ],
        encoder,
        classifier,
        {},
    )
    assert (written.language, written.niches[0].niche) == ("en", "food")
    assert (composed.language, composed.niches) == (None, ())
    assert bio in composed.text


def test_language_falls_back_to_posts_then_to_the_source(encoder, classifier):
    post = Post(
        platform="x",
        native_id="5",
        account_id="x:1",
        text="Je dessine des chats et des bateaux tous les jours",
        source="test",
        fetched_at=NOW,
    )
    spoken = CreatorFacts("a", (account("x", language="pt"),), posts=(post,))
    stated = CreatorFacts("b", (account("x", language="pt"),))
    first, second = compute_signals([spoken, stated], encoder, classifier, {})
    assert first.language == "fr"
    assert (second.language, second.language_confidence) == ("pt", None)


def test_text_is_capped_and_keeps_what_is_certain():
    accounts = [account(name="Ada", bio="river " * 1_000, topics=tuple(f"topic {i}" for i in range(60)))]
    text = embedding_text(accounts, [NicheScore(niche="food", confidence=0.9)])
    assert len(text) <= MAX_CHARACTERS
    assert text.startswith("Ada. Food & cooking. topic 0, topic 1,")
    assert "topic 19. river" in text
    assert "topic 20" not in text


def test_text_of_equal_accounts_is_equal_and_another_text_has_another_hash():
    accounts = [account(name="Ada", followers=5), account("x", "2", name="Ada L.", followers=9)]
    assert embedding_text(accounts, []) == embedding_text(accounts[::-1], []) == "Ada L., Ada"
    assert text_hash("Ada") != text_hash("ada")
