"""What identity sees of an account: words of names and handles, websites, keys."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.models import Link
from enrich.resolve import sites, wording
from enrich.resolve.evidence import Evidence, Profile, describe, of_json, to_json
from enrich.resolve.keys import MAX_BLOCK, MAX_KEYS, blocking_keys, candidates

TEXT = st.one_of(st.none(), st.text(max_size=40))


def seen(account_id: str = "x:1", **fields: object) -> Evidence:
    return describe(Profile(account_id=account_id, platform=account_id.partition(":")[0], **fields))


@pytest.mark.parametrize(
    ("written", "handle"),
    [
        ("https://ruby.social/@jane", "jane"),
        ("@jane@ruby.social", "jane"),
        ("jane.bsky.social", "jane"),
        ("pages/Jane-Doe/123456789", "Jane-Doe"),
        ("channel/UCabcdefghijklmnopqrstuv", None),
        ("UCabcdefghijklmnopqrstuv", None),
        ("61571606604866", None),
        ("", None),
        (None, None),
    ],
)
def test_a_handle_is_what_a_person_chose(written, handle):
    assert wording.plain_handle(written) == handle


@pytest.mark.parametrize(
    ("handle", "skeleton"),
    [
        ("SenJaneDoe", "janedoe"),
        ("rep_jane_doe", "janedoe"),
        ("senatorjanedoe", "janedoe"),
        ("JaneDoe42", "janedoe"),
        ("jane-doe-6a888521b", "janedoe"),
        ("da1chi", "daichi"),
        ("the.real.jane.doe", "janedoe"),
        ("realm", "realm"),
        ("@Ольга_Иванова", "olgaivanova"),
    ],
)
def test_the_skeleton_is_what_two_spellings_share(handle, skeleton):
    assert wording.skeleton(handle) == skeleton


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Dr. Jáne DOE 🚀", ("jane", "doe")),
        ("Doe, Jane", ("jane", "doe")),
        ("JaneDoe", ("jane", "doe")),
        ("jane.doe", ("jane", "doe")),
        ("Jane McRae-Roe", ("jane", "mcraeroe")),
        ("🌸Jane🌸", ("jane",)),
        ("🚀", ()),
    ],
)
def test_the_words_of_a_name(name, words):
    assert wording.name_words(name) == words


@pytest.mark.parametrize(
    ("url", "page", "domain"),
    [
        ("https://www.janedoe.dev/", "janedoe.dev", "janedoe.dev"),
        ("http://blog.janedoe.dev/about", "blog.janedoe.dev/about", "janedoe.dev"),
        ("https://doe.house.gov", "doe.house.gov", "doe.house.gov"),
        ("https://jane.github.io", "jane.github.io", "jane.github.io"),
        ("https://linktr.ee/jane", "linktr.ee/jane", None),
        ("https://example.gov/member?id=7", "example.gov/member?id=7", "example.gov"),
    ],
)
def test_whose_a_website_can_be(url, page, domain):
    assert sites.read(url) == sites.Site(page, domain)


@pytest.mark.parametrize("url", ["https://linktr.ee", "nothing here", "http://[::1", "", None, "localhost"])
def test_an_address_of_nobody(url):
    assert sites.read(url) is None


def test_a_domain_as_a_handle_is_a_domain_and_a_name():
    found = seen("bluesky:1", handle="janedoe.dev")
    assert found.domains == {"janedoe.dev"}
    assert found.handle_key == "janedoe"
    assert found.labels == {"janedoe", "janedoedev"}


@pytest.mark.parametrize(
    ("account", "handle", "domain", "key"),
    [
        ("bluesky:1", "kow.fm", {"kow.fm"}, "kow"),
        ("x:1", "jane.doe", set(), "janedoe"),
        ("bluesky:1", "jane.example.dev", {"example.dev"}, "jane"),
        ("bluesky:1", "blog.janedoe.dev", {"janedoe.dev"}, "janedoe"),
        ("bluesky:1", "jane.bsky.social", set(), "jane"),
    ],
)
def test_what_a_person_chose_of_a_domain(account, handle, domain, key):
    found = seen(account, handle=handle)
    assert (found.domains, found.handle_key) == (domain, key)


@given(handle=TEXT, name=TEXT, bio=TEXT, website=TEXT)
def test_whatever_is_written_is_evidence_and_survives_json(handle, name, bio, website):
    found = seen(handle=handle, name=name, bio=bio, website=website, links=(Link(platform="x", handle=handle),))
    assert of_json(json.loads(json.dumps(to_json(found)))) == found
    assert len(blocking_keys(found)) <= MAX_KEYS


def test_a_name_meets_the_handle_that_it_makes():
    named, handled = blocking_keys(seen("youtube:1", name="Jane Doe")), blocking_keys(seen(handle="Jane_Doe7"))
    assert "h:janedoe" in named & handled


def test_short_forms_meet():
    thom, thomas = (blocking_keys(seen(name=name)) for name in ("Thom Roe", "Thomas Roe"))
    assert any(key.startswith("n:") for key in thom & thomas)


def test_a_link_meets_the_account_that_it_names():
    linking = seen("github:7", links=(Link(platform="x", handle="JaneDoe"),))
    assert "l:handle:x:janedoe" in blocking_keys(linking) & blocking_keys(seen("x:9", handle="janedoe"))


def test_what_too_many_share_is_no_key_and_the_order_decides_nothing():
    crowd = {f"x:{number}": seen(f"x:{number}", name="Jane") for number in range(MAX_BLOCK + 1)}
    assert list(candidates(crowd)) == []
    few = dict(list(crowd.items())[:3])
    pairs = list(candidates(few))
    assert pairs == [("x:0", "x:1"), ("x:0", "x:2"), ("x:1", "x:2")]
    assert list(candidates(dict(reversed(few.items())))) == pairs
