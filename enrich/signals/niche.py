"""Niches of a creator with a confidence: from names that the source gives, else from meaning.

Evidence in order, each with its confidence:

1. a category that is an alias of a niche: 0.95; a topic: 0.90 (the source's own words, see ``mappings.niches``);
2. a category or topic that no alias knows: its embedding against those of the niches;
3. the bio, where 1 and 2 gave nothing or only broad niches (``Lifestyle``): its embedding against those of the niches.

For 2 and 3 the similarity of a niche is the largest cosine to its label and prompts, and the confidence is
``1 / (1 + exp(-(a + b * cosine + c * z + d * mentions + e * ln(head + 0.001))))``: ``z`` says how many standard
deviations the niche stands above the mean of all niches for this text, ``mentions`` how many of its aliases a bio
contains (3 at most), and ``head`` what a head that was trained on described channels says, for bios and the niches that
its categories mean (``enrich.signals.niche_head``). The constants were fitted so that the confidence is the share of
right answers: ``python -m benchmarks.signals blend`` has the numbers for bios, ``docs/decisions/0005`` those for names.
A niche keeps its best confidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from creators.models import Account
from creators.signals.creator import NicheScore
from enrich.signals.contract import Encode
from enrich.signals.embedding_text import by_audience
from enrich.signals.facts import CreatorFacts
from enrich.signals.likeness import products
from enrich.signals.niche_head import HEAD_NICHES, LEAST_MASS, NicheHead, head_mass, head_text
from mappings.niches import NICHES, category_key, niche_for_category, niches_mentioned, says_nothing

VERSION = "2"
CATEGORY_CONFIDENCE = 0.95
TOPIC_CONFIDENCE = 0.90
MAX_INFERRED_CONFIDENCE = 0.89
"""What is inferred from meaning is never as sure as what the source says."""
MAX_NICHES = 4
MAX_CACHED_NAMES = 50_000
MAX_MENTIONS = 3
MAX_BIO_CHARACTERS = 600
"""So much of a bio is searched for mentions; farther down are advertisements and credits."""
_ID = [niche.id for niche in NICHES]
_MEANT = np.array([niche in HEAD_NICHES for niche in _ID])
_BROAD = frozenset(niche.id for niche in NICHES if niche.broad)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Constants that turn a similarity into a probability of being right.

    Below ``least`` a niche is not worth telling; below ``least_cosine`` it is none, however far it stands out: nonsense
    is a little less unlike one niche than the others.
    """

    offset: float
    per_cosine: float
    per_deviation: float
    per_mention: float
    least: float
    least_cosine: float
    per_head: float = 0.0


NAME_CALIBRATION = Calibration(-7.06, 0.96, 2.03, 0.0, least=0.5, least_cosine=0.4)
BIO_CALIBRATION = Calibration(-3.51, 1.47, 0.75, 0.87, least=0.3, least_cosine=0.0)
"""For niches of which the head knows nothing."""
HEAD_CALIBRATION = Calibration(0.80, 0.94, 0.01, 0.54, least=0.3, least_cosine=0.0, per_head=1.34)
"""For those that its categories mean."""


@dataclass(frozen=True, slots=True)
class NicheInput:
    """What is known about one creator.

    Attributes:
        bio: in the creator's own words; None where there is none or it was composed from facts.
        name: as shown; it is read together with a bio.
        categories: as the source names them.
        topics: as the source or the creator names them.
    """

    bio: str | None = None
    name: str | None = None
    categories: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()


class NicheClassifier:
    """Classifies batches; category names are encoded once per process."""

    def __init__(self, encode: Encode, *, is_shipped: bool = True) -> None:
        """Prepare to classify.

        Args:
            encode: makes the vectors.
            is_shipped: whether by the shipped encoder: the head has learnt its vectors and can read no other's.
        """
        self._encode = encode
        self._head = NicheHead.shipped() if is_shipped else None
        prompts = [(row, text) for row, niche in enumerate(NICHES) for text in (niche.label, *niche.prompts)]
        self._owners = np.array([row for row, _ in prompts])
        self._prompts = encode([text for _, text in prompts])
        self._names: dict[str, dict[str, float]] = {}

    def classify(self, inputs: Sequence[NicheInput]) -> list[tuple[NicheScore, ...]]:
        """Return at most 4 niches for each input, the most certain first; none where nothing is likely enough."""
        self._learn_names({name for item in inputs for name in (*item.categories, *item.topics)})
        found = [self._from_names(item) for item in inputs]
        rows = [row for row, item in enumerate(inputs) if has_words(item.bio) and not (found[row].keys() - _BROAD)]
        for row, scores in zip(rows, self._from_bios([inputs[row] for row in rows]), strict=True):
            _keep_best(found[row], scores)
        return [_ranked(scores) for scores in found]

    def similarities(self, vectors: Floats) -> Floats:
        """Return the similarity of each text to each niche, of shape (texts, niches)."""
        cosines = products(vectors, self._prompts)
        result = np.full((len(vectors), len(_ID)), -1, dtype=np.float32)
        for column, owner in enumerate(self._owners):
            np.maximum(result[:, owner], cosines[:, column], out=result[:, owner])
        return result

    def _from_names(self, item: NicheInput) -> dict[str, float]:
        found: dict[str, float] = {}
        for names, confidence in ((item.categories, CATEGORY_CONFIDENCE), (item.topics, TOPIC_CONFIDENCE)):
            for name in names:
                niche = niche_for_category(name)
                _keep_best(found, {niche: confidence} if niche else self._names.get(category_key(name), {}))
        return found

    def _learn_names(self, names: Iterable[str]) -> None:
        unknown = {category_key(name) for name in names if not says_nothing(name) and niche_for_category(name) is None}
        new = sorted(unknown - self._names.keys())
        if len(self._names) + len(new) > MAX_CACHED_NAMES:
            self._names.clear()
            new = sorted(unknown)
        similarities = self.similarities(self._encode(new))
        scores = _scores(calibrated(similarities, np.zeros_like(similarities), NAME_CALIBRATION), NAME_CALIBRATION)
        self._names.update(zip(new, scores, strict=True))

    def _from_bios(self, items: Sequence[NicheInput]) -> list[dict[str, float]]:
        texts = [head_text(item.name, item.bio) for item in items]
        vectors = self._encode(texts)
        mentions = mention_counts([item.bio or "" for item in items])
        similar = self.similarities(vectors)
        confidences = calibrated(similar, mentions, BIO_CALIBRATION)
        if self._head is not None:
            likely = head_mass(self._head.probabilities(texts, vectors, similar), self._head.categories)
            confidences = np.where(_MEANT, calibrated(similar, mentions, HEAD_CALIBRATION, likely), confidences)
        return _scores(confidences, BIO_CALIBRATION)


class NicheSignal:
    """The niches of creators, at most 4 each, the most certain first."""

    name = "niches"

    def __init__(self, encode: Encode, *, is_shipped: bool = True) -> None:
        self._classifier = NicheClassifier(encode, is_shipped=is_shipped)
        self.version = f"{VERSION}-{NicheHead.shipped().fingerprint[:16] if is_shipped else 'no head'}"

    def inputs(self, facts: CreatorFacts) -> Any:
        """Return bios, categories and topics, in the order of the accounts' audiences."""
        item = niche_input(facts.accounts)
        return [item.bio, item.name if item.bio else None, item.categories, item.topics]

    def compute(self, batch: Sequence[CreatorFacts]) -> list[tuple[NicheScore, ...]]:
        """Return the niches of each creator; none where nothing is likely enough."""
        return self._classifier.classify([niche_input(facts.accounts) for facts in batch])


def niche_input(accounts: Iterable[Account]) -> NicheInput:
    """Return what the niches of one creator are read from; the order of the accounts does not matter."""
    ordered = by_audience(accounts)
    bios = dict.fromkeys(account.bio for account in ordered if account.bio and not account.bio_composed)
    return NicheInput(
        bio="\n".join(bios) or None,
        name=next((account.name for account in ordered if account.name), None),
        categories=tuple(dict.fromkeys(name for account in ordered for name in account.categories)),
        topics=tuple(dict.fromkeys(name for account in ordered for name in account.topics)),
    )


def mention_counts(bios: Sequence[str]) -> Floats:
    """Return how many aliases of each niche each bio contains, at most 3, of shape (texts, niches)."""
    counts = np.zeros((len(bios), len(_ID)), dtype=np.float32)
    for row, bio in enumerate(bios):
        for niche, count in niches_mentioned(bio[:MAX_BIO_CHARACTERS]).items():
            counts[row, _ID.index(niche)] = min(count, MAX_MENTIONS)
    return counts


def calibrated(
    similarities: Floats, mentions: Floats, calibration: Calibration, likely: Floats | None = None
) -> Floats:
    """Return the confidence of each niche for each text, of the same shape (texts, niches).

    Args:
        similarities: cosines.
        mentions: how many aliases of the niche the text has.
        calibration: constants.
        likely: what the head says of each niche, 0 to 1.
    """
    mean = similarities.mean(axis=1, keepdims=True)
    deviation = np.maximum(similarities.std(axis=1, keepdims=True), np.finfo(np.float32).eps)
    exponent = (
        calibration.offset
        + calibration.per_cosine * similarities
        + calibration.per_deviation * (similarities - mean) / deviation
        + calibration.per_mention * mentions
    )
    if likely is not None:
        exponent = exponent + calibration.per_head * np.log(likely + LEAST_MASS)
    confidences = np.minimum(1 / (1 + np.exp(-exponent)), MAX_INFERRED_CONFIDENCE)
    return np.where(similarities >= calibration.least_cosine, confidences, 0).astype(np.float32)


def has_words(bio: str | None) -> bool:
    """Return whether a bio has anything to read."""
    return bool(bio) and any(character.isalpha() for character in bio or "")


def _scores(confidences: Floats, calibration: Calibration) -> list[dict[str, float]]:
    return [
        {_ID[column]: round(float(row[column]), 4) for column in np.flatnonzero(row >= calibration.least)}
        for row in confidences
    ]


def _keep_best(found: dict[str, float], more: dict[str, float]) -> None:
    for niche, confidence in more.items():
        found[niche] = max(confidence, found.get(niche, 0.0))


def _ranked(scores: dict[str, float]) -> tuple[NicheScore, ...]:
    # Equal confidences keep the order of the evidence: the source's first category leads.
    best = sorted(scores.items(), key=lambda item: -item[1])[:MAX_NICHES]
    return tuple(NicheScore(niche=niche, confidence=confidence) for niche, confidence in best)
