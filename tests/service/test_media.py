"""A picture with words becomes a creator who is found by them; and the data of a day is measured."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageDraw, ImageFont

from api.app import create_app
from api.media import land_records, read_files
from creators.errors import BadInput, NotFound, SetupError
from creators.stores.session import Stores, work_with
from enrich import annotation_store
from indexers import pipeline, quality
from indexers.jobs import measure_quality
from tests.fixtures.language_model import language_model
from tests.fixtures.settled import bring_rows, drive

ROWS = [
    {"user": "baker", "about": "Rye and patience", "followers": 1200},
    {"user": "painter", "about": "Watercolours of harbours", "followers": 800},
]
WORDS = "Zeppelin masterclass"


def picture_of(text, form="PNG"):
    """Return a picture with a text on it."""
    image = Image.new("RGB", (640, 160), "white")
    ImageDraw.Draw(image).text((30, 50), text, font=ImageFont.load_default(size=40), fill="black")
    into = BytesIO()
    image.save(into, form)
    return into.getvalue()


def found(stores, words):
    """Return the handles of creators with all these words in their texts."""
    body = {"query": {"match": {"search_text": {"query": words, "operator": "and"}}}, "_source": ["handles"]}
    return [hit["_source"]["handles"][0] for hit in stores.cluster.search("creators", body)["hits"]["hits"]]


@pytest.fixture(scope="module")
def people(new_installation, tmp_path_factory):
    """An installation of two creators, one of them with a picture."""
    stores = new_installation()
    bring_rows(stores, tmp_path_factory.mktemp("people"), ROWS)
    return stores


@pytest.fixture(scope="module")
def baker(people):
    """The account that the picture is of."""
    people.cluster.refresh("profiles-tiktok")
    docs = people.cluster.search("profiles-tiktok", {"query": {"term": {"handle": "baker"}}})["hits"]["hits"]
    return docs[0]["_id"]


def add(stores, account, file, *, describe=False):
    """Take a file in; returns the lake keys of what was landed."""
    read = [record for record in read_files(stores, account, [file], describe=describe) if record is not None]
    keys = land_records(stores, read)
    drive(stores)
    return keys


def test_a_creator_is_found_by_what_is_written_on_a_picture(people, baker, tmp_path):
    (tmp_path / "shot.png").write_bytes(picture_of(f"{WORDS}\nmail me: rosa@example.org"))
    assert found(people, WORDS) == []
    keys = add(people, baker, tmp_path / "shot.png")
    assert found(people, WORDS) == ["baker"]
    (kept,) = annotation_store.each(people.cluster, baker)
    assert kept.confidence > 0.9
    # Ways of contact stay out, as everywhere.
    assert "example.org" not in kept.text
    with TestClient(create_app(people.settings)) as client:
        (hit,) = client.post("/v1/creators/search", json={"text": WORDS, "limit": 1}).json()["hits"]
    assert hit["creator"]["handles"] == ["baker"]
    assert hit["creator"]["signals"]["media"]["sample_size"] == 1

    # The same picture again changes nothing.
    before = pipeline.digest(people)
    assert add(people, baker, tmp_path / "shot.png") == keys
    assert pipeline.digest(people) == before


def test_what_is_no_picture_or_nobodys_is_refused(people, baker, tmp_path):
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(BadInput, match=r"text\.png: it cannot be read as a picture"):
        add(people, baker, tmp_path / "text.png")
    with pytest.raises(NotFound, match="not known here"):
        add(people, "tiktok:nobody", tmp_path / "text.png")
    with pytest.raises(BadInput, match="write PLATFORM:ID"):
        add(people, "myspace:tom", tmp_path / "text.png")
    with pytest.raises(SetupError, match="CREATORSCOPE_LLM_BASE_URL"):
        add(people, baker, tmp_path / "text.png", describe=True)


def test_a_configured_model_says_what_a_recording_says(people, baker, tmp_path):
    (tmp_path / "talk.mp3").write_bytes(b"ID3 sound")
    with language_model() as model:
        model.says = lambda _request: json.dumps({"text": "Today we visit a lighthouse"})
        own = {"llm_base_url": model.url, "llm_model": "m", "llm_daily_usd": 5.0}
        stores = Stores(people.settings.model_copy(update=own))
        add(stores, baker, tmp_path / "talk.mp3", describe=True)
        (part,) = model.asked[0]["messages"][1]["content"]
        assert part["type"] == "input_audio"
        add(stores, baker, tmp_path / "talk.mp3", describe=True)
        # The same model is asked about brand risks, too.
        about_sound = [asked for asked in model.asked if isinstance(asked["messages"][1]["content"], list)]
        assert len(about_sound) == 1
    assert found(people, "lighthouse") == ["baker"]


def test_a_day_is_measured_once_and_shown_in_metrics(people):
    now = datetime.now(UTC)
    yesterday = (now - timedelta(days=1)).date().isoformat()
    assert quality.request_when_due(people) is True
    assert quality.request_when_due(people) is False
    work_with(people)
    measure_quality(now.date().isoformat())
    measure_quality(yesterday)
    day = quality.latest(people.cluster)
    assert (day["day"], day["creators"], day["shifted"]) == (now.date().isoformat(), 2, [])
    on_tiktok = day["report"]["missing"]["tiktok"]
    assert on_tiktok["creators"] == 2
    lacking = on_tiktok["fields"]
    assert (lacking["bio"], lacking["account.followers"], lacking["account.following"]) == (0.0, 0.0, 1.0)
    assert day["report"]["identity"]["reviews"] == 0
    with TestClient(create_app(people.settings)) as client:
        shown = client.get("/metrics").text
    assert 'creatorscope_quality_missing_ratio{field="account.following",platform="tiktok"} 1.0' in shown
    assert quality.request_when_due(people) is False, "it is measured"
    people.cluster.refresh("quality")
    assert people.cluster.count("quality") == 2
