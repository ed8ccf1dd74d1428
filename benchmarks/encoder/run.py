"""Speed and batch dependence of each way to run the encoder, in one interleaved run."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.encoder.variants import encoders
from enrich.encoders.text import TextEncoder, Vectors
from mappings.niches import NICHES

TEXTS = 256
PADDED_BATCH = 32
GROUPED_TOKENS = 4_096
REPEATS = 5
REFERENCE = Path("tests/data/reference_vectors.json")


def speed(threads: int, count: int = TEXTS) -> dict[str, Any]:
    """Return texts/s, tokens/s and the largest change by batch of each variant, and their ratios."""
    texts = synthetic_bios(count)
    with tempfile.TemporaryDirectory() as scratch:
        loaded = encoders(Path(scratch), threads)
        tokens = sum(len(loaded["fp32"].tokenise(text)) for text in texts)
        ways: dict[str, Callable[[], Vectors]] = {}
        for name, encoder in loaded.items():
            ways[f"{name}, one text per run"] = lambda e=encoder: _grouped(e, texts, 0)
            ways[f"{name}, equal lengths share a run"] = lambda e=encoder: _grouped(e, texts, GROUPED_TOKENS)
            ways[f"{name}, padded batches of {PADDED_BATCH}"] = lambda e=encoder: _padded(e, texts)
        seconds, vectors = _interleaved(ways)
        alone = {name: np.stack([encoder.encode_one(text) for text in texts]) for name, encoder in loaded.items()}
        rows = {
            way: {
                "texts_per_s": round(count / seconds[way], 1),
                "tokens_per_s": round(tokens / seconds[way]),
                "times_padded_fp32": round(seconds[f"fp32, padded batches of {PADDED_BATCH}"] / seconds[way], 2),
                "max_change_by_batch": None if "padded" in way else _change(vectors[way], alone[way[:4]]),
            }
            for way in ways
        }
        parity = {name: _parity(encoder) for name, encoder in loaded.items()}
        latency = {name: _query_ms(encoder) for name, encoder in loaded.items()}
    return {"texts": count, "tokens": tokens, "threads": threads, "ways": rows, "parity": parity, "query_ms": latency}


def synthetic_bios(count: int) -> list[str]:
    """Return texts of our own vocabulary, as long as real bios are (median 18 tokens, a few at the limit)."""
    random = np.random.default_rng(20_261_121)
    words = [word for niche in NICHES for text in (*niche.prompts, *niche.aliases) for word in text.split()]
    lengths = np.clip(random.lognormal(np.log(15), 1.1, count), 1, 240).astype(int)
    return [" ".join(random.choice(words, length)) for length in lengths]


def _interleaved(ways: dict[str, Callable[[], Vectors]]) -> tuple[dict[str, float], dict[str, Vectors]]:
    best = dict.fromkeys(ways, float("inf"))
    vectors: dict[str, Vectors] = {}
    for _ in range(REPEATS):
        for way, encode in ways.items():
            start = time.perf_counter()
            vectors[way] = encode()
            best[way] = min(best[way], time.perf_counter() - start)
    return best, vectors


def _grouped(encoder: TextEncoder, texts: list[str], tokens_per_run: int) -> Vectors:
    usual, encoder.tokens_per_run = encoder.tokens_per_run, tokens_per_run
    try:
        return encoder.encode(texts)
    finally:
        encoder.tokens_per_run = usual


def _padded(encoder: TextEncoder, texts: list[str]) -> Vectors:
    """Cost of padding only: the graph has no mask, so these vectors mean nothing."""
    from concurrent.futures import ThreadPoolExecutor

    tokens = sorted((encoder.tokenise(text) for text in texts), key=len)
    batches = [tokens[start : start + PADDED_BATCH] for start in range(0, len(tokens), PADDED_BATCH)]
    arrays = [np.array([ids + [0] * (len(batch[-1]) - len(ids)) for ids in batch]) for batch in batches]
    with ThreadPoolExecutor(encoder.threads) as pool:  # the long ones first, so that no thread ends up alone with them
        return np.concatenate(list(pool.map(encoder.run, reversed(arrays))))


def _change(batched: Vectors, alone: Vectors) -> float:
    return float(np.abs(batched - alone).max())


def _parity(encoder: TextEncoder) -> dict[str, float]:
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))
    cosines = (encoder.encode(reference["texts"]) * np.array(reference["embeddings"])).sum(axis=1)
    return {"mean_cosine": round(float(cosines.mean()), 4), "min_cosine": round(float(cosines.min()), 4)}


def _query_ms(encoder: TextEncoder) -> dict[str, float]:
    times = []
    for number in range(200):
        start = time.perf_counter()
        encoder.encode_one(f"home cooks in Lisbon with {number} recipes")
        times.append((time.perf_counter() - start) * 1_000)
    return {f"p{share}": round(float(np.percentile(times, share)), 2) for share in (50, 90)}
