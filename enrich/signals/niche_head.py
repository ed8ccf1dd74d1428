"""A learnt reading of a creator's own words: how likely each of YouTube's categories is.

A linear head over three views of one text (name and bio): its vector, its similarity to every niche of the taxonomy,
and its character n-grams, which know languages that the encoder does not. ``data/niche_head.onnx`` holds weights only;
``data/README.md`` says what they were learnt from, ``python -m benchmarks.signals`` learns and measures them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from creators.ids import content_hash
from creators.text import clean_line
from mappings.niches import NICHES

MAX_TEXT = 800
NGRAM_LENGTHS = (2, 3, 4, 5)
TABLE_BITS = 14
_NOT_WORDS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+\.\S+|\+?\d[\d\s()-]{7,}\d")
# Two odd 64-bit constants, the golden ratio's and the mixer of MurmurHash3: to change them is to train again.
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_ONE_THREAD = 1

CATEGORY_NICHES: dict[str, tuple[str, ...]] = {
    "Travel & Events": ("travel", "outdoors", "food", "vlogs", "nature"),
    "Movies": ("film_tv",),
    "Film & Animation": ("film_tv", "animation", "anime_vtubers"),
    "Comedy": ("comedy",),
    "Nonprofits & Activism": ("nonprofit", "religion", "health", "politics", "education", "nature"),
    "Music": ("music", "dance"),
    "Autos & Vehicles": ("automotive", "motorsport"),
    "Sports": ("sports", "soccer", "fitness", "motorsport", "outdoors"),
    "Pets & Animals": ("pets_animals", "nature"),
    "Gaming": ("gaming", "game_development"),
    "Entertainment": ("entertainment", "tv_shows"),
    "Science & Technology": (
        "technology",
        "science",
        "programming",
        "web_development",
        "data_ai",
        "devops_cloud",
        "cybersecurity",
        "electronics",
        "mathematics",
    ),
    "Howto & Style": (
        "diy_crafts",
        "beauty",
        "fashion",
        "food",
        "home_garden",
        "lifestyle",
        "modeling",
        "asmr",
        "design",
        "art",
    ),
    "News & Politics": ("news", "politics"),
    "Education": ("education", "kids", "science", "mathematics", "programming", "books", "finance", "business"),
    "People & Blogs": ("vlogs", "lifestyle"),
    "Anime": ("anime_vtubers", "animation"),
    "Cartoons & Animations": ("animation", "kids"),
}
"""YouTube's categories are coarser than our niches: each may mean several."""
HEAD_NICHES = frozenset(niche for niches in CATEGORY_NICHES.values() for niche in niches)
"""The niches that the head can tell anything about; of others it knows nothing, which is no evidence against them."""
LEAST_MASS = 1e-3
"""Added to a probability before its logarithm."""

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def head_text(name: str | None, bio: str | None) -> str:
    """Return the text that is read: the name, then the bio without addresses and telephone numbers; 800 characters."""
    words = clean_line(_NOT_WORDS.sub(" ", (bio or "")[: 4 * MAX_TEXT]))
    return ". ".join(part for part in (clean_line(name or ""), words) if part)[:MAX_TEXT]


def ngrams(text: str) -> tuple[Ints, Floats]:
    """Return the table rows of the character n-grams of ``text`` and 1 + ln(how often each occurs), rows ascending.

    Case is ignored, the ends count as spaces, and n is 2 to 5. Two n-grams may share one of the 16,384 rows.
    """
    letters = np.frombuffer(f" {text.casefold()} ".encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    hashed = [_hashes(letters, length) for length in NGRAM_LENGTHS if len(letters) >= length]
    if not hashed:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    rows, counts = np.unique(np.concatenate(hashed), return_counts=True)
    return rows.astype(np.int64), (1 + np.log(counts)).astype(np.float32)


def _hashes(letters: NDArray[np.uint64], length: int) -> NDArray[np.uint64]:
    windows = np.lib.stride_tricks.sliding_window_view(letters, length)
    found = np.full(len(windows), length, dtype=np.uint64)
    for column in range(length):
        found = (found ^ windows[:, column]) * _BASE
        found ^= found >> np.uint64(29)
    return (found * _MIX) >> np.uint64(64 - TABLE_BITS)


def head_mass(probabilities: NDArray[Any], categories: Sequence[str]) -> Floats:
    """Return the probability of all categories that may mean each niche, of shape (texts, niches)."""
    means = [[niche.id in CATEGORY_NICHES[category] for niche in NICHES] for category in categories]
    return (probabilities @ np.array(means, dtype=np.float32)).astype(np.float32)


class NicheHead:
    """A trained head; safe to share between threads.

    Attributes:
        categories: what the columns of :meth:`probabilities` are called.
        fingerprint: hash of the weights.
    """

    def __init__(self, model: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = _ONE_THREAD
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.categories = tuple(self._session.get_modelmeta().custom_metadata_map["categories"].split("\n"))
        self.fingerprint = content_hash(model)

    @classmethod
    def shipped(cls) -> NicheHead:
        """Return the head of this version of the program; it is loaded once per process."""
        return _shipped()

    def probabilities(self, texts: Sequence[str], vectors: Floats, similarities: Floats) -> Floats:
        """Return how likely each category is for each text, of shape (texts, categories); rows sum to 1.

        Args:
            texts: made by :func:`head_text`.
            vectors: of these texts, unit length, of shape (texts, dimension).
            similarities: of these texts to each niche, of shape (texts, niches).
        """
        found = np.empty((len(texts), len(self.categories)), dtype=np.float32)
        dense = np.hstack([vectors, similarities]).astype(np.float32)
        for row, text in enumerate(texts):
            # A run of its own for each: the last bits never depend on the batch.
            table_rows, weights = ngrams(text)
            feeds = {"dense": dense[row], "rows": table_rows, "weights": weights}
            (found[row],) = self._session.run(["probabilities"], feeds)
        return found


@cache
def _shipped() -> NicheHead:
    return NicheHead((resources.files("enrich.signals") / "data" / "niche_head.onnx").read_bytes())
