"""Writes the models that the product ships, and measures them: weights only, no row of what they were learnt from."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.machine import machine
from benchmarks.signals import bots, niche
from benchmarks.signals.additive import document
from benchmarks.signals.graph import head_graph
from benchmarks.signals.ridge import Choice
from benchmarks.signals.scores import PACKAGES, area, reliability
from benchmarks.signals.tables import Row
from benchmarks.signals.views import channels
from creators.settings import load_settings
from enrich.encoders.text import default_encoder
from enrich.signals.authenticity import ProfileModel
from enrich.signals.niche import NicheClassifier
from enrich.signals.niche_head import NicheHead
from enrich.signals.profile_features import Profile, profile_features

DATA = Path(__file__).parents[2] / "enrich" / "signals" / "data"
CHOICE = Choice({"vector": 0.2, "similarities": 0.3, "ngrams": 0.3})
"""What leave-one-out chose on the words of all rows (``README.md``)."""
LEAST_ROWS = 10
"""A category of fewer different texts is left out: it would be learnt by heart."""
ACTIVE_BOTS = 0.12
"""Share of bots among active accounts of X, 9 to 15 %: Varol et al. 2017, arXiv 1703.03107."""
REPEATS = 200


def distinct(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that have words of their own and a category of at least ten such rows."""
    once = list({row["channel_description"]: row for row in rows if row.get("channel_description")}.values())
    counts = {label: sum(row[niche.LABEL] == label for row in once) for label in {row[niche.LABEL] for row in once}}
    return [row for row in once if counts[row[niche.LABEL]] >= LEAST_ROWS]


def ship_niche(train: Path) -> dict[str, Any]:
    """Write ``niche_head.onnx``; return its size, its parity with the trained weights and its throughput."""
    settings = load_settings()
    encoder = default_encoder(settings.cache_dir, settings.encoder_dir, "cpu", 1)
    rows = distinct(niche.labelled(train))
    classes = sorted({row[niche.LABEL] for row in rows})
    labels = np.array([classes.index(row[niche.LABEL]) for row in rows])
    read = channels(rows, encoder.encode, NicheClassifier(encoder.encode))
    weights = niche.linear_weights(read, labels, len(classes), CHOICE)
    model = head_graph(weights, classes)
    DATA.mkdir(exist_ok=True)
    (DATA / "niche_head.onnx").write_bytes(model)
    head = NicheHead(model)
    vectors, similar = read.vectors.astype(np.float32), read.similarities.astype(np.float32)
    begun = time.perf_counter()
    found = head.probabilities(read.texts[:REPEATS], vectors[:REPEATS], similar[:REPEATS])
    head_s = time.perf_counter() - begun
    begun = time.perf_counter()
    encoder.encode(read.texts[:REPEATS])
    encoder_s = time.perf_counter() - begun
    exact = niche.linear_answers(read, weights)[:REPEATS]
    return {
        "rows": len(rows),
        "categories": classes,
        "bytes": len(model),
        "largest_difference": float(np.abs(found - exact).max()),
        "creators_per_s": round(min(REPEATS, len(rows)) / head_s),
        "encoder_texts_per_s": round(min(REPEATS, len(rows)) / encoder_s),
        "times_faster_than_encoder": round(encoder_s / head_s, 1),
        "machine": machine(PACKAGES),
    }


def ship_bots(train: Path, votes: Path) -> dict[str, Any]:
    """Write ``authenticity.json`` and return how it orders and rates accounts that experts judged."""
    rows = bots.labelled(train)
    labels = bots.labels_of(rows)
    with threadpool_limits(1):
        learnt = document([profile_features(bots.profile(row)) for row in rows], labels, reach=0.0)
    share = float(labels.mean())
    # Bayes' rule for another share of bots: only the constant of the log-odds moves.
    learnt["bias"] = round(learnt["bias"] + _logit(ACTIVE_BOTS) - _logit(share), 4)
    judged = [json.loads(line) for line in votes.read_text(encoding="utf-8").split("\n") if line.strip()]
    features = [profile_features(_judged(one)) for one in judged]
    model = ProfileModel.read(json.dumps(learnt))
    said = np.array([model.probability(one) for one in features])
    votes_share = np.array([one["mean_vote"] / 4 for one in judged])
    names = np.array([one["label"] for one in judged])
    sure = names != "unsure"
    auc = area(names[sure] == "bot", said[sure])
    learnt["reach"] = round(max(0.0, 2 * auc - 1), 4)
    DATA.mkdir(exist_ok=True)
    (DATA / "authenticity.json").write_text(json.dumps(learnt, indent=1) + "\n", encoding="utf-8")
    return {
        "accounts": len(judged),
        "bots": int((names == "bot").sum()),
        "unsure": int((names == "unsure").sum()),
        "roc_auc_bot_against_human": round(auc, 4),
        "rank_correlation_with_votes": round(_rank_correlation(said, votes_share), 4),
        "brier_bot": round(float(((said - (names == "bot")) ** 2).mean()), 4),
        "brier_of_the_share_alone": round(float((((names == "bot").mean() - (names == "bot")) ** 2).mean()), 4),
        "mean_probability": round(float(said.mean()), 4),
        "reliability_bot": reliability(said, names == "bot"),
        "reliability_mean_vote": reliability(said, votes_share),
        "machine": machine(PACKAGES),
    }


def _logit(share: float) -> float:
    return math.log(share / (1 - share))


def _judged(one: dict[str, Any]) -> Profile:
    from benchmarks.signals.bots import ascii_only, days_until

    counts = one["public_metrics"]
    return Profile(
        handle=ascii_only(one["username"]),
        name=ascii_only(one["name"]),
        bio=ascii_only(one["description"]),
        website=one["url"] not in ("None", ""),
        followers=counts["followers_count"],
        following=counts["following_count"],
        posts=counts["tweet_count"],
        age_days=days_until(one["created_at"], COLLECTED_VOTES),
    )


COLLECTED_VOTES = 2020.75
"""TwiBot-20 was collected from July to September 2020 (Feng et al. 2021, arXiv 2106.13088)."""


def _rank_correlation(left: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(left, right).statistic)
