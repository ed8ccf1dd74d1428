"""What rounding costs in ranking, how often a niche is right, and what language detection costs, on real data."""

from __future__ import annotations

import csv
import gzip
import json
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.encoder.variants import encoders
from creators.settings import load_settings
from enrich.encoders.text import TextEncoder, Vectors, default_encoder
from enrich.signals.language import MIN_CONFIDENCE, MIN_LETTERS, detect_language, language_text
from enrich.signals.niche import NicheClassifier, NicheInput
from mappings.languages import LANGUAGES

COLLECTIONS = {
    "cranfield": ("queries.jsonl", "qrels.tsv"),
    "scifact": ("queries.train.jsonl", "qrels.train.tsv"),
}
CUT = 10
RESAMPLES = 2_000

# YouTube's fifteen categories are coarser than our niches: each accepts several. Two that say nothing are left out.
ACCEPTED = {
    "Travel & Events": "travel outdoors food vlogs nature",
    "Movies": "film_tv",
    "Film & Animation": "film_tv animation anime_vtubers",
    "Comedy": "comedy",
    "Nonprofits & Activism": "nonprofit religion health politics education nature",
    "Music": "music dance",
    "Autos & Vehicles": "automotive motorsport",
    "Sports": "sports soccer fitness motorsport outdoors",
    "Pets & Animals": "pets_animals nature",
    "Gaming": "gaming game_development",
    "Science & Technology": "technology science programming web_development data_ai devops_cloud cybersecurity "
    "electronics mathematics",
    "Howto & Style": "diy_crafts beauty fashion food home_garden lifestyle modeling asmr design art",
    "News & Politics": "news politics",
    "Education": "education kids science mathematics programming books finance business",
    "Anime": "anime_vtubers animation",
    "Cartoons & Animations": "animation kids",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A judged collection, as it is searched: one question and its grades (document → grade) at the same place."""

    ids: list[str]
    bodies: list[str]
    questions: list[str]
    grades: list[dict[str, int]]

    def gains(self, encoder: TextEncoder) -> Vectors:
        """Return nDCG@10 of exact search for each question."""
        scores = encoder.encode(self.questions) @ encoder.encode(self.bodies).T
        return np.array([ndcg(row, self.ids, rel) for row, rel in zip(scores, self.grades, strict=True)])


def collection(data: Path, name: str) -> Judged:
    """Return the questions of a collection that have judgements, and all its documents.

    Args:
        data: holds ``relevance/<name>`` in BEIR layout.
        name: one of :data:`COLLECTIONS`.
    """
    queries_file, judgements_file = COLLECTIONS[name]
    folder = data / "relevance" / name
    with gzip.open(folder / "corpus.jsonl.gz", "rt", encoding="utf-8") as file:
        documents = [json.loads(line) for line in file.read().split("\n") if line.strip()]
    relevant = judgements(folder / judgements_file)
    lines = (folder / queries_file).read_text(encoding="utf-8").split("\n")
    queries = [query for query in map(json.loads, filter(None, lines)) if query["_id"] in relevant]
    return Judged(
        ids=[document["_id"] for document in documents],
        bodies=[f"{document['title']}. {document['text']}" for document in documents],
        questions=[query["text"] for query in queries],
        grades=[relevant[query["_id"]] for query in queries],
    )


def relevance(data: Path, name: str, threads: int) -> dict[str, Any]:
    """Return nDCG@10 of exact search with each encoder and the 95 % interval of the difference."""
    judged = collection(data, name)
    gains: dict[str, Vectors] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for variant, encoder in encoders(Path(scratch), threads).items():
            gains[variant] = judged.gains(encoder)
    difference = gains["int8"] - gains["fp32"]
    random = np.random.default_rng(1)
    means = [random.choice(difference, len(difference)).mean() for _ in range(RESAMPLES)]
    return {
        "collection": name,
        "queries": len(judged.questions),
        **{f"ndcg10_{variant}": round(float(values.mean()), 4) for variant, values in gains.items()},
        "difference": round(float(difference.mean()), 4),
        "interval": [round(float(bound), 4) for bound in np.percentile(means, [2.5, 97.5])],
    }


def judgements(path: Path) -> dict[str, dict[str, int]]:
    """Return query → relevant document → grade, of a table with these three columns."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for line in path.read_text(encoding="utf-8").splitlines():
        query, document, score = line.split("\t")
        if score.isdigit() and int(score) > 0:
            found[query][document] = int(score)
    return found


def ndcg(scores: Vectors, ids: list[str], relevant: dict[str, int]) -> float:
    """Return nDCG@10 (linear gain) of documents in the order of their scores."""
    discounts = 1 / np.log2(np.arange(2, CUT + 2))
    gained = np.array([relevant.get(ids[row], 0) for row in np.argsort(-scores, kind="stable")[:CUT]])
    ideal = np.array(sorted(relevant.values(), reverse=True)[:CUT])
    return float((gained * discounts).sum() / (ideal * discounts[: len(ideal)]).sum())


def niches(data: Path) -> dict[str, Any]:
    """Return how often the niches read from channel descriptions are accepted by the category of the channel."""
    settings = load_settings()
    classifier = NicheClassifier(default_encoder(settings.cache_dir, settings.encoder_dir, "cpu", 0).encode)
    rows = {row["channel_description"]: row["category"] for row in _channels(data) if row["category"] in ACCEPTED}
    found = classifier.classify([NicheInput(bio=description) for description in rows])
    accepted = [set(ACCEPTED[category].split()) for category in rows.values()]
    pairs = [
        (score.confidence, score.niche in right)
        for scores, right in zip(found, accepted, strict=True)
        for score in scores
    ]
    bands = [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (0.6, 0.75), (0.75, 1.0)]
    inside = {band: [hit for confidence, hit in pairs if band[0] <= confidence < band[1]] for band in bands}
    first = [scores[0].niche in right for scores, right in zip(found, accepted, strict=True) if scores]
    return {
        "channels": len(rows),
        "answered": round(len(first) / len(rows), 3),
        "first_right_when_answered": round(float(np.mean(first)), 3),
        "bands": {
            f"{low}-{high}": {"niches": len(hits), "right": round(float(np.mean(hits)), 2)}
            for (low, high), hits in inside.items()
        },
    }


def language(data: Path) -> dict[str, Any]:
    """Return the speed of language detection and its agreement with Lingua's accurate mode where that is sure."""
    from lingua import IsoCode639_1, Language, LanguageDetectorBuilder

    texts = [row["channel_description"] for row in _channels(data)]
    detect_language(texts[0])
    start = time.perf_counter()
    found = [detect_language(text)[0] for text in texts]
    seconds = time.perf_counter() - start
    languages = [Language.from_iso_code_639_1(IsoCode639_1.from_str(code)) for code in LANGUAGES]
    accurate = LanguageDetectorBuilder.from_languages(*languages).build()
    words = [language_text(text) for text in texts]
    start = time.perf_counter()
    best = [accurate.compute_language_confidence_values(text)[0] for text in words]
    slower = (time.perf_counter() - start) / seconds
    sure = [
        (ours, theirs.language.iso_code_639_1.name.lower())
        for ours, theirs, text in zip(found, best, words, strict=True)
        if theirs.value >= MIN_CONFIDENCE and sum(map(str.isalpha, text)) >= MIN_LETTERS
    ]
    answered = [(ours, theirs) for ours, theirs in sure if ours]
    return {
        "texts": len(texts),
        "texts_per_s": round(len(texts) / seconds),
        "accurate_mode_times_slower": round(slower, 1),
        "sure": len(sure),
        "answered": round(len(answered) / len(sure), 4),
        "agree": round(float(np.mean([ours == theirs for ours, theirs in answered])), 4),
    }


def _channels(data: Path) -> list[dict[str, str]]:
    with (data / "creators" / "youtube_channels_described.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["channel_description"].strip()]
