"""Tokens per second of each way to encode, all taking turns in one run, and whether batches change a vector."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from benchmarks.encoder.run import synthetic_bios
from creators.settings import load_settings
from enrich.encoders.export import exported_encoder
from enrich.encoders.graph import Precision
from enrich.encoders.text import TextEncoder, Vectors, load_encoder

PUBLISHED = "sentence-transformers fp32"
PRECISIONS: tuple[Precision, ...] = ("fp32", "int8")
ENDS_WITHIN_S = 20

Turn = Callable[[], tuple[float, float]]


def speed(threads: int, count: int, rounds: int, python: Path | None) -> dict[str, Any]:
    """Return wall and CPU speed of every way, the largest change by batch, and the likeness to the published model.

    Args:
        threads: of every contender.
        count: texts; they are made from our own taxonomy, as long as real bios are.
        rounds: turns of each; the median counts, because other work on the machine comes and goes.
        python: an interpreter that has sentence-transformers and the weights' package; None leaves it out.
    """
    texts = synthetic_bios(count)
    cache_dir = load_settings().cache_dir
    loaded = {one: load_encoder(exported_encoder(cache_dir, one), "cpu", threads) for one in PRECISIONS}
    turns: dict[str, Turn] = {}
    for name, encoder in loaded.items():
        turns[f"{name}, one text per run"] = partial(_timed, encoder, texts, 0)
        turns[f"{name}, equal lengths share a run"] = partial(_timed, encoder, texts, encoder.tokens_per_run)
    tokens = sum(len(loaded["fp32"].tokenise(text)) for text in texts)
    told: dict[str, Any] = {"texts": count, "tokens": tokens, "threads": threads, "rounds": rounds}
    if python is None:
        return told | {"ways": _rows(_took(turns, rounds), tokens), "vectors": _vectors(loaded, texts, None)}
    with _published(python, threads, texts) as (ask, versions):
        turns[PUBLISHED] = lambda: _seconds(ask({}))
        took = _took(turns, rounds)
        reference = np.array(ask({"vectors": True})["vectors"], dtype=np.float32)
    return told | versions | {"ways": _rows(took, tokens), "vectors": _vectors(loaded, texts, reference)}


@contextmanager
def _published(
    python: Path, threads: int, texts: list[str]
) -> Iterator[tuple[Callable[[dict[str, Any]], dict[str, Any]], dict[str, str]]]:
    program = Path(__file__).with_name("published.py")
    with subprocess.Popen(
        [python, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:

        def ask(order: dict[str, Any]) -> dict[str, Any]:
            if process.stdin is None or process.stdout is None:
                return {}
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            return cast("dict[str, Any]", json.loads(process.stdout.readline()))

        try:
            yield ask, ask({"threads": threads, "texts": texts})
            if process.stdin is not None:
                process.stdin.close()
            process.wait(ENDS_WITHIN_S)
        finally:
            process.kill()


def _seconds(answer: dict[str, Any]) -> tuple[float, float]:
    return float(answer["wall_s"]), float(answer["cpu_s"])


def _timed(encoder: TextEncoder, texts: list[str], tokens_per_run: int) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    _encoded(encoder, texts, tokens_per_run)
    return time.perf_counter() - wall, time.process_time() - cpu


def _encoded(encoder: TextEncoder, texts: list[str], tokens_per_run: int) -> Vectors:
    usual, encoder.tokens_per_run = encoder.tokens_per_run, tokens_per_run
    try:
        return encoder.encode(texts)
    finally:
        encoder.tokens_per_run = usual


def _took(turns: dict[str, Turn], rounds: int) -> dict[str, list[tuple[float, float]]]:
    for turn in turns.values():
        turn()
    took: dict[str, list[tuple[float, float]]] = {way: [] for way in turns}
    for _ in range(rounds):
        for way, turn in turns.items():
            took[way].append(turn())
    return took


def _rows(took: dict[str, list[tuple[float, float]]], tokens: int) -> dict[str, dict[str, float | None]]:
    reference = took.get(PUBLISHED)
    return {
        way: {
            "tokens_per_s": round(tokens / statistics.median(wall for wall, _ in pairs)),
            "best_tokens_per_s": round(tokens / min(wall for wall, _ in pairs)),
            "tokens_per_cpu_s": round(tokens / statistics.median(cpu for _, cpu in pairs)),
            "times_published_wall": _ratio(reference, pairs, 0),
            "times_published_cpu": _ratio(reference, pairs, 1),
        }
        for way, pairs in took.items()
    }


def _ratio(reference: list[tuple[float, float]] | None, pairs: list[tuple[float, float]], which: int) -> float | None:
    """Return the median over the rounds of how many times faster: both of a pair ran within seconds."""
    if reference is None:
        return None
    return round(statistics.median(ref[which] / own[which] for ref, own in zip(reference, pairs, strict=True)), 2)


def _vectors(loaded: dict[Precision, TextEncoder], texts: list[str], reference: Vectors | None) -> dict[str, Any]:
    random = np.random.default_rng(1)
    order = random.permutation(len(texts))
    rows: dict[str, Any] = {}
    for name, encoder in loaded.items():
        together = encoder.encode(texts)
        shuffled = encoder.encode([texts[row] for row in order])
        alone = np.stack([encoder.encode_one(text) for text in texts])
        rows[name] = {
            "alone = together": bool(np.array_equal(alone, together)),
            "shuffled = together": bool(np.array_equal(shuffled, together[order])),
        }
        if reference is not None:
            cosines = (together * reference).sum(axis=1)
            rows[name] |= {
                "mean_cosine_to_published": round(float(cosines.mean()), 5),
                "min_cosine_to_published": round(float(cosines.min()), 5),
            }
    return rows
