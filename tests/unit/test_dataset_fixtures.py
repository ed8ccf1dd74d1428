"""The shipped mappings on twins of the real tables: same headers, same quirks, invented creators."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from creators.datasets import load_mapping
from creators.errors import BadRecord
from creators.models import Account
from enrich.normalise.contract import Normalised
from enrich.normalise.dataset import normalise
from fetchers.sources.dataset import open_rows, to_record

ROOT = Path(__file__).parents[2]
TABLES = sorted((ROOT / "tests" / "fixtures" / "datasets").iterdir())
DAY = datetime(2026, 1, 2, tzinfo=UTC)


def read(name: str) -> Iterator[Normalised | BadRecord]:
    (path,) = (table for table in TABLES if table.stem == name)
    mapping = load_mapping(ROOT / "mappings" / "datasets" / f"{name}.toml")
    for line in open_rows(path, mapping):
        try:
            yield normalise(to_record(line, mapping, dataset_id=name, default_at=DAY), mapping)
        except BadRecord as problem:
            yield problem


def accounts(name: str) -> list[Account]:
    return [account for found in read(name) if isinstance(found, Normalised) for account in found.accounts]


def problems(name: str) -> list[str]:
    return [found.detail for found in read(name) if isinstance(found, BadRecord)]


@pytest.mark.parametrize("name", [path.stem for path in TABLES])
def test_every_twin_is_read(name: str) -> None:
    assert accounts(name)


def test_every_mapping_loads() -> None:
    names = [load_mapping(path).title for path in sorted((ROOT / "mappings" / "datasets").glob("*.toml"))]
    assert len(names) == len(set(names)) == 28


def test_two_platforms_in_one_table() -> None:
    first, second = accounts("india_food_yt_ig")
    assert (first.account_id, first.handle) == ("youtube:UCaaaaaaaaaaaaaaaaaaaaaa", "masalapot")
    assert (first.followers, first.engagement_rate, first.country, first.has_email) == (61_700, None, "IN", True)
    assert (first.categories, first.topics) == (("street_food", "indian_food"), ("north_indian",))
    assert str(first.bio).endswith("Write to [email]")
    assert (second.account_id, second.bio) == ("instagram:@chaiandtoast", None)
    assert first.fetched_at.date().isoformat() == "2026-01-15"


def test_countries_in_three_languages_and_rates_above_one() -> None:
    found = accounts("instagram_spain_niches")
    assert [one.country for one in found] == ["ES", "ES"]
    assert found[0].categories == ("Food", "Travel")
    assert found[1].engagement_rate == pytest.approx(1.4014)


def test_a_decimal_comma_before_a_unit() -> None:
    found = accounts("instagram_tunisia_bios")
    assert [one.followers for one in found] == [16_037_000, 450_584]
    assert (found[0].handle, found[0].posts, found[0].following) == ("jasmin_tunis", 3121, 1006)
    assert (found[1].name, found[1].has_email, found[1].bio) == (None, True, "Mode. [email]")


def test_tagged_counts_and_twitch_only_creators() -> None:
    lumi, kumo = accounts("taiwan_vtubers")
    assert (lumi.followers, lumi.country, lumi.topics) == (44_500, "TW", ("星屋",))
    assert [(link.platform, link.handle) for link in lumi.links] == [("twitch", "vtuber_lumi")]
    assert (kumo.followers, kumo.country) == (None, None)
    assert ["no account" in problem for problem in problems("taiwan_vtubers")] == [True]


def test_a_handle_that_is_in_the_address_only() -> None:
    klara, nimm = accounts("tiktok_profiles")
    assert (klara.account_id, klara.handle) == ("tiktok:6566000000000000001", "klara.malt")
    assert [link.handle for link in klara.links] == ["klaramalt"]
    assert (klara.country, klara.language, klara.joined_on) == ("SA", None, None)
    assert (nimm.bio, nimm.country, nimm.following, nimm.engagement_rate) == ("Nur Tee", None, None, 10.53)


def test_posts_with_masked_names_and_quoted_dates() -> None:
    (found,) = read("x_posts_with_profiles")
    assert isinstance(found, Normalised)
    (account,), (post,) = found.accounts, found.posts
    assert (account.account_id, account.handle, account.name) == ("x:@townnews", "TownNews", None)
    assert (post.post_id, post.account_id) == ("x:1868000000000000001", "x:@townnews")
    assert (post.posted_at, post.hashtags) == (datetime(2024, 12, 15, 22, 51, 8, tzinfo=UTC), ("harbour", "ferry"))
    assert (post.views, post.likes, post.comments, post.shares) == (8369, 33, 2, 1)


def test_descriptions_over_lines_and_dates_of_two_precisions() -> None:
    house, pigeons = accounts("youtube_channels_described")
    assert (house.name, house.bio, str(house.joined_on)) == ("Дом дождя", None, "2023-10-09")
    assert (pigeons.bio, pigeons.has_email) == ("Pigeons.\nMail: [email]", True)


def test_nan_texts_scientific_views_and_a_date_in_three_columns() -> None:
    drum, day = accounts("youtube_global_statistics_2023")
    assert (drum.views, drum.country, str(drum.joined_on)) == (228_000_000_000, "IN", "2006-03-13")
    assert (drum.categories, drum.bio_composed) == (("Music",), True)
    assert (day.handle, day.country, day.joined_on, day.posts) == ("Night/Day", None, None, None)
    assert ["damaged" in problem for problem in problems("youtube_global_statistics_2023")] == [True]


def test_four_forms_of_a_channel_address() -> None:
    found = accounts("youtube_programming_curated")
    assert [one.native_id for one in found] == ["@pixelrows", "UCffffffffffffffffffffff", "@queuetv", "@barename"]
    assert found[0].topics == ("React.js", "CSS")


def test_headers_that_slip_repeat_or_break_over_lines() -> None:
    first, again = accounts("top1000_instagram_2022-06")
    assert (first.followers, first.categories, first.country) == (3_600_000, ("Lifestyle",), None)
    assert first == again
    (runner,) = accounts("top1000_instagram_2022-09")
    assert (runner.handle, runner.followers) == ("rio.runner", 477_900)
    assert runner.categories == ("Sports with a ball", "Family")
    (plane,) = accounts("top1000_tiktok_2022-11")
    assert (plane.followers, plane.averages.views, plane.averages.shares) == (145_600, 26_800_000, 797)


def test_spreadsheet_errors_are_missing_and_a_title_may_stand_for_the_handle() -> None:
    (boat,) = accounts("top1000_youtube_2022-06")
    assert (boat.native_id, boat.handle, boat.averages.comments) == ("@toyboatindia", "toy boat India", None)
    assert boat.fetched_at == datetime(2022, 6, 15, tzinfo=UTC)


def test_people_with_several_accounts() -> None:
    found = accounts("conference_speakers")
    assert [one.account_id for one in found] == ["github:@adabrook", "x:@adabrook"]
    assert {one.person_key for one in found} == {"conference-speakers:ada-brook"}
    assert [(link.platform, link.handle) for link in found[0].links] == [
        ("mastodon", None),
        ("bluesky", "ada.bsky.social"),
    ]


def test_native_ids_beside_a_list_of_accounts() -> None:
    found = accounts("us_congress")
    assert [one.account_id for one in found] == [
        "x:3026620000", "youtube:UCgggggggggggggggggggggg", "instagram:@rephill",
    ]  # fmt: skip
    assert {(one.website, one.name) for one in found} == {("https://hill.example", "Zoe Hill")}


def test_paths_in_a_column_of_handles() -> None:
    found = accounts("us_state_legislators")
    assert [one.account_id for one in found] == ["instagram:@leemoss", "youtube:@leemoss"]
    assert {one.website for one in found} == {"https://moss.example/"}
    assert ["no account" in problem for problem in problems("us_state_legislators")] == [True]


def test_self_declared_accounts_share_bio_and_tags() -> None:
    found = accounts("biodrop_people")
    assert [one.account_id for one in found] == ["x:@fern", "github:@fern", "youtube:@ferntv"]
    assert {one.topics for one in found} == {("Open Source", "Rust")}
    assert {link.platform for one in found for link in one.links} == {"linkedin"}
