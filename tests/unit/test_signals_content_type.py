"""What kind of pieces a creator makes: by forms, by words, by likeness, and nothing where nothing tells."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.models import Account, Post
from enrich.signals.content_type import LEAST_CONFIDENCE, ContentTypeSignal, Likeness, of_bio, of_title, probability
from enrich.signals.facts import CreatorFacts
from mappings.content_types import CONTENT_TYPES, content_types

NOW = datetime(2026, 11, 1, tzinfo=UTC)


PROMPTS = [
    *(prompt for one in content_types().types for prompt in one.prompts),
    *content_types().everyday,
]


def one_hot(texts):
    """Vectors that are the same for the same text only."""
    known = {text: place for place, text in enumerate(PROMPTS)}
    found = np.zeros((len(texts), len(known) + 1), dtype=np.float32)
    for row, text in enumerate(texts):
        found[row, known.get(text, len(known))] = 1
    return found


def account(**more):
    return Account(platform="youtube", native_id="UC1", source="list", fetched_at=NOW, **more)


def post(number, text=None, kind=None):
    at = NOW - timedelta(days=number)
    facts = {"platform": "youtube", "native_id": str(number), "account_id": "youtube:UC1", "posted_at": at}
    return Post(**facts, text=text, kind=kind, source="list", fetched_at=NOW)


def use(*posts, bio=None, encode=one_hot):
    (found,) = ContentTypeSignal(encode).compute([CreatorFacts("c", (account(bio=bio),), tuple(posts))])
    return found


def types(*posts, **more):
    found = use(*posts, **more)
    return {} if found is None else {one.type: one.confidence for one in found.types}


def test_every_type_has_words_or_forms_and_no_phrase_belongs_to_two():
    known = content_types()
    assert len(set(CONTENT_TYPES)) == len(CONTENT_TYPES) == 19
    assert all(one.titles or one.kinds for one in known.types)
    assert set(known.of_title.values()) == set(CONTENT_TYPES)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("How to repair a bike, step by step", ["tutorial"]),
        ("Camera X review: worth it?", ["review"]),
        ("Q&A with my sister", ["q_and_a"]),
        ("Un día en mi vida", ["vlog"]),
        ("कैसे बनाएं रोटी", ["tutorial"]),
        ("ゲーム実況 第3回", ["gameplay"]),
        ("Breaking bread with friends", []),
        ("vs", []),
    ],
)
def test_words_of_a_title(title, expected):
    assert of_title(title) == expected


def test_words_of_a_bio():
    assert of_bio("Podcaster and book reviews. Twitch streamer") == ["podcast", "review", "live"]
    assert of_bio("I hate podcasting people") == []


def test_a_form_is_certain_and_words_of_titles_add_up():
    assert types(post(1, kind="live"))["live"] == 1.0
    assert types(post(1, "Ramen recipe")) == {"tutorial": 0.85}
    assert types(post(1, "Ramen recipe"), post(2, "How to fold dumplings"))["tutorial"] == 0.95
    # Three at most: a hundred tutorials are not a hundred times as sure.
    assert types(*(post(n, "Ramen recipe") for n in range(9))) == {"tutorial": 0.95}


def test_captions_are_less_sure_than_titles():
    caption = "Somebody wrote a review of our little place, and we could not be happier about it. " * 2
    assert types(post(1, caption)) == {}
    assert types(post(1, caption), post(2, f"{caption}!")) == {"review": 0.75}


def test_one_among_many_posts_is_not_what_a_creator_makes():
    others = [post(number, "Good morning") for number in range(1, 18)]
    assert types(post(0, "Ramen recipe"), *others) == {}
    assert types(post(0, "Ramen recipe"), post(30, "Bread recipe"), *others) == {"tutorial": 0.95}
    assert types(post(0, "Ramen recipe"), *others, bio="Recipes every Sunday") == {"tutorial": 0.95}


def test_likeness_speaks_where_no_word_does():
    prompt = content_types().types[0].prompts[0]
    signal = ContentTypeSignal(one_hot)
    unsaid = next(p for one in content_types().types for p in one.prompts if len(p) <= 100 and not of_title(p))
    owner = next(one.id for one in content_types().types if unsaid in one.prompts)
    (found,) = signal.compute([CreatorFacts("c", (account(),), (post(1, unsaid),))])
    assert [(one.type, one.found_by) for one in found.types] == [(owner, ("meaning",))]
    assert Likeness(one_hot).guess(one_hot([prompt])[0])[0] == content_types().types[0].id
    assert Likeness(one_hot).guess(one_hot([content_types().everyday[0]])[0]) == ("", 0.0)
    assert types(post(1, content_types().everyday[0])) == {}


def test_nothing_is_known_where_nothing_tells():
    assert use() is None
    assert use(post(1, "Good morning"), bio="Baker") is None


def test_what_is_told_says_where_it_was_read():
    found = use(post(1, "Bread recipe"), post(2, "Good morning"), bio="Recipes and more")
    (one,) = found.types
    assert (one.share, one.posts, one.found_by) == (0.5, 1, ("bio", "words"))
    assert set(one.evidence) == {"youtube:1", "bio:youtube:UC1"}
    assert (found.sample_size, found.as_of) == (2, NOW)


@given(st.floats(-1, 1), st.floats(0, 2), st.floats(0.01, 0.5))
def test_likeness_is_surer_the_nearer_and_the_clearer(cosine, margin, more):
    assert 0 <= probability(cosine, margin) <= 1
    assert probability(cosine, margin) <= probability(cosine + more, margin)
    assert probability(cosine, margin) <= probability(cosine, margin + more)


TITLES = st.sampled_from(["Bread recipe", "Vlog 3", "Review: pans", "Good morning", None])


@given(st.lists(st.tuples(TITLES, st.sampled_from(["live", "short", "video", None])), max_size=15), st.randoms())
def test_order_does_not_matter_and_shares_stay_within_bounds(told, random):
    posts = [post(number, *one) for number, one in enumerate(told)]
    facts = CreatorFacts("c", (account(),), tuple(posts))
    signal = ContentTypeSignal(one_hot)
    (found,) = signal.compute([facts])
    turned = replace(facts, posts=tuple(random.sample(posts, len(posts))))
    assert signal.compute([turned]) == [found]
    assert signal.inputs(turned) == signal.inputs(facts)
    for one in found.types if found else ():
        assert LEAST_CONFIDENCE <= one.confidence <= 1
        assert 0 <= (one.share or 0) <= 1
        assert one.type in CONTENT_TYPES
