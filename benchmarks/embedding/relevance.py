"""nDCG@10 of exact search with the vectors of each precision, and the interval of the difference to fp32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.encoder.quality import RESAMPLES, collection
from creators.settings import load_settings
from enrich.encoders.export import exported_encoder
from enrich.encoders.text import load_encoder

SEED = 1


def relevance(data: Path, name: str, threads: int) -> dict[str, Any]:
    """Return nDCG@10 in fp32 and int8, the loss in percent and its 95 % interval (paired bootstrap over queries).

    Args:
        data: holds ``relevance/<name>`` in BEIR layout.
        name: one of the collections.
        threads: of the encoders.
    """
    judged = collection(data, name)
    cache_dir = load_settings().cache_dir
    exact = judged.gains(load_encoder(exported_encoder(cache_dir, "fp32"), "cpu", threads))
    rounded = judged.gains(load_encoder(exported_encoder(cache_dir, "int8"), "cpu", threads))
    random = np.random.default_rng(SEED)
    draws = random.integers(0, len(exact), (RESAMPLES, len(exact)))
    losses = 100 * (1 - rounded[draws].mean(axis=1) / exact[draws].mean(axis=1))
    return {
        "collection": name,
        "documents": len(judged.ids),
        "queries": len(judged.questions),
        "ndcg10_fp32": round(float(exact.mean()), 4),
        "ndcg10_int8": round(float(rounded.mean()), 4),
        "loss_percent": round(float(100 * (1 - rounded.mean() / exact.mean())), 2),
        "interval_percent": [round(float(bound), 2) for bound in np.percentile(losses, [2.5, 97.5])],
    }
