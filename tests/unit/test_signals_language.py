"""The language of short, noisy bios, and silence where there is none."""

import csv
import json
import multiprocessing
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrich.signals.language import detect_language, language_text
from mappings.languages import LANGUAGES

BIOS = json.loads((Path(__file__).parent.parent / "data" / "bios_by_language.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", BIOS)
def test_language_of_a_bio(language):
    found, confidence = detect_language(BIOS[language])
    assert found == language
    assert 0.8 <= confidence <= 1


@pytest.mark.parametrize(
    "bio",
    [
        "",
        "   ",
        "🎨🎧✨",
        "@someone @other #love #music #photo",
        "https://example.org/a/very/long/path/with/words",
        "NYC | 24",
        "me@example.org",
        "ok go",
        "Watercolours of harbours",  # which looks French, letter by letter
    ],
)
def test_no_language_to_find(bio):
    assert detect_language(bio) == (None, None)


def test_addresses_and_tags_do_not_decide():
    bio = "Ich male Bilder und lebe am Meer @thebest #followme https://example.com/my-new-shop me@example.com"
    assert detect_language(bio)[0] == "de"
    assert language_text(bio) == "Ich male Bilder und lebe am Meer"


def test_dense_scripts_need_fewer_letters():
    assert detect_language("毎日パン")[0] == "ja"
    assert detect_language("ok") == (None, None)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=80))
def test_any_text_has_a_known_language_or_none_and_always_the_same(text):
    found, confidence = detect_language(text)
    assert (found is None) == (confidence is None)
    assert found is None or found in LANGUAGES
    assert detect_language(text) == (found, confidence)


def _detect(bio, queue):
    queue.put(detect_language(bio))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")  # the fork is what is tested
def test_a_forked_worker_answers_like_its_parent():
    bio = BIOS["fr"]
    expected = detect_language(bio)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    worker = context.Process(target=_detect, args=(bio, queue))
    worker.start()
    found = queue.get(timeout=30)
    worker.join(timeout=30)
    assert worker.exitcode == 0
    assert found == expected


@pytest.mark.skipif("CREATORSCOPE_TEST_DATA" not in os.environ, reason="CREATORSCOPE_TEST_DATA is not set")
def test_real_bios_come_in_many_languages():
    path = Path(os.environ["CREATORSCOPE_TEST_DATA"]) / "creators" / "youtube_channels_described.csv"
    with path.open(encoding="utf-8", newline="") as file:
        found = [detect_language(row["channel_description"])[0] for row in csv.DictReader(file)]
    assert len(set(found)) >= 10
    assert found.count("en") > 100
