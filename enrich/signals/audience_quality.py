"""How good an audience looks, 0 to 100, from the parts that are known.

``AQS = 100 * Σ w_k s_k / Σ w_k`` over the known parts, with weights 0.30, 0.30, 0.20, 0.20 (our own; the score of
HypeAuditor has the same four groups and unpublished weights):

- engagement: percentile of the rate among peers; flat above the 90th, halved above the 99th, where rates look bought;
- credible share of the audience, where a sample of it was classified;
- growth regularity: 1 - the largest severity of a burst of followers;
- comment authenticity: share of comments that do not come from people who always come together.

``coverage`` is the weight of the known parts, and the confidence; below 0.5 there is no score. Bands begin at 20 (low),
40 (normal), 60 (good), 75 (high) and 90 (best).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from creators.models import Platform
from creators.signals.performance import AudienceQuality, QualityBand, QualityPart, QualityPartName
from enrich.signals.anomalies import AnomaliesSignal, Subject, comments_of, follower_bursts, subjects
from enrich.signals.facts import CreatorFacts
from mappings.peers import Peers, reference

WEIGHTS: dict[QualityPartName, float] = {
    "engagement": 0.30,
    "credible_share": 0.30,
    "growth_regularity": 0.20,
    "comment_authenticity": 0.20,
}
MIN_COVERAGE = 0.5
FLAT_FROM = 0.90
HALVED_FROM = 0.99
BANDS: tuple[tuple[float, QualityBand], ...] = (
    (90, "best"),
    (75, "high"),
    (60, "good"),
    (40, "normal"),
    (20, "low"),
    (0, "bad"),
)


def audience_quality(subject: Subject, credible_share: float | None = None) -> AudienceQuality | None:
    """Return the score of an account's audience; None where no part is known.

    Args:
        subject: the account.
        credible_share: of a sample of its audience, 0 to 1; None where nobody has looked.
    """
    rate = subject.engagement
    found = follower_bursts(subject)
    comments = comments_of(subject)
    known: dict[QualityPartName, float | None] = {
        "engagement": engagement_part(rate.percentile) if rate and rate.percentile is not None else None,
        "credible_share": credible_share,
        "growth_regularity": None if found is None else 1 - max((burst.severity for burst in found), default=0.0),
        "comment_authenticity": comments.authenticity if comments else None,
    }
    parts = tuple(
        QualityPart(name=name, score=round(score, 4), weight=WEIGHTS[name])
        for name, score in known.items()
        if score is not None
    )
    if not parts:
        return None
    coverage = round(sum(part.weight for part in parts), 4)
    score = score_of(parts) if coverage >= MIN_COVERAGE else None
    return AudienceQuality(
        account_id=subject.account.account_id,
        platform=subject.account.platform,
        score=score,
        band=None if score is None else band_of(score),
        coverage=coverage,
        parts=parts,
        method="cqs" if subject.account.platform is Platform.YOUTUBE else "aqs",
        as_of=max(
            [
                *(seen.at for seen in subject.observations),
                *(post.fetched_at for post in subject.posts),
            ]
        ),
        confidence=coverage,
    )


def engagement_part(percentile: float) -> float:
    """Return the part of an engagement percentile, both 0 to 1: ``min(p, 0.9) / 0.9``, and half of it above 0.99."""
    flat = min(percentile, FLAT_FROM) / FLAT_FROM
    return flat / 2 if percentile > HALVED_FROM else flat


def score_of(parts: Sequence[QualityPart]) -> float:
    """Return ``100 * Σ w s / Σ w`` of at least one part, 0 to 100."""
    return round(100 * sum(part.weight * part.score for part in parts) / sum(part.weight for part in parts), 2)


def band_of(score: float) -> QualityBand:
    """Return the band of a score of 0 to 100."""
    return next(band for least, band in BANDS if score >= least)


class AudienceQualitySignal:
    """Audience quality of every account of a creator, the largest audience first."""

    name = "audience_quality"

    def __init__(self, peers: Peers | None = None) -> None:
        self._peers = peers or reference()

    @property
    def version(self) -> str:
        """Of the code and of what it rests on."""
        return f"1.{AnomaliesSignal(self._peers).version}"

    def inputs(self, facts: CreatorFacts) -> Any:
        """Return what the anomalies read."""
        return AnomaliesSignal().inputs(facts)

    def compute(self, batch: Sequence[CreatorFacts]) -> list[tuple[AudienceQuality, ...]]:
        """Return the quality of each creator's audiences; empty where no part of it is known."""
        return [
            tuple(found for subject in subjects(facts, self._peers) if (found := audience_quality(subject)) is not None)
            for facts in batch
        ]
