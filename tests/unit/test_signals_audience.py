"""Audience quality: a mean of what is known, hidden where that is little, and never outside of its scale."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creators.models import Account, Observation, Post
from creators.signals.performance import Engagement, QualityPart
from enrich.signals.anomalies import Subject
from enrich.signals.audience_quality import (
    WEIGHTS,
    AudienceQualitySignal,
    audience_quality,
    band_of,
    engagement_part,
    score_of,
)
from enrich.signals.facts import CreatorFacts

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SHARES = st.floats(0, 1)


def subject(percentile=None, days=0, pod=None, platform="instagram"):
    account = Account(platform=platform, native_id="a", followers=10_000, source="test", fetched_at=NOW)
    rate = Engagement(
        account_id=account.account_id, platform=platform, rate=0.1, method="m", percentile=percentile, as_of=NOW
    )
    history = tuple(Observation(at=NOW - timedelta(days=day), followers=10_000 - day) for day in range(days))
    commenters = [tuple(f"{i}-{j}" if j >= (pod or 0) else f"pod{j}" for j in range(10)) for i in range(5)]
    posts = tuple(
        Post(
            platform=platform,
            native_id=str(i),
            account_id=account.account_id,
            commenters=names,
            source="test",
            fetched_at=NOW,
        )
        for i, names in enumerate(commenters)
    )
    return Subject(account, (account.observation, *history), () if pod is None else posts, rate)


def test_all_parts_make_the_score():
    found = audience_quality(subject(0.45, 91, pod=5), credible_share=0.8)
    assert [(part.name, part.score) for part in found.parts] == [
        ("engagement", 0.5),
        ("credible_share", 0.8),
        ("growth_regularity", 1.0),
        ("comment_authenticity", 0.5),
    ]
    assert found.score == pytest.approx(100 * (0.15 + 0.24 + 0.2 + 0.1))
    assert (found.coverage, found.confidence, found.band, found.method) == (1.0, 1.0, "good", "aqs")
    assert audience_quality(subject(0.45, platform="youtube")).method == "cqs"


def test_less_than_half_of_the_weight_hides_the_score_but_not_the_parts():
    found = audience_quality(subject(0.45))
    assert (found.score, found.band, found.coverage) == (None, None, 0.3)
    assert len(found.parts) == 1
    found = audience_quality(subject(0.45, 91))
    assert (found.score, found.coverage) == (pytest.approx(70), 0.5)
    assert audience_quality(subject()) is None


@pytest.mark.parametrize(
    ("percentile", "part"), [(0, 0), (0.45, 0.5), (0.9, 1), (0.95, 1), (0.99, 1), (0.991, 0.5), (1, 0.5)]
)
def test_engagement_counts_up_to_the_ninetieth_and_half_beyond_the_ninety_ninth(percentile, part):
    assert engagement_part(percentile) == pytest.approx(part)


@pytest.mark.parametrize(
    ("score", "band"),
    [(0, "bad"), (19.9, "bad"), (20, "low"), (59.9, "normal"), (60, "good"), (75, "high"), (100, "best")],
)
def test_bands(score, band):
    assert band_of(score) == band


def test_weights_are_all_of_it():
    assert sum(WEIGHTS.values()) == pytest.approx(1)


PARTS = st.lists(st.sampled_from(sorted(WEIGHTS)), unique=True, min_size=1)


def parts_of(names, scores):
    return [
        QualityPart(name=name, score=score, weight=WEIGHTS[name]) for name, score in zip(names, scores, strict=True)
    ]


@settings(max_examples=50)
@given(PARTS, st.data())
def test_the_score_lies_between_its_parts_and_rises_with_each(names, data):
    scores = [data.draw(SHARES) for _ in names]
    score = score_of(parts_of(names, scores))
    assert 100 * min(scores) - 0.01 <= score <= 100 * max(scores) + 0.01
    place = data.draw(st.integers(0, len(names) - 1))
    better = [*scores]
    better[place] = data.draw(st.floats(scores[place], 1))
    assert score_of(parts_of(names, better)) >= score
    assert score_of(parts_of(names[::-1], scores[::-1])) == pytest.approx(score, abs=0.01)


@settings(max_examples=50)
@given(SHARES, SHARES)
def test_engagement_part_is_a_share_that_rises_up_to_the_ninety_ninth(one, other):
    low, high = sorted((one, other))
    assert 0 <= engagement_part(low) <= 1
    assert high > 0.99 or engagement_part(low) <= engagement_part(high)


@settings(max_examples=50)
@given(st.none() | SHARES, st.none() | SHARES)
def test_coverage_decides_whether_there_is_a_score(percentile, credible):
    found = audience_quality(subject(percentile), credible)
    known = 0.3 * sum(value is not None for value in (percentile, credible))
    assert (found.coverage if found else 0) == pytest.approx(known)
    assert (found is not None and found.score is not None) == (known >= 0.5)
    assert found is None or found.score is None or 0 <= found.score <= 100


def test_signal_is_dated_by_the_newest_record():
    one = subject(days=91)
    facts = CreatorFacts("c", (one.account,), (), {"instagram:a": one.observations})
    signal = AudienceQualitySignal()
    ((found,), unknown) = signal.compute([facts, CreatorFacts("d", (one.account,))])
    assert (found.as_of, found.coverage, found.account_id) == (NOW, 0.2, "instagram:a")
    assert unknown == ()
