"""Rows become accounts and posts."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.datasets import parse_mapping
from creators.errors import BadRecord
from creators.models import Account, Link, RawRecord
from enrich.normalise.contract import Normalised
from enrich.normalise.dataset import normalise

AT = datetime(2026, 1, 2, tzinfo=UTC)


def run(row: dict[str, Any], account: dict[str, Any], **mapping: Any) -> Normalised:
    parsed = parse_mapping({"title": "Our list № 1", "platform": "tiktok", "account": account, **mapping})
    body = {"dataset": "d", "line": 2, "row": row}
    record = RawRecord(
        platform="tiktok", source="dataset", kind="row", native_id="@a", fetched_at=AT, tier=2, degraded=True, body=body
    )
    return normalise(record, parsed)


def one(row: dict[str, Any], account: dict[str, Any], **mapping: Any) -> Account:
    (found,) = run({"user": "a", **row}, {"handle": "user", **account}, **mapping).accounts
    return found


def test_every_field_of_an_account() -> None:
    names = [
        "native_id", "name", "bio", "website", "country", "language", "verified", "categories", "topics",
        "followers", "following", "posts", "views", "avg_views", "avg_likes", "avg_comments", "avg_shares",
        "engagement_rate", "joined_on", "last_posted_at", "history", "provenance",
    ]  # fmt: skip
    row = {
        "user": " @Foo.Bar ", "native_id": "77", "name": "Foo\u200b \n Bar", "bio": "one\r\ntwo ",
        "website": "foo.example/me", "country": "Brazil", "language": "pt-BR", "verified": "yes",
        "categories": "Art|Food", "topics": '["clay"]', "followers": "50.7K", "following": "3", "posts": "4",
        "views": "2.28E+11", "avg_views": "1.5", "avg_likes": "2K", "avg_comments": "3", "avg_shares": "0",
        "engagement_rate": "3.1%", "joined_on": "2019", "last_posted_at": "2025-01-02T03:04:05Z",
        "history": "2025-02-01=200; 2025-01-01=100", "provenance": "list.csv",
    }  # fmt: skip
    (found,) = run(row, {"handle": "user"} | {name: name for name in names}).accounts
    assert found.model_dump(mode="json", exclude_defaults=True) == {
        "platform": "tiktok", "native_id": "77", "handle": "Foo.Bar", "name": "Foo Bar", "bio": "one\ntwo",
        "url": "https://www.tiktok.com/@Foo.Bar", "website": "https://foo.example/me", "country": "BR",
        "language": "pt", "verified": True, "categories": ["Art", "Food"], "topics": ["clay"], "followers": 50_700,
        "following": 3, "posts": 4, "views": 228_000_000_000,
        "averages": {"views": 1.5, "likes": 2000.0, "comments": 3.0, "shares": 0.0}, "engagement_rate": 0.031,
        "joined_on": "2019-01-01", "last_posted_at": "2025-01-02T03:04:05Z",
        "history": [
            {"at": "2025-01-01T00:00:00Z", "followers": 100}, {"at": "2025-02-01T00:00:00Z", "followers": 200},
        ],
        "provenance": "list.csv", "source": "dataset", "tier": 2, "degraded": True,
        "fetched_at": "2026-01-02T00:00:00Z",
    }  # fmt: skip


def test_unknown_is_none_and_never_zero() -> None:
    found = one({"n": "n/a", "c": "Atlantis", "w": "soon", "l": "english"}, {
        "followers": "n", "country": "c", "website": "w", "language": "l", "categories": "n", "verified": "n",
    })  # fmt: skip
    assert (found.followers, found.country, found.website, found.language) == (None, None, None, None)
    assert (found.categories, found.verified, found.name, found.bio) == ((), None, None, None)
    assert found.averages.views is None


def test_email_addresses_are_masked_and_only_their_presence_is_kept() -> None:
    found = one(
        {"bio": "Write to ann.lee+x@mail.example.org or a@b.de!", "name": "Ann ann@mail.example"},
        {"bio": "bio", "name": "name"},
    )
    assert found.bio == "Write to [email] or [email]!"
    assert found.name == "Ann [email]"
    assert found.has_email is True
    column = one({"mail": "ann@mail.example"}, {"email": "mail"})
    assert column.has_email is True
    assert "ann@mail.example" not in column.model_dump_json()
    assert one({"mail": "", "bio": "I am @home"}, {"email": "mail", "bio": "bio"}).has_email is None


@given(
    st.text(max_size=30),
    st.from_regex(r"[a-z0-9.]{1,10}@[a-z]{1,8}\.(com|co\.uk)", fullmatch=True),
    st.text(max_size=30),
)
def test_no_address_survives_in_a_bio(before: str, address: str, after: str) -> None:
    bio = one({"bio": f"{before} {address} {after}"}, {"bio": "bio"}).bio
    assert address not in str(bio)


def test_a_bio_is_cut_at_five_thousand_characters() -> None:
    assert len(one({"bio": "x" * 9_000}, {"bio": "bio"}).bio or "") == 5_000


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("followers", "-1"),
        ("followers", "many"),
        ("posts", "1.5"),
        ("avg_likes", "-3"),
        ("engagement_rate", "18510000"),
        ("verified", "perhaps"),
        ("joined_on", "03/04/2020"),
        ("history", "2022-06-15:7"),
        ("history", "soon=7"),
    ],
)
def test_a_cell_that_its_field_cannot_hold_is_a_bad_record(column: str, value: str) -> None:
    with pytest.raises(BadRecord, match=f"column 'c_{column}': ") as caught:
        one({f"c_{column}": value}, {column: f"c_{column}"})
    assert caught.value.field == f"c_{column}"


def test_a_model_that_refuses_a_value_names_field_value_and_fix() -> None:
    post = {"native_id": "pid"}
    with pytest.raises(BadRecord, match=r"native_id: 'p{60}' cannot be it .* correct the cell") as caught:
        run({"user": "a", "pid": "p" * 300}, {"handle": "user"}, post=post)
    assert caught.value.field == "native_id"


def test_a_record_without_a_row() -> None:
    record = RawRecord(platform="x", source="dataset", kind="row", native_id="a", fetched_at=AT, body={})
    mapping = parse_mapping({"title": "T", "platform": "x", "account": {"handle": "user"}})
    with pytest.raises(BadRecord, match=r"body\.row"):
        normalise(record, mapping)


PEOPLE = {
    "platform": {"column": "net", "values": {"x": "x", "gh": "github"}},
    "accounts": "accounts",
}
COLUMNS = {"handle": "user", "url": "url", "name": "name"}


def test_accounts_of_one_row_share_a_person_and_other_networks_are_links() -> None:
    row = {
        "id": "p 1",
        "name": "Ann",
        "accounts": [
            {"net": "gh", "user": "ann"},
            {"net": "x", "user": "@Ann_L"},
            {"net": "linkedin", "user": "ann-l", "url": "https://www.linkedin.com/in/ann-l/"},
            {"net": "mastodon", "user": "https://social.example/@ann"},
            {"net": "orkut", "user": "ann"},
        ],
    }
    found = run(row, COLUMNS, person_id="id", **PEOPLE).accounts
    assert [one.account_id for one in found] == ["github:@ann", "x:@ann_l"]
    assert {one.person_key for one in found} == {"our-list-no-1:p 1"}
    assert {one.name for one in found} == {"Ann"}
    assert found[0].links == (
        Link(platform="linkedin", handle="ann-l", url="https://www.linkedin.com/in/ann-l/"),
        Link(platform="mastodon", url="https://social.example/@ann"),
        Link(platform="orkut", handle="ann"),
    )


def test_without_a_person_id_the_first_account_links_the_others() -> None:
    row = {"accounts": [{"net": "gh", "user": "ann"}, {"net": "x", "user": "ann_l"}]}
    assert {one.person_key for one in run(row, COLUMNS, **PEOPLE).accounts} == {"github:@ann"}
    alone = {"accounts": row["accounts"][:1]}
    assert run(alone, COLUMNS, **PEOPLE).accounts[0].person_key is None


def test_links_come_from_addresses_objects_handles_and_the_website() -> None:
    row = {
        "links": [
            "https://x.com/foo",
            {"platform": "Twitch", "handle": "@foo"},
            "https://foo.example",
            {"handle": "no"},
        ],
        "site": "https://github.com/foo",
        "twitch": {"id": "foo2"},
        "own": "https://www.tiktok.com/@a",
    }
    found = one(row, {"links": ["links", "own"], "website": "site", "link_handles": {"twitch": "twitch.id"}})
    assert [(link.platform, link.handle) for link in found.links] == [
        ("x", "foo"), ("twitch", "foo"), ("github", "foo"), ("twitch", "foo2"),
    ]  # fmt: skip


def test_a_post_belongs_to_the_account_of_its_row() -> None:
    post = {
        "native_id": "pid", "text": "text", "posted_at": "at", "views": "v", "likes": "v", "comments": "v",
        "shares": "v", "hashtags": "tags",
    }  # fmt: skip
    row = {"user": "a", "pid": "99", "text": "Hi\n\nmail a@b.de", "at": '"2024-12-15T22:51:08.000Z"', "v": "1.2K"}
    found = run(row | {"tags": '["#Clay", "tea"]'}, {"handle": "user"}, post=post).posts
    assert [one.model_dump(mode="json", exclude_defaults=True) for one in found] == [
        {
            "platform": "tiktok", "native_id": "99", "account_id": "tiktok:@a", "text": "Hi\nmail [email]",
            "posted_at": "2024-12-15T22:51:08Z", "views": 1200, "likes": 1200, "comments": 1200, "shares": 1200,
            "hashtags": ["Clay", "tea"], "source": "dataset", "fetched_at": "2026-01-02T00:00:00Z",
        }
    ]  # fmt: skip
    assert run({"user": "a"}, {"handle": "user"}, post=post).posts == ()


def test_a_composed_bio_says_what_is_known_and_says_that_it_is_composed() -> None:
    columns = {"categories": "cat", "country": "land", "followers": "fans", "joined_on": "since", "bio": "bio"}
    row = {"cat": "Music & Dance", "land": "India", "fans": "229.5M", "since": "2006-03-13"}
    grown = {**row, "fans": "230M"}
    bios = set()
    for number in range(30):
        found = one({**row, "user": f"a{number}"}, columns, compose_bio=True)
        assert found.bio_composed
        for fact in ("Music & Dance", "India", "2006", "TikTok"):
            assert fact in str(found.bio)
        assert str(found.bio).endswith(".")
        assert found.bio == one({**grown, "user": f"a{number}"}, columns, compose_bio=True).bio
        bios.add(found.bio)
    assert len(bios) == 3
    assert "TikTok account about Music & Dance from India, since 2006." in bios
    written = one({**row, "bio": "mine"}, columns, compose_bio=True)
    assert (written.bio, written.bio_composed) == ("mine", False)


def test_nothing_known_is_no_bio() -> None:
    found = one({}, {"followers": "fans"}, compose_bio=True)
    assert (found.bio, found.bio_composed) == (None, False)


@given(st.dictionaries(st.sampled_from(["followers", "categories", "country", "joined_on"]), st.booleans()))
def test_composed_bios_are_sentences_whatever_is_missing(known: dict[str, bool]) -> None:
    cells = {"followers": "950", "categories": "Art|Tea|Clay", "country": "ES", "joined_on": "2011"}
    row = {name: cells[name] for name, filled in known.items() if filled}
    for number in range(6):
        bio = one({**row, "user": f"b{number}"}, {name: name for name in cells}, compose_bio=True).bio
        assert bio is None if not row.keys() - {"followers"} else str(bio).endswith(".")
        for wrong in ("None", "  ", " ,", ",,", " .", ".."):
            assert wrong not in str(bio or "")


def test_the_day_of_joining_from_three_columns() -> None:
    found = one({"y": 2006, "m": "Mar", "d": "13"}, {"joined_on": ["y", "m", "d"]})
    assert found.joined_on == date(2006, 3, 13)


def test_cells_of_a_megabyte_are_read_to_a_bound() -> None:
    labels = "|".join(f"tag{number}" for number in range(5_000))
    row = {"bio": "a" * 900_000, "site": "a." * 400_000 + "@", "tags": labels, "link": "youtube.com/" + "b" * 900_000}
    found = one(row, {"bio": "bio", "website": "site", "topics": "tags", "links": "link"})
    assert (len(found.bio or ""), found.website, len(found.topics), found.links) == (5_000, None, 100, ())
