"""Accounts, posts and history of creators become their signals, a batch at a time.

No clock: everything is dated by the newest record that it was computed from, so a rebuild gives the same signals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from creators.models import Engagement, Growth, NicheScore, Signals
from enrich.encoders.text import TextEncoder
from enrich.signals.embedding_text import by_audience, embedding_text, text_hash
from enrich.signals.engagement import engagement
from enrich.signals.facts import CreatorFacts
from enrich.signals.growth import growth
from enrich.signals.language import detect_language
from enrich.signals.niche import NicheClassifier, NicheInput

MAX_LANGUAGE_POSTS = 10


def compute_signals(
    creators: Sequence[CreatorFacts],
    encoder: TextEncoder,
    classifier: NicheClassifier,
    reuse: Mapping[str, Sequence[float]],
) -> list[Signals]:
    """Return the signals of each creator, in the same order.

    Args:
        creators: the batch; each text is encoded once, however many creators share it.
        encoder: makes the vectors; its fingerprint is stored beside them.
        classifier: made with the same encoder.
        reuse: vectors by text hash that this same encoder made earlier; only other texts are encoded.
    """
    niches = classifier.classify([_niche_input(facts) for facts in creators])
    texts = [embedding_text(facts.accounts, scores) for facts, scores in zip(creators, niches, strict=True)]
    vectors = _vectors(texts, encoder, reuse)
    return [
        _signals(facts, scores, text, (encoder.fingerprint, vectors[text]))
        for facts, scores, text in zip(creators, niches, texts, strict=True)
    ]


def _signals(
    facts: CreatorFacts, niches: tuple[NicheScore, ...], text: str, embedded: tuple[str, tuple[float, ...]]
) -> Signals:
    fingerprint, vector = embedded
    language, confidence = _language(facts)
    return Signals(
        creator_id=facts.creator_id,
        niches=niches,
        language=language,
        language_confidence=confidence,
        engagement=_engagement(facts),
        growth=_growth(facts),
        text=text,
        text_hash=text_hash(text),
        encoder=fingerprint,
        vector=vector,
    )


def _vectors(
    texts: Sequence[str], encoder: TextEncoder, reuse: Mapping[str, Sequence[float]]
) -> dict[str, tuple[float, ...]]:
    found = {text: reuse.get(text_hash(text)) for text in dict.fromkeys(texts)}
    missing = [text for text, vector in found.items() if vector is None]
    fresh = dict(zip(missing, encoder.encode(missing).tolist(), strict=True))
    return {text: tuple(fresh[text] if vector is None else vector) for text, vector in found.items()}


def _niche_input(facts: CreatorFacts) -> NicheInput:
    ordered = by_audience(facts.accounts)
    return NicheInput(
        bio="\n".join(_own_words(facts)) or None,
        categories=tuple(dict.fromkeys(name for account in ordered for name in account.categories)),
        topics=tuple(dict.fromkeys(name for account in ordered for name in account.topics)),
    )


def _own_words(facts: CreatorFacts) -> list[str]:
    bios = (account.bio for account in by_audience(facts.accounts) if not account.bio_composed)
    return list(dict.fromkeys(bio for bio in bios if bio))


def _language(facts: CreatorFacts) -> tuple[str | None, float | None]:
    """Return the language of the bios, else of the newest posts, else as a source states it (no confidence)."""
    newest = sorted(facts.posts, key=lambda post: (post.posted_at or post.fetched_at, post.post_id), reverse=True)
    captions = [post.text for post in newest[:MAX_LANGUAGE_POSTS] if post.text]
    for words in (_own_words(facts), captions):
        language, confidence = detect_language("\n".join(words))
        if language:
            return language, confidence
    return next((account.language for account in by_audience(facts.accounts) if account.language), None), None


def _engagement(facts: CreatorFacts) -> tuple[Engagement, ...]:
    rates = []
    for account in by_audience(facts.accounts):
        posts = [post for post in facts.posts if post.account_id == account.account_id]
        as_of = max([account.fetched_at, *(post.fetched_at for post in posts)])
        rates.append(engagement(account, posts, as_of))
    return tuple(rate for rate in rates if rate is not None)


def _growth(facts: CreatorFacts) -> tuple[Growth, ...]:
    return tuple(
        rate
        for account in by_audience(facts.accounts)
        for rate in growth(
            account.account_id,
            (*facts.observations.get(account.account_id, ()), *account.history, account.observation),
        )
    )
