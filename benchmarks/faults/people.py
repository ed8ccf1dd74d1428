"""A file of invented accounts for proofs of the pipeline: each row is one account, so that each can be followed."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from creators.datasets import DatasetMapping, parse_mapping
from creators.stores.deadletters import Wanted, each
from mappings.registry import CREATORS

if TYPE_CHECKING:
    from creators.stores.session import Stores

TOPICS = ("cooking", "travel", "python", "football", "chess", "guitars", "gardens", "cats")
FIRST_LINE = 2
"""Line of the first row: the header is line 1."""


def mapping() -> DatasetMapping:
    """Return what the columns are."""
    account = {"handle": "user", "followers": "fans", "bio": "about"}
    return parse_mapping({"title": "people", "platform": "x", "observed_at": "2026-01-31", "account": account})


def write(path: Path, names: Iterable[str]) -> None:
    """Write one row for each handle; row ``n`` is line ``n + FIRST_LINE``."""
    with path.open("w", encoding="utf-8", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(["user", "fans", "about"])
        rows.writerows([name, 1000 + n, TOPICS[n % len(TOPICS)]] for n, name in enumerate(names))


def found(stores: Stores) -> list[str]:
    """Return every handle that a search could show, as often as it could."""
    stores.cluster.refresh(CREATORS)
    body = {"query": {"match_all": {}}, "sort": [{"creator_id": "asc"}], "_source": ["handles"]}
    return [handle for hit in stores.cluster.scan(CREATORS, body, size=5000) for handle in hit["_source"]["handles"]]


def dead(stores: Stores) -> dict[int, dict[str, str]]:
    """Return line → letter of every record that is dead-lettered by itself."""
    letters = [one for has in (True, False) for one in each(stores.cluster, Wanted(), has_object=has)]
    return {int(letter["line"]): letter for letter in letters if letter["line"] is not None}
