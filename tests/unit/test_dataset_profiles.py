"""Addresses and rows: whose account is it?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creators.datasets import DatasetMapping, parse_mapping
from creators.errors import BadRecord
from creators.profiles import choose, identities, profile_of, profile_url

CHANNEL = "UC" + "a" * 22


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.youtube.com/c/PixelRows", ("youtube", "PixelRows", None)),
        ("https://youtube.com/@PixelRows?sub_confirmation=1", ("youtube", "PixelRows", None)),
        ("http://m.youtube.com/user/queuetv/videos", ("youtube", "queuetv", None)),
        (f"https://www.youtube.com/channel/{CHANNEL}/about", ("youtube", None, CHANNEL)),
        ("youtube.com/barename", ("youtube", "barename", None)),
        ("https://x.com/TownNews/status/1868", ("x", "TownNews", None)),
        ("https://mobile.twitter.com/@TownNews", ("x", "TownNews", None)),
        ("https://twitter.com/#!/TownNews", ("x", "TownNews", None)),
        ("https://www.tiktok.com/@klara.malt/video/1", ("tiktok", "klara.malt", None)),
        ("https://instagram.com/plage.sud/?igshid=1", ("instagram", "plage.sud", None)),
        ("https://github.com/fern/garden", ("github", "fern", None)),
        ("https://www.twitch.tv/vtuber_lumi", ("twitch", "vtuber_lumi", None)),
        ("https://www.linkedin.com/in/fern-l/", ("linkedin", "fern-l", None)),
    ],
)
def test_profiles(url: str, expected: tuple[str, str | None, str | None]) -> None:
    link = profile_of(url)
    assert link is not None
    assert (link.platform, link.handle, link.native_id) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://www.youtube.com/watch?v=abc",
        "https://youtube.com/playlist?list=PL",
        "https://www.youtube.com/channel/short",
        "https://www.youtube.com/c/",
        "https://x.com/i/lists/1",
        "https://x.com/search?q=a",
        "https://www.instagram.com/p/abc/",
        "https://www.tiktok.com/music/a-1",
        "https://github.com/topics/python",
        "https://notx.com/fern",
        "https://x.com.evil.example/fern",
        "mailto:a@x.com",
        "javascript:alert(1)//x.com/a",
        "http://[broken",
    ],
)
def test_what_is_no_profile(url: str) -> None:
    assert profile_of(url) is None


@given(st.text(max_size=60))
def test_any_text_is_a_profile_or_none(text: str) -> None:
    link = profile_of(text)
    assert link is None or link.handle or link.native_id


@given(st.sampled_from(["instagram", "tiktok", "x", "github"]), st.from_regex(r"[A-Za-z0-9]{2,15}", fullmatch=True))
def test_a_canonical_address_leads_back(platform: str, handle: str) -> None:
    address = profile_url(platform, handle, None)
    assert address is not None
    link = profile_of(address)
    assert link is None or (link.platform, link.handle) == (platform, handle)


def test_a_name_on_youtube_has_no_certain_address() -> None:
    assert profile_url("youtube", "PixelRows", None) is None
    assert profile_url("youtube", None, CHANNEL) == f"https://www.youtube.com/channel/{CHANNEL}"
    assert profile_url("x", "two words", None) is None


def mapping(**account: object) -> DatasetMapping:
    return parse_mapping({"title": "T", "platform": "youtube", "account": account})


def test_the_id_column_wins_then_the_address_then_the_handle() -> None:
    columns = mapping(native_id="id", handle="user", url="link")
    full = {"id": "77", "user": "@Foo", "link": f"https://youtube.com/channel/{CHANNEL}"}
    assert [(one.native_id, one.handle) for one in identities(full, columns)] == [("77", "Foo")]
    assert identities(full | {"id": "-"}, columns)[0].native_id == CHANNEL
    assert identities({"user": "@Fo o"}, columns)[0].native_id == "@foo"
    assert identities({"user": CHANNEL}, columns)[0].native_id == CHANNEL
    assert identities({"id": 77.0}, columns)[0].native_id == "77"


def test_an_address_of_another_platform_is_no_id() -> None:
    with pytest.raises(BadRecord, match="no account"):
        identities({"link": "https://x.com/foo"}, mapping(url="link"))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"user": "h" * 101}, "101 characters"),
        ({"user": "a@b.example"}, "e-mail"),
        ({"user": "b\ufffd\ufffdd"}, "damaged"),
        ({"user": "@"}, "no account"),
        ({"user": "N/A"}, "no account"),
        ({"id": "8.41E+17"}, "rounded by a spreadsheet"),
        ({"id": "@foo"}, "map the handle"),
        ({"id": "7" * 257}, "not the id"),
    ],
)
def test_what_cannot_be_an_account(row: dict[str, str], message: str) -> None:
    with pytest.raises(BadRecord, match=message):
        identities(row, mapping(native_id="id", handle="user"))


def test_addresses_in_a_column_of_handles_are_read_and_titles_are_kept() -> None:
    columns = mapping(handle="user")
    assert identities({"user": "https://youtube.com/@Foo"}, columns)[0].handle == "Foo"
    assert identities({"user": "user/foo"}, columns)[0].handle == "foo"
    assert identities({"user": "foo/?hl=es"}, columns)[0].handle == "foo"
    assert identities({"user": "Night/Day"}, columns)[0].handle == "Night/Day"
    with pytest.raises(BadRecord, match="no account"):
        identities({"user": "playlist?list=PL1"}, columns)


def test_platforms_are_translated_without_regard_to_case() -> None:
    columns = parse_mapping(
        {"title": "T", "platform": {"column": "net", "values": {"TT": "tiktok"}}, "account": {"handle": "user"}}
    )
    assert choose(columns.platform, {"net": " tt "}) == "tiktok"
    with pytest.raises(BadRecord, match="'Orkut' is not a platform"):
        identities({"net": "Orkut", "user": "a"}, columns)


def test_a_list_of_accounts_keeps_order_and_drops_what_has_no_id() -> None:
    columns = parse_mapping(
        {
            "title": "T",
            "platform": {"column": "platform", "values": {"x": "x", "github": "github"}},
            "accounts": "accounts",
            "account": {"handle": "handle", "name": "name"},
        }
    )
    items = [
        {"platform": "x", "handle": "a"},
        {"platform": "x", "handle": ""},
        {"platform": "twitch", "handle": "b"},
        {"platform": "github", "handle": "c"},
        {"platform": "x", "handle": "A"},
    ]
    found = identities({"name": "N", "accounts": items}, columns)
    assert [(one.platform, one.native_id) for one in found] == [("x", "@a"), ("github", "@c")]
    assert found[0].row["name"] == "N"
    with pytest.raises(BadRecord, match="column 'accounts': no account"):
        identities({"accounts": items[2:3]}, columns)
