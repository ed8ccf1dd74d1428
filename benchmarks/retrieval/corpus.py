"""Creators that exist only here: real sentence vectors, mixed and spread, with every field that filters read.

``BASES`` texts are composed from the niche taxonomy and encoded by the product's encoder. A creator is a mixture of two
of them, the first with more than half of the weight and usually of one niche with the second, plus Gaussian noise,
renormalised: its cosine to the mixture is uniform between ``NEAR`` and ``FAR``. That is not what bios do: noise in 384
dimensions is harder for a graph than meaning is, so recall here is a lower bound. Niches, texts and vectors belong
together; everything else is drawn independently of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from creators.models import DOMAIN_OF, Platform
from enrich.encoders.text import TextEncoder
from mappings.fields import VECTOR, follower_band
from mappings.niches import NICHES

Vectors = NDArray[np.float32]

SEED = 20_261_121
BASES = 6_000
NEAR, FAR = 0.98, 0.75
ACROSS = 0.2
"""Share of creators whose second text is of any niche: without them niches are islands that a walk cannot leave."""
DIGITS = 5
PLATFORMS = tuple(str(platform) for platform in Platform)
COUNTRIES = ("US", "IN", "BR", "ID", "MX", "GB", "DE", "FR", "ES", "JP", "NG", "IT", "TR", "TN", "NZ", "IS")
LANGUAGES = ("en", "es", "pt", "hi", "fr", "de", "it", "ja", "tr", "ar")
PLACES = ("Lisbon", "Austin", "Mumbai", "Lagos", "Berlin", "Osaka", "Lima", "Leeds", "Tunis", "Madrid", "Bali", "Oslo")
SHAPES = (
    "{prompt}. {a} and {b} from {place}",
    "{a} | {b} | {c}. Based in {place}",
    "I make videos about {a}, {b} and sometimes {c}",
    "{label} for everyone: {a}, {b}. New posts every week",
    "{place} based {a}. {prompt}",
    "Sharing my love of {b} and {a} with {c} fans in {place}",
)
FIRST = ("ana", "ben", "chloe", "dev", "ema", "finn", "gita", "hugo", "ines", "jack", "kira", "leo", "mia", "noor")
LAST = ("almeida", "brown", "costa", "diaz", "evans", "fischer", "gupta", "hall", "ito", "jones", "khan", "lopez")


@dataclass(frozen=True)
class Corpus:
    """Creators as columns; row ``i`` is creator ``c{i}``."""

    texts: tuple[str, ...]
    base: NDArray[np.int64]
    niche: NDArray[np.int64]
    """Place in ``NICHES``."""
    lot: NDArray[np.float64]
    """Uniform in [0, 1), independent of everything: ``lot <= s`` passes the share ``s``. Field ``growth_180d``."""
    vectors: Vectors

    def __len__(self) -> int:
        return len(self.niche)

    @cached_property
    def means(self) -> Vectors:
        """Mean vector of each niche."""
        return np.array([self.vectors[self.niche == place].mean(axis=0) for place in range(len(NICHES))])


def base_texts(count: int = BASES) -> tuple[list[str], NDArray[np.int64]]:
    """Return composed bios and the place of the niche of each."""
    random = np.random.default_rng(SEED)
    texts, niches = [], np.arange(count) % len(NICHES)
    for place in niches:
        niche = NICHES[place]
        a, b, c = random.choice(niche.aliases, 3)
        texts.append(
            str(random.choice(SHAPES)).format(
                a=a, b=b, c=c, prompt=random.choice(niche.prompts), label=niche.label, place=random.choice(PLACES)
            )
        )
    return texts, niches


def base_vectors(encoder: TextEncoder, folder: Path) -> tuple[list[str], NDArray[np.int64], Vectors]:
    """Return texts, niches and vectors; the vectors are kept in ``folder``."""
    texts, niches = base_texts()
    file = folder / f"retrieval-{encoder.fingerprint[:16].replace('/', '-')}-{SEED}-{len(texts)}.npy"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        np.save(file, encoder.encode(texts))
    vectors: Vectors = np.load(file)
    return texts, niches, vectors


def make_corpus(encoder: TextEncoder, folder: Path, size: int) -> Corpus:
    """Return ``size`` creators, the same on every run."""
    texts, niches, vectors = base_vectors(encoder, folder)
    random = np.random.default_rng(SEED + 1)
    # Some niches are many times larger than others, as in life.
    weight = random.lognormal(0, 0.8, len(NICHES))
    share = weight[niches] / weight[niches].sum()
    base = random.choice(len(texts), size, p=share)
    mixed = _mix(vectors, base, niches, random)
    return Corpus(tuple(texts), base, niches[base], random.random(size), _spread(mixed, random))


def _mix(vectors: Vectors, base: NDArray[np.int64], niches: NDArray[np.int64], random: np.random.Generator) -> Vectors:
    """Return each first text mixed with another one: of its niche, or now and then of any."""
    other = random.integers(0, len(vectors), len(base))
    stays = random.random(len(base)) >= ACROSS
    # Texts take the niches in turn, so a whole number of turns further is the same niche.
    turns = random.integers(0, len(vectors) // len(NICHES), len(base))
    same = turns * len(NICHES) + niches[base]
    other = np.where(stays, same, other)
    weight = random.uniform(0.5, 1.0, (len(base), 1)).astype(np.float32)
    mixed = weight * vectors[base] + (1 - weight) * vectors[other]
    whole: Vectors = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    return whole


def _spread(vectors: Vectors, random: np.random.Generator) -> Vectors:
    """Turn each vector away from where it was, in a random direction, to a cosine between ``FAR`` and ``NEAR``."""
    noise = random.standard_normal(vectors.shape, dtype=np.float32)
    noise -= (noise * vectors).sum(axis=1, keepdims=True) * vectors
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    cosine = random.uniform(FAR, NEAR, (len(vectors), 1)).astype(np.float32)
    spread: Vectors = (cosine * vectors + np.sqrt(1 - cosine**2) * noise).astype(np.float32)
    return spread


def documents(corpus: Corpus) -> Iterator[dict[str, Any]]:
    """Yield the documents of ``creators``, vectors with ``DIGITS`` digits."""
    random = np.random.default_rng(SEED + 2)
    rounded = np.round(corpus.vectors.astype(np.float64), DIGITS)
    for row in range(len(corpus)):
        yield _facts(corpus, row, random) | {VECTOR: rounded[row].tolist()}


def _facts(corpus: Corpus, row: int, random: np.random.Generator) -> dict[str, Any]:
    niche = NICHES[corpus.niche[row]]
    platforms = [
        PLATFORMS[place] for place in np.flatnonzero(random.random(len(PLATFORMS)) < (0.5, 0.4, 0.35, 0.2, 0.05))
    ]
    first = platforms[0] if platforms else PLATFORMS[0]
    followers = int(10 ** random.uniform(2, 7.2))
    name = f"{random.choice(FIRST)} {random.choice(LAST)}"
    country = COUNTRIES[min(int(random.exponential(3)), len(COUNTRIES) - 1)]
    return {
        "creator_id": f"c{row}",
        "domain": str(DOMAIN_OF[Platform(first)]),
        "name": name.title(),
        "handles": [f"{name.replace(' ', '_')}{row}"],
        "platforms": platforms or [first],
        "primary_platform": first,
        "bio": corpus.texts[corpus.base[row]],
        "niches": [niche.id],
        "primary_niche": niche.id,
        "niche_labels": [niche.label],
        "countries": [country],
        "languages": [LANGUAGES[min(int(random.exponential(2)), len(LANGUAGES) - 1)]],
        "followers": followers,
        "follower_band": follower_band(followers),
        "engagement_rate": round(float(random.beta(2, 40)), 5),
        "growth_90d": round(float(random.normal(0.05, 0.1)), 5),
        "growth_180d": float(corpus.lot[row]),
        "verified": bool(random.random() < 0.1),
        "has": [*(platforms or [first]), *(["email"] if random.random() < 0.3 else [])],
        "as_of": "2026-11-01T00:00:00+00:00",
        "account_count": max(1, len(platforms)),
        "sources": ["generated"],
        "degraded": False,
    }
