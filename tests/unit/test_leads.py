"""Whom a text names: mentions, addresses and hashtags, in the words of people and in made-up ones."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.models import Lead, Platform
from creators.targets import page_target, profile_target
from enrich.normalise.leads import (
    MAX_LEADS,
    Owner,
    addresses,
    hashtags_in,
    lead_to,
    leads_in,
    links_to,
    mentions_in,
)

ME = Owner(Platform.INSTAGRAM, "17", "tilda")
CHANNEL = "UCaaaaaaaaaaaaaaaaaaaaaa"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://a.example/x?y=1.", ("https://a.example/x?y=1",)),
        ("(https://a.example/x) and https://a.example/x", ("https://a.example/x",)),
        ("www.a.example, github.com/tilda!", ("www.a.example", "github.com/tilda")),
        ("mail me@github.com/x or a@b.example", ()),
        ("HTTPS://A.example", ("HTTPS://A.example",)),
        ("nothing.here but words", ()),
        (None, ()),
    ],
)
def test_addresses_in_a_text(text, found):
    assert addresses(text) == found


@pytest.mark.parametrize(
    ("platform", "text", "found"),
    [
        (Platform.INSTAGRAM, "with @Otto.Parse. And @tilda, @x", ["@otto.parse", "@x"]),
        (Platform.INSTAGRAM, "write me@otto.example or https://a.example/@otto", []),
        (Platform.X, "cc @otto_parse's cat, @abcdefghijklmnop", ["@otto_parse"]),
        (Platform.GITHUB, "thanks @otto-parse-, @ada", ["@ada"]),
        (Platform.YOUTUBE, "music by @quiet.piano!", ["@quiet.piano"]),
        (Platform.TIKTOK, "\uff20otto @@ada", ["@otto"]),
    ],
)
def test_mentions_are_handles_of_the_platform_they_are_written_on(platform, text, found):
    leads = mentions_in(text, Owner(platform, "17", "tilda"))
    assert [lead.value for lead in leads] == found
    assert {(lead.kind, lead.platform, lead.reason, lead.found_on) for lead in leads} <= {
        ("profile", platform, "mention", f"{platform}:17")
    }


@pytest.mark.parametrize(
    ("url", "kind", "platform", "value"),
    [
        ("https://github.com/Otto-Parse/otto", "profile", Platform.GITHUB, "@otto-parse"),
        ("https://twitter.com/otto", "profile", Platform.X, "@otto"),
        (f"https://youtube.com/channel/{CHANNEL}", "profile", Platform.YOUTUBE, CHANNEL),
        ("https://otto.example/me", "page", Platform.INSTAGRAM, "https://otto.example/me"),
        ("otto.example", "page", Platform.INSTAGRAM, "https://otto.example"),
    ],
)
def test_an_address_leads_to_a_profile_or_to_a_page_read_for_its_owner(url, kind, platform, value):
    lead = lead_to(url, ME)
    assert (lead.kind, lead.platform, lead.value, lead.found_on) == (kind, platform, value, "instagram:17")


@pytest.mark.parametrize(
    "url",
    [
        "https://www.instagram.com/Tilda/",
        "https://www.instagram.com/p/abc/",
        "https://www.youtube.com/watch?v=1",
        "https://youtu.be/1",
        "https://www.twitch.tv/otto",
        "ftp://otto.example",
        "javascript:alert(1)",
        "https://user:password@otto.example/",
        "https://localhost/",
        "see my site",
        f"https://otto.example/{'x' * 500}",
        "",
    ],
)
def test_what_leads_nowhere(url):
    assert lead_to(url, ME) is None


def test_pages_are_followed_from_a_bio_and_not_from_a_post():
    text = "https://otto.example and https://github.com/otto"
    assert [lead.kind for lead in leads_in(text, ME, pages=True)] == ["page", "profile"]
    assert [lead.kind for lead in leads_in(text, ME, pages=False)] == ["profile"]


def test_links_are_profiles_elsewhere_each_once():
    urls = ("https://x.com/otto", "https://twitter.com/Otto", "https://instagram.com/tilda", "https://twitch.tv/otto")
    assert [(link.platform, link.handle) for link in links_to(urls, ME)] == [("x", "Otto"), ("twitch", "otto")]


def test_hashtags_are_words_each_once_and_no_colours_or_fragments():
    assert hashtags_in("#Bread #bread #2024 https://a.example/#part &#39; a#b #größe #日本") == (
        "Bread",
        "größe",
        "日本",
    )


@pytest.mark.parametrize("tag", ["हिन्दी", "தமிழ்", "বাংলা", "ไทยที่รัก", "తెలుగు", "مُحَمَّد", "שָׁלוֹם", "cafe\u0323\u0302"])
def test_vowel_signs_and_accents_belong_to_a_hashtag(tag):
    whole = normalize("NFKC", tag)
    assert hashtags_in(f"#{tag} #{tag}! and more") == (whole,)
    assert hashtags_in(f"#\u093f{tag}") == ()


def test_a_wall_of_mentions_is_cut():
    assert len(mentions_in(" ".join(f"@name{n}" for n in range(500)), ME)) == MAX_LEADS


TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            ["@", "#", "https://", "github.com/", "x.com/", ".", "otto", " ", "\u200b", "é", "/", "\ud800"]
        ),
        max_size=30,
    ).map("".join),
)


@given(TEXTS, st.sampled_from(list(Platform)), st.booleans())
def test_whatever_a_text_says_every_lead_is_a_target(text, platform, pages):
    owner = Owner(platform, "17", "tilda")
    for lead in leads_in(text, owner, pages=pages):
        assert Lead.model_validate(lead.model_dump()) == lead
        if lead.kind == "page":
            assert page_target(owner.account_id, lead.value).page == (owner.account_id, lead.value)
        else:
            handle = lead.value[1:] if lead.value.startswith("@") else None
            target = profile_target(lead.platform, native_id=None if handle else lead.value, handle=handle)
            assert target.value == lead.value
