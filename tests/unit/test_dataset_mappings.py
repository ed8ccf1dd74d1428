"""The shipped mappings on the real tables, where they are at hand: how many rows, and facts of two of them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from creators.datasets import load_mapping
from creators.errors import BadRecord
from creators.models import Account
from enrich.normalise.dataset import normalise
from fetchers.sources.dataset import open_rows, to_record

DATA = os.environ.get("CREATORSCOPE_TEST_DATA")
pytestmark = pytest.mark.skipif(DATA is None, reason="CREATORSCOPE_TEST_DATA names no folder of real tables")
MAPPINGS = Path(__file__).parents[2] / "mappings" / "datasets"


@dataclass(frozen=True)
class Table:
    path: str
    rows: int
    bad: int
    facts: dict[str, dict[str, Any]]
    """Account id → fields of an account that the table must give."""

    @property
    def mapping(self) -> Path:
        name = Path(self.path).stem
        return MAPPINGS / f"{'top1000_' if 'top1000' in self.path else ''}{name}.toml"


def monthly(name: str, rows: int, **followers: int) -> Table:
    platform = name.partition("_")[0]
    facts = {f"{platform}:@{handle}": {"followers": count} for handle, count in followers.items()}
    return Table(f"creators/top1000/{name}.csv", rows, 0, facts)


TABLES = (
    Table("creators/india_food_yt_ig.csv", 71, 0, {
        "youtube:UCgcUFVynuKwaIZLJkjhzOVg": {"handle": "maddyeats", "followers": 6_170_000, "country": "IN"},
        "instagram:@foodie3": {"platform": "instagram", "engagement_rate": None},
    }),
    Table("creators/instagram_spain_niches.jsonl", 1478, 0, {
        "instagram:@sergioramos": {"followers": 64_300_000, "country": "ES", "categories": ("Sports",)},
        "instagram:@leticiamarchess": {"followers": 3_300_000, "categories": ("Lifestyle",)},
    }),
    Table("creators/instagram_tunisia_bios.jsonl", 105, 0, {
        "instagram:@dorra_zarrouk": {"followers": 16_037_000, "posts": 3121, "following": 1006},
        "instagram:@eya.naccache": {"followers": 386_448, "posts": 2999},
    }),
    Table("creators/taiwan_vtubers.jsonl", 1479, 53, {
        "youtube:UCFahBR2wixu0xOex84bXFvg": {"followers": 445_000, "country": "TW"},
        "youtube:UCh2ykSGKiJB3f-Y8w2LWplw": {"followers": 52_600, "topics": ("預見娛樂",)},
    }),
    Table("creators/tiktok_profiles.csv", 247, 0, {
        "tiktok:6566918905926762501": {"handle": "k.mssqwziiii", "followers": 5826, "country": "SA"},
        "tiktok:6637060722835046405": {"handle": "towwnimaaa_"},
    }),
    Table("creators/x_posts_with_profiles.csv", 588, 0, {
        "x:@globonews": {"handle": "GloboNews", "name": None},
        "x:@nypost": {"posts": 706_459, "following": 10_308},
    }),
    Table("creators/youtube_channels_described.csv", 744, 0, {
        "youtube:UChbmOgxUOdT-TttaPw8-DgA": {"followers": 162_000, "posts": 657, "bio": None},
        "youtube:UC9WxX09vr-01lDKa322FINw": {"views": 124_226_694, "categories": ("Film & Animation",)},
    }),
    Table("creators/youtube_global_statistics_2023.csv", 896, 99, {
        "youtube:@t-series": {"followers": 245_000_000, "views": 228_000_000_000, "country": "IN"},
        "youtube:@youtubemovies": {"posts": 1, "country": "US"},
    }),
    Table("creators/youtube_programming_curated.jsonl", 242, 0, {
        "youtube:@techsithtube": {"name": "techsith", "topics": ("React.js", "JavaScript")},
        "youtube:UC80PWRj_ZU8Zu0HSMNVwKWw": {"name": "Codevolution", "categories": ("Frontend",)},
    }),
    Table("identity/conference_speakers.jsonl", 677, 0, {
        "github:@abedra": {"name": "Aaron Bedra", "person_key": "conference-speakers:aaron-bedra"},
        "x:@andrzejsliwa": {"person_key": "conference-speakers:andrzej-sliwa"},
    }),
    Table("identity/us_congress.jsonl", 249, 0, {
        "x:3026622545": {"handle": "RepAmata", "person_key": "us-congress:R000600"},
        "youtube:UCFtgMZm1YUXaZ8OtOj-GDjA": {"handle": "RepAlGreen"},
    }),
    Table("identity/us_state_legislators.jsonl", 676, 2, {
        "x:@alysegalvin": {"name": "Alyse Galvin"},
        "youtube:UCIoEKW2CuWPfNZKAssvsivg": {"name": "Mark Lowery", "handle": None},
    }),
    Table("identity/biodrop_people.jsonl", 1064, 0, {
        "instagram:@prakhar.3014": {"person_key": "biodrop-people:0xPrakharG"},
        "x:@anishlohiya169": {"name": "Anish Lohiya"},
    }),
    monthly("instagram_2022-06", 527, _rl9=26_600_000, ____kimwoobin=3_600_000),
    monthly("instagram_2022-09", 534, cristiano=477_900_000, leomessi=358_600_000),
    monthly("instagram_2022-11", 498, cristiano=483_100_000, beyonce=275_700_000),
    monthly("instagram_2022-12", 511, leomessi=409_800_000, neymarjr=198_900_000),
    monthly("instagram_2022-undated", 501, _agentgirl_=18_800_000, _rl9=25_000_000),
    monthly("tiktok_2022-06", 521, ___nicoichi___=1_300_000, _ikyikyyy=3_100_000),
    monthly("tiktok_2022-09", 516, jypestraykids=13_800_000, addisonre=88_700_000),
    monthly("tiktok_2022-11", 512, yossikramer=145_600, twice_tiktok_official=18_400_000),
    monthly("tiktok_2022-12", 525, thebrandonrobert=11_600_000, enhypen=13_300_000),
    monthly("tiktok_2022-undated", 504, charlidamelio=135_400_000, bdylanhollis=7_600_000),
    monthly("youtube_2022-06", 529, infobellstamil=26_500_000, supersimplesongs=34_500_000),
    monthly("youtube_2022-09", 553, tseries=224_400_000, wwefannation=90_800_000),
    monthly("youtube_2022-11", 538, tseries=229_500_000, vladandniki=89_100_000),
    monthly("youtube_2022-12", 540, setindia=147_200_000, blackpink=82_800_000),
    monthly("youtube_2022-undated", 531, tseries=212_100_000, vladandniki=80_400_000),
)  # fmt: skip


def results(table: Table) -> Iterator[tuple[Account, ...] | None]:
    """The accounts of each row, ``None`` for a bad one."""
    mapping = load_mapping(table.mapping)
    for line in open_rows(Path(str(DATA)) / table.path, mapping):
        try:
            day = datetime(2026, 11, 21, tzinfo=UTC)
            yield normalise(to_record(line, mapping, dataset_id="real", default_at=day), mapping).accounts
        except BadRecord:
            yield None


@pytest.mark.parametrize("table", TABLES, ids=lambda table: Path(table.path).stem)
def test_a_real_table(table: Table) -> None:
    found = list(results(table))
    assert (sum(row is not None for row in found), sum(row is None for row in found)) == (table.rows, table.bad)
    accounts = {account.account_id: account for row in reversed(found) for account in row or ()}
    for account_id, facts in table.facts.items():
        assert {name: getattr(accounts[account_id], name) for name in facts} == facts


def test_every_mapping_has_its_table() -> None:
    assert sorted(table.mapping for table in TABLES) == sorted(MAPPINGS.glob("*.toml"))
