"""A corpus beside real accounts: how both are spread; and how far its vectors are from what the encoder would make."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from benchmarks.corpus.people import made
from benchmarks.corpus.real import real_accounts
from benchmarks.corpus.store import PARTS, Corpus, checksum, part_file
from benchmarks.corpus.tables import stream
from benchmarks.machine import machine
from creators.models import Account, Platform
from creators.settings import load_settings
from enrich.encoders.opened import open_encoder

SAMPLE = 5_000
"""Creators of the corpus that are looked at."""
ENCODED = 300
"""Creators whose own texts are encoded to see what their vectors stand for."""
PERCENTS = (10, 50, 90)
LEAST = 30
Json = dict[str, Any]


def check(corpus: Corpus, real: Path | None) -> Json:
    """Return distributions of the corpus beside those of real tables, per platform, and the state of its files.

    Args:
        corpus: to look at.
        real: folder of real tables; ``CREATORSCOPE_TEST_DATA`` where None; without either only the corpus is shown.
    """
    folder = real or (Path(os.environ["CREATORSCOPE_TEST_DATA"]) if "CREATORSCOPE_TEST_DATA" in os.environ else None)
    random = stream("check")
    people = [made(corpus.seed, random.randrange(corpus.size)) for _ in range(min(SAMPLE, corpus.size))]
    ours = [account for one in people for account in one.accounts]
    theirs = real_accounts(folder) if folder else []
    found: Json = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "creators": corpus.size,
        "seed": corpus.seed,
        "fingerprint": corpus.fingerprint,
        "machine": machine(("numpy", "onnxruntime")),
        "damaged_parts": _damaged(corpus),
        "accounts_of_a_creator": round(len(ours) / len(people), 3),
        "real_accounts": len(theirs),
        "platforms": {str(platform): _beside(platform, ours, theirs) for platform in Platform},
        "vectors": _vectors(corpus, random),
    }
    _print(found["platforms"])
    return found


def _beside(platform: Platform, ours: Iterable[Account], theirs: Iterable[Account]) -> Json:
    return {
        who: _spread([account for account in accounts if account.platform is platform])
        for who, accounts in (("ours", ours), ("real", theirs))
    }


def _spread(accounts: Sequence[Account]) -> Json:
    bios = [account.bio for account in accounts if account.bio and not account.bio_composed]
    rated = [(account.followers, account.engagement_rate) for account in accounts]
    return {
        "accounts": len(accounts),
        "bio_characters": _percentiles(map(len, bios)),
        "bio_words": _percentiles(len(bio.split()) for bio in bios),
        "bios_with_emoji": _share(any(unicodedata.category(letter) == "So" for letter in bio) for bio in bios),
        "bios_beyond_ascii": _share(not bio.isascii() for bio in bios),
        "name_characters": _percentiles(len(account.name) for account in accounts if account.name),
        "handle_characters": _percentiles(len(account.handle) for account in accounts if account.handle),
        "followers": _percentiles(account.followers for account in accounts if account.followers),
        "engagement": _line([(size, rate) for size, rate in rated if size and rate]),
    }


def _percentiles(values: Iterable[int]) -> list[float] | None:
    """Return the 10th, 50th and 90th percentile; None of too few."""
    known = list(values)
    return [float(round(one)) for one in np.percentile(known, PERCENTS)] if len(known) >= LEAST else None


def _share(flags: Iterable[bool]) -> float | None:
    known = list(flags)
    return round(sum(known) / len(known), 3) if len(known) >= LEAST else None


def _line(pairs: Sequence[tuple[int, float]]) -> Json | None:
    """Return ``log10 rate = level + slope * log10 followers`` by least squares, with the deviation from it."""
    if len(pairs) < LEAST:
        return None
    sizes, rates = np.log10(np.array(pairs, dtype=np.float64)).T
    slope, level = np.polyfit(sizes, rates, 1)
    left = rates - (level + slope * sizes)
    figures = {"level": level, "slope": slope, "deviation": left.std()}
    return {"n": len(pairs)} | {name: round(float(one), 3) for name, one in figures.items()}


def _vectors(corpus: Corpus, random: Random) -> Json:
    """Return the cosine between vectors and the encoding of their own texts, and of another creator's."""
    rows = sorted(random.sample(range(corpus.size), min(ENCODED, corpus.size)))
    encoded = open_encoder(load_settings()).encode([corpus.texts[row] for row in rows])
    held = np.array(corpus.vectors[rows])
    others = np.roll(encoded, 1, axis=0)
    lengths = np.linalg.norm(held, axis=1)
    return {
        "sample": len(rows),
        "longest_error_of_length": float(np.abs(lengths - 1).max()),
        "cosine_to_own_text": [round(float(one), 3) for one in np.percentile((held * encoded).sum(axis=1), PERCENTS)],
        "cosine_to_anothers_text": [
            round(float(one), 3) for one in np.percentile((held * others).sum(axis=1), PERCENTS)
        ],
    }


def _damaged(corpus: Corpus) -> list[str]:
    """Return the parts whose file is not what was written."""
    notes = (corpus.folder / PARTS).read_text(encoding="utf-8").splitlines()
    return sorted(
        note["part"]
        for note in map(_note, notes)
        if note["part"].startswith("documents/")
        and checksum(part_file(corpus.folder, int(note["part"].partition("/")[2]))) != note["sha256"]
    )


def _note(line: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(line)
    return found


def _print(platforms: Json) -> None:
    """Show the table on stderr, ours above real."""
    for platform, both in platforms.items():
        print(f"{platform}: percentiles {', '.join(map(str, PERCENTS))}", file=sys.stderr)
        for name in both["ours"]:
            print(f"  {name:20} ours {both['ours'][name]!s:62} real {both['real'][name]}", file=sys.stderr)
