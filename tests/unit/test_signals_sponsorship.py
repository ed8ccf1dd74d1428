"""Sponsored posts and the brands that are named in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich.signals.brands import BrandsSignal, brands_in
from enrich.signals.sponsorship import SponsorshipSignal, is_affiliate, sponsored_by
from mappings.disclosure import disclosure
from tests.fixtures.said import account, one, post


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ("Love this serum #ad", ("hashtag",)),
        ("Morgenroutine #Werbung", ("hashtag",)),
        ("#publi mi crema", ("hashtag",)),
        ("Paid partnership with @glow", ("phrase",)),
        ("Bezahlte Partnerschaft mit @glow", ("phrase",)),
        ("en collaboration commerciale avec @glow", ("phrase",)),
        ("colaboración pagada con @glow", ("phrase",)),
        ("em parceria paga com @glow", ("phrase",)),
        ("In collaborazione con @glow", ("phrase",)),
        ("Betaalde samenwerking met @glow", ("phrase",)),
        ("Współpraca reklamowa @glow", ("phrase",)),
        ("на правах рекламы", ("phrase",)),
        ("유료 광고 포함", ("phrase",)),
        ("タイアップ広告です", ("phrase",)),
        ("Reklam ve iş birliği @glow", ("phrase",)),
        ("use code ADA10 for 10% off", ("code",)),
        ("mit dem Code SOMMER 20% sparen", ("code",)),
        ("amazon: https://www.amazon.de/dp/1?tag=ada-21", ("link",)),
        ("https://amzn.to/3xYz", ("link",)),
        ("https://shop.example/x?aff=12 #sponsored", ("hashtag", "link")),
    ],
)
def test_what_says_that_a_post_is_sponsored(text, hints):
    assert sponsored_by(post(text)) == hints


@pytest.mark.parametrize(
    "text",
    [
        "not sponsored, I just love @glow #ad",
        "#notsponsored but #ad worthy",
        "Meine Bewerbung ist fertig",
        "CODE RED tonight",
        "I write code in RUST 4 fun",
        "unbezahlte Werbung: @glow",
        "ad astra",
        "https://www.amazon.com/dp/1",
        "https://example.com/?ref=home",
        "내돈내산 광고 아님",
        None,
    ],
)
def test_what_does_not(text):
    assert sponsored_by(post(text)) == ()


def test_the_label_of_the_platform_counts_whatever_the_text_says():
    assert sponsored_by(post("not sponsored", is_sponsored=True)) == ("label",)
    assert sponsored_by(post(None, is_sponsored=True)) == ("label",)


def test_ten_languages_at_least():
    texts = ("hashtags", "phrases")
    assert all(len(getattr(disclosure(), name)) > 50 for name in texts)


def test_the_share_says_of_how_many_and_when():
    posts = [
        post("#ad with @glow", 1),
        post("breakfast", 2),
        post("lunch", 3),
        post(None, 4),
        post("x", 5, is_sponsored=True),
    ]
    value = one(SponsorshipSignal(), account(), posts=posts)
    # The one without a text could not have said it.
    assert (value.share, value.sponsored, value.labelled, value.sample_size) == (0.5, 2, 1, 4)
    assert (value.window_days, value.evidence) == (4, ("instagram:1", "instagram:5"))
    assert value.hints == {"hashtag": 1, "label": 1}
    assert one(SponsorshipSignal(), account(), posts=posts[:2]) is None


def test_brands_are_named_beside_a_disclosure():
    assert brands_in(post("Thanks @mum. Paid partnership with @glow.co")) == ("glow.co",)
    assert brands_in(post(f"Paid partnership with @glow {'word ' * 40} photo: @mum")) == ("glow",)
    assert brands_in(post("photo: @mum")) == ()
    assert brands_in(post("use code ADA10 with @glow")) == ()
    assert brands_in(post("new", is_sponsored=True, mentions=("glow",))) == ("glow",)
    assert brands_in(post("@glow and @shine", hashtags=("ad",))) == ("glow", "shine")


def test_brands_are_counted_and_the_creator_is_none_of_them():
    posts = [post("#ad @glow @me", 1), post("#ad @glow", 2), post("#ad @shine", 3)]
    value = one(BrandsSignal(), account(handle="Me"), posts=posts)
    assert [(brand.name, brand.posts) for brand in value.mentions] == [("glow", 2), ("shine", 1)]
    assert value.mentions[0].evidence == ("instagram:1", "instagram:2")
    assert one(BrandsSignal(), account(), posts=[post("hello")]) is None


@given(st.lists(st.booleans(), min_size=3, max_size=12))
def test_the_share_is_the_part_of_sponsored_posts(flags):
    posts = [post("#ad" if flag else "tea", number) for number, flag in enumerate(flags)]
    value = one(SponsorshipSignal(), account(), posts=posts)
    assert value.share == round(sum(flags) / len(flags), 4)
    assert value.sponsored == sum(flags)


@given(st.text(max_size=80))
def test_any_address_and_any_text_can_be_read(text):
    assert is_affiliate(text) in {True, False}
    assert set(sponsored_by(post(text or None))) <= {"hashtag", "phrase", "code", "link"}
