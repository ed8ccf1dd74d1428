"""Ways of contact: found as people write them, masked everywhere, sealed with the key of the installation."""

import hashlib
import hmac
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.keys import derived_key
from creators.models import Account, Platform, RawRecord
from creators.text import clean
from enrich.batch import Reader
from enrich.normalise.contact import MAX_EMAILS, contact_facts, normal_email, seal
from enrich.normalise.masking import safe_line, safe_text

AT = datetime(2026, 11, 1, tzinfo=UTC)
KEY = derived_key(b"installation", "contact")


def account(**fields):
    return Account(platform=Platform.X, native_id="1", source="x_api_v2", fetched_at=AT, **fields)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("write to ada@ovens.example today", "ada@ovens.example"),
        ("ada (at) ovens (dot) example", "ada@ovens.example"),
        ("ada [at] ovens.example", "ada@ovens.example"),
        ("ada at ovens dot example", "ada@ovens.example"),
        ("ada arroba ovens punto es", "ada@ovens.es"),
        ("ada{at}mail.ovens{dot}example", "ada@mail.ovens.example"),
        ("ada@ovens (dot) example", "ada@ovens.example"),
        ("ada.bakes @ gmail . com", "ada.bakes@gmail.com"),
        ("ada.bakes@gmail .com", "ada.bakes@gmail.com"),
        ("\uff41da\uff20ovens.example", "ada@ovens.example"),
    ],
)
def test_an_address_is_found_however_it_is_spelt_and_is_masked(text, address):
    assert contact_facts(text) == {"has_email": True, "has_phone": None, "emails": (address,)}
    masked = safe_text(text)
    assert "[email]" in masked
    assert "ovens" not in masked
    assert "gmail" not in masked


@pytest.mark.parametrize(
    "text",
    [
        "I am @home, look at example.com",
        "meet me at the market",
        "photo by @gmailcat",
        "at 5 dot com boom",
        "since 2019-2024, 10.000.000 views",
        "1-2-3-4-5-6-7-8",
        "+ 100 recipes",
        "+0000000000",
        "call of duty 4",
        "version 1.2.3.4",
    ],
)
def test_other_words_are_left_alone(text):
    assert contact_facts(text) == {"has_email": None, "has_phone": None, "emails": ()}
    assert safe_text(text) == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("WhatsApp +34 612 34 56 78 !", "WhatsApp [phone ES] !"),
        ("0034 612 345 678", "[phone ES]"),
        ("+1 (416) 967-1111, Toronto", "[phone CA], Toronto"),
        ("\U0001f4de 020 7946 0018", "\U0001f4de [phone]"),
        ("tel: 98765 43210", "tel: [phone]"),
        ("Booking +91 98765 43210 2026", "Booking [phone IN] 2026"),
        ("+800 1234 5678", "[phone]"),
    ],
)
def test_numbers_leave_their_country_only(text, masked):
    assert contact_facts(text)["has_phone"] is True
    assert safe_line(text) == masked


def test_what_a_source_declares_counts_and_silence_is_unknown():
    assert contact_facts(None, email="a@b.example")["emails"] == ("a@b.example",)
    assert contact_facts("hello", has_email=True)["has_email"] is True
    assert contact_facts("hello", has_email=False)["has_email"] is False
    assert contact_facts(None)["has_email"] is None
    assert len(contact_facts(" ".join(f"a{n}@b.example" for n in range(50)))["emails"]) == MAX_EMAILS


def test_two_spellings_of_one_address_meet_and_two_keys_do_not():
    assert normal_email("Ada.B+news@GoogleMail.com") == normal_email("adab@gmail.com") == "adab@gmail.com"
    assert normal_email("A.da+x@Ovens.example") == "a.da+x@ovens.example"
    one, other = account(emails=("A.D.A@gmail.com",)), account(emails=("ada+shop@gmail.com", "ada@gmail.com"))
    expected = hmac.new(KEY, b"ada@gmail.com", hashlib.sha256).hexdigest()
    assert seal(one, KEY).email_hashes == seal(other, KEY).email_hashes == (expected,)
    assert seal(one, derived_key(b"installation", "cursors")).email_hashes != (expected,)
    assert seal(seal(one, KEY), KEY) == seal(one, KEY)
    assert seal(one, KEY).emails == ()


def test_addresses_leave_the_stage_sealed_and_nothing_shows_them():
    body = {
        "login": "ada", "id": 7, "type": "User", "followers": 1, "following": 2, "public_repos": 3,
        "created_at": "2020-01-01T00:00:00Z", "bio": "ada@ovens.example", "email": "Ada@Ovens.example",
    }  # fmt: skip
    about = {"platform": Platform.GITHUB, "source": "github_rest", "kind": "user", "native_id": "7", "fetched_at": AT}
    record = RawRecord(**about, body=body)
    (found,) = Reader(None, KEY).read("creator-raw/x/k", [record]).accounts
    assert found.email_hashes == (hmac.new(KEY, b"ada@ovens.example", hashlib.sha256).hexdigest(),)
    assert (found.emails, found.has_email, found.bio) == ((), True, "[email]")
    (found,) = Reader(None).read("creator-raw/x/k", [record]).accounts
    assert (found.emails, found.email_hashes, found.has_email) == ((), (), True)
    assert "ovens" not in account(emails=("ada@ovens.example",)).model_dump_json()


PIECE = st.sampled_from(
    [
        "ada",
        "@",
        " at ",
        " dot ",
        "(at)",
        ".",
        "com",
        " ",
        "+34 612 345 678",
        "tel ",
        "00",
        "600123456",
        "\n",
        "[email]",
    ]
)


@given(st.lists(PIECE, max_size=40).map("".join) | st.text(max_size=200), st.integers(1, 60))
def test_masking_twice_changes_nothing_and_no_plain_address_stays(text, limit):
    safe = safe_text(text, 10_000) or ""
    assert safe_text(safe, 10_000) == (safe or None)
    assert not re.search(r"[\w.+%-]@[\w-]+\.[\w-]", safe)
    assert len(safe_text(text, limit) or "") <= limit


@given(st.integers(0, 60))
def test_an_address_that_the_limit_cuts_does_not_show(limit):
    assert not re.search("ada|ovens", safe_text("xy " * 10 + "ada@ovens.example", limit) or "")


@pytest.mark.parametrize("letter", ["a", "a-", "a.", "a@", "+1", "0", "tel 1", " at ", "@gmail", "(at)"])
def test_a_megabyte_ends(letter):
    text = letter * (1_000_000 // len(letter))
    assert contact_facts(text) is not None
    assert len(safe_text(text) or "") <= len(clean(text))
