"""Free text, language and engagement on what people wrote: our own bios always, real tables where present."""

from __future__ import annotations

import csv
import json
import os
import statistics
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.fixtures.installations import ingest

ROOT = Path(__file__).parents[2]
BIOS = json.loads((ROOT / "tests" / "data" / "bios_by_language.json").read_text(encoding="utf-8"))
DATA = os.environ.get("CREATORSCOPE_TEST_DATA")
needs_data = pytest.mark.skipif(DATA is None, reason="CREATORSCOPE_TEST_DATA names no folder of real tables")
SAMPLED = 40
FOUND_AMONG = 10


def search(client: TestClient, **body: object) -> dict:
    answer = client.post("/v1/creators/search", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def written(new_installation, tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    rows = [{"user": f"writer_{language}", "about": bio} for language, bio in BIOS.items()]
    (folder / "bios.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "bios.toml").write_text(
        'title = "bios"\nplatform = "tiktok"\n[account]\nhandle = "user"\nbio = "about"\n'
    )
    stores = new_installation()
    assert ingest(stores, folder / "bios.jsonl", folder / "bios.toml").indexed == len(rows)
    with TestClient(create_app(stores.settings)) as client:
        yield client


@pytest.mark.parametrize("language", sorted(BIOS))
def test_a_bio_is_found_by_its_language(written, language):
    hits = search(written, filters={"languages": [language]})["hits"]
    assert f"writer_{language}" in {handle for hit in hits for handle in hit["creator"]["handles"]}


def test_meaning_finds_a_bio_whose_words_were_not_said(written):
    hits = search(written, text="takes pictures of animals in the forest", limit=3)["hits"]
    assert hits[0]["creator"]["handles"] == ["writer_en"]


@pytest.fixture(scope="module")
def described(new_installation):
    stores = new_installation()
    table = Path(str(DATA)) / "creators" / "youtube_channels_described.csv"
    balance = ingest(stores, table, ROOT / "mappings" / "datasets" / "youtube_channels_described.toml")
    assert balance.is_balanced
    assert balance.dead_lettered == 0
    with table.open(encoding="utf-8", newline="") as file, TestClient(create_app(stores.settings)) as client:
        yield client, list(csv.DictReader(file))


@needs_data
def test_a_real_channel_is_found_by_a_passage_of_its_description(described):
    client, rows = described
    long = [row for row in rows if len(row["channel_description"].split()) >= 20]
    chosen = long[:: max(1, len(long) // SAMPLED)][:SAMPLED]
    assert len(chosen) == SAMPLED
    found = 0
    for row in chosen:
        passage = " ".join(row["channel_description"].split()[4:14])
        hits = search(client, text=passage, limit=FOUND_AMONG)["hits"]
        found += row["channel_id"] in {hit["creator"]["accounts"]["youtube"]["native_id"] for hit in hits}
    assert found >= 0.85 * SAMPLED, f"{found} of {SAMPLED} found among the first {FOUND_AMONG}"


@needs_data
def test_real_descriptions_in_thai_are_thai(described):
    client, rows = described
    thai = {
        row["channel_id"]
        for row in rows
        if sum("\u0e00" <= letter <= "\u0e7f" for letter in row["channel_description"]) > 100
    }
    page = search(client, filters={"languages": ["th"]}, limit=100)
    assert thai
    assert thai <= {hit["creator"]["accounts"]["youtube"]["native_id"] for hit in page["hits"]}


@needs_data
def test_engagement_of_real_authors_is_the_median_over_their_recent_posts(new_installation):
    stores = new_installation()
    table = Path(str(DATA)) / "creators" / "x_posts_with_profiles.csv"
    balance = ingest(stores, table, ROOT / "mappings" / "datasets" / "x_posts_with_profiles.toml")
    assert balance.is_balanced
    as_of = datetime.fromisoformat("2024-12-16T06:00:00+00:00")
    posts: dict[str, list[tuple[datetime, float]]] = defaultdict(list)
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            handle = row["url"].split("/")[3].casefold()
            at = datetime.fromisoformat(row["date_posted"].strip('"'))
            counted = [row[name] for name in ("likes", "replies", "reposts", "followers")]
            if as_of - at <= timedelta(days=60) and all(value.isdigit() for value in counted):
                likes, replies, reposts, followers = map(int, counted)
                posts[handle].append((at, (likes + replies + reposts) / followers))
    checked = 0
    with TestClient(create_app(stores.settings)) as client:
        for handle, seen in posts.items():
            recent = [rate for _, rate in sorted(seen, reverse=True)[:12]]
            if len(recent) < 3:
                continue
            creator = client.get("/v1/creators/lookup", params={"platform": "x", "handle": handle}).json()
            # The table repeats an author's follower count with every post, and it moves by a few between them.
            assert creator["accounts"]["x"]["engagement_rate"] == pytest.approx(statistics.median(recent), rel=1e-3)
            checked += 1
    assert checked >= 20
