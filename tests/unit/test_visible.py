"""Numbers that a page shows are read where there is one way to read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich.normalise.visible import counters_in, read_counter


@pytest.mark.parametrize(
    ("text", "counters"),
    [
        ("12.3K Followers", {"followers": 12_300}),
        ("1,234 followers · 33 following", {"followers": 1_234, "following": 33}),
        ("96 posts\n48.2K followers\n312 following", {"posts": 96, "followers": 48_200, "following": 312}),
        ("33\nFollowing\n1.2M\nFollowers\n5.5M\nLikes", {"following": 33, "followers": 1_200_000}),
        ("@kiln • 1.21M subscribers • 345 videos", {"followers": 1_210_000, "posts": 345}),
        ("12,5 Tsd. Follower\n1.234 Beiträge\n8 Gefolgt", {"followers": 12_500, "posts": 1_234, "following": 8}),
        ("1,2 Mio. Abonnenten", {"followers": 1_200_000}),
        ("12 mil seguidores 1.234 seguidos 3 publicaciones", {"followers": 12_000, "following": 1_234, "posts": 3}),
        ("1,2 mi de seguidores", {"followers": 1_200_000}),
        ("1,2 M d\u2019abonnés", {"followers": 1_200_000}),
        ("12\u202f345 abonnés 7 publications", {"followers": 12_345, "posts": 7}),
        ("1,5 mln iscritti", {"followers": 1_500_000}),
        ("フォロワー", {}),
        ("1.2万 フォロワー", {"followers": 12_000}),
        ("0 followers", {"followers": 0}),
    ],
)
def test_a_counter_is_read_in_the_words_of_its_language(text, counters):
    assert counters_in(text) == counters


@pytest.mark.parametrize(
    "text",
    [
        "12.3 followers",
        "1,23,456 followers",
        "1.234K followers",
        "1,234.5 followers",
        "v2.10 followers",
        "followers",
        "many followers",
        "12 followersome",
        "1 000 00 followers",
        "9" * 40 + " followers",
    ],
)
def test_a_number_that_can_be_read_in_two_ways_is_unknown(text):
    assert "followers" not in counters_in(text)


def test_the_first_of_a_kind_counts_and_the_foot_of_a_page_does_not():
    assert counters_in("10 followers\nSuggested\n99M followers") == {"followers": 10}
    assert counters_in("x " * 3_000 + "99M followers") == {}


@given(st.integers(0, 10**14), st.sampled_from([",", ".", "'", " ", "\u00a0", ""]))
def test_grouped_digits_are_the_number(count, sign):
    assert counters_in(f"{count:,}".replace(",", sign) + " followers") == {"followers": count}


@given(st.decimals(0, 999, places=1), st.sampled_from([("K", 10**3), ("M", 10**6), ("B", 10**9)]))
def test_a_unit_multiplies(number, unit):
    assert read_counter(str(number), unit[0]) == int(number * unit[1])


@given(st.text(max_size=500))
def test_any_text_is_read_without_an_error(text):
    assert all(count >= 0 for count in counters_in(text + " 5 followers").values())
