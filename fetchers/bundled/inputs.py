"""The files that the demo table may be compiled from, and how many creators are taken from each kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal["instagram", "tiktok", "youtube", "global", "described", "curated", "speakers", "congress"]


@dataclass(frozen=True, slots=True)
class Input:
    """One file below the data folder, the mapping that reads it, and what only this compiler reads."""

    path: str
    mapping: str
    group: Group
    audience_country: str | None = None
    """The column of the country where most of the audience is."""
    engagement: str | None = None
    """The column of likes and comments per post, an absolute number."""
    categories: tuple[str, ...] = ()
    """What every row of the file is about, because of what the file is."""
    topics: tuple[str, ...] = ()
    country: str = ""


def _monthly(platform: Group, month: str, audience_country: str | None = None, engagement: str | None = None) -> Input:
    name = f"{platform}_{month}"
    return Input(f"creators/top1000/{name}.csv", f"top1000_{name}", platform, audience_country, engagement)


# Oldest first: of two values the later one stays. The snapshots without a month are left out. The header of the first
# Instagram file slipped (its country is under "Views avg."), so its engagement is not read.
INPUTS: tuple[Input, ...] = (
    _monthly("instagram", "2022-06", "Views avg."),
    _monthly("instagram", "2022-09", "Audience country", "Engagement average Values"),
    _monthly("instagram", "2022-11", "Country", "Eng. (Avg.)#2"),
    _monthly("instagram", "2022-12", "country", "Eng. (Avg.)#2"),
    _monthly("tiktok", "2022-06"),
    _monthly("tiktok", "2022-09"),
    _monthly("tiktok", "2022-11"),
    _monthly("tiktok", "2022-12"),
    _monthly("youtube", "2022-06", "Country"),
    _monthly("youtube", "2022-09", "Country"),
    _monthly("youtube", "2022-11", "Country"),
    _monthly("youtube", "2022-12", "Country"),
    Input("creators/youtube_global_statistics_2023.csv", "youtube_global_statistics_2023", "global"),
    Input("creators/youtube_channels_described.csv", "youtube_channels_described", "described"),
    Input("creators/youtube_programming_curated.jsonl", "youtube_programming_curated", "curated"),
    Input(
        "identity/conference_speakers.jsonl",
        "conference_speakers",
        "speakers",
        categories=("Software",),
        topics=("Ruby", "Conference talks"),
    ),
    Input("identity/us_congress.jsonl", "us_congress", "congress", categories=("Politics",), country="US"),
)

QUOTA: dict[Group, int] = {
    "instagram": 660,
    "tiktok": 300,
    "youtube": 500,
    "global": 750,
    "described": 678,
    "curated": 242,
    "speakers": 275,
    "congress": 120,
}
"""Creators taken of each group, the best documented first: together 3,000 to 4,000, at most a tenth legislators."""

COLLECTED = "2026-11-21"
"""The day the files without a date of their own were collected: the date of their rows."""
