"""What kind of pieces a creator makes (tutorials, reviews, vlogs, …), whatever they are about.

Evidence of a post, each with a probability that it is right (our own, after ``benchmarks.signals.content_type`` and a
look at real posts):

- its form, as the platform tells: a live stream is ``live``, a reel ``short``; 1;
- words of its title (one line of at most 100 characters), 0.85, or of the first 200 characters of a caption, 0.5:
  captions and posts of X mention a review or a challenge that is not theirs;
- where no word says anything, and for titles among the 5 newest texts only (their vectors are those of
  ``brand_risk``): likeness to the prompts of a type, ``1 / (1 + exp(-(a + b * c + g * m)))`` with the largest cosine
  ``c`` and the margin ``m`` over the next type or everyday prompt.

Words of a bio say what a creator makes in general: 0.8. The confidence of a type is ``1 - product(1 - p)`` over its
three surest pieces of evidence, at most 0.95 where a form does not tell it; a type of posts counts from a tenth of the
posts on, and from two posts on where there are ten or more. Nothing below 0.6 is told, at most six types.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from creators.models import Post
from creators.signals.content import ContentSource, ContentTypeShare, ContentUse
from creators.text import clean
from enrich.signals.contract import Encode
from enrich.signals.facts import CreatorFacts
from enrich.signals.likeness import products
from enrich.signals.said import Said, as_of, bios, captions, newest_posts, window_days
from mappings.content_types import content_types
from mappings.versions import data_version

METHOD = "forms_words_and_likeness"
POSTS_BY_MEANING = 5
TITLE_CHARACTERS = 200
BIO_CHARACTERS = 600
LONGEST_TITLE = 100
BY_FORM, BY_WORDS, BY_CAPTION, BY_BIO = 1.0, 0.85, 0.5, 0.8
MOST = 0.95
MEANING = (-3.58, 10.07, 3.86)
"""a, b, g: logistic regression on the tuning half, see ``docs/signals.md``."""
LEAST_MEANING = 0.7
"""More of the world's captions are none of the types than of that half."""
LEAST_CONFIDENCE = 0.6
LEAST_SHARE = 0.1
MANY_POSTS = 10
MAX_TYPES = 6
MAX_EVIDENCE = 5
_COUNTED = 3

Floats = NDArray[np.float32]


class Clue(NamedTuple):
    """One piece of evidence: of which type, how sure, what it was read from, and where."""

    type: str
    probability: float
    found_by: ContentSource
    evidence: str


class Likeness:
    """The prompts of all types as vectors, encoded once."""

    def __init__(self, encode: Encode) -> None:
        known = content_types()
        pairs = [(one.id, prompt) for one in known.types for prompt in one.prompts]
        pairs += [("", prompt) for prompt in known.everyday]
        self._owners = [owner for owner, _ in pairs]
        self._prompts = encode([prompt for _, prompt in pairs])

    def guess(self, vector: Floats) -> tuple[str, float]:
        """Return the type that a text is most like, and the probability that it is; ``""`` and 0 for none."""
        best: dict[str, float] = {}
        for owner, cosine in zip(self._owners, products(vector[None, :], self._prompts)[0].tolist(), strict=True):
            best[owner] = max(best.get(owner, -1.0), cosine)
        first, second = sorted(best, key=lambda owner: -best[owner])[:2]
        return ("", 0.0) if not first else (first, probability(best[first], best[first] - best[second]))


def probability(cosine: float, margin: float) -> float:
    """Return how likely the nearest type is right, 0 to 1, by its cosine and how far the next one is behind."""
    offset, per_cosine, per_margin = MEANING
    return round(1 / (1 + math.exp(-(offset + per_cosine * cosine + per_margin * margin))), 4)


def of_title(text: str) -> list[str]:
    """Return the types that the words of a title or caption name, each once, in their order."""
    known = content_types()
    found = known.titles.find(clean(text)[:TITLE_CHARACTERS])
    return list(dict.fromkeys(known.of_title[wording.phrase] for wording in found))


def of_bio(text: str) -> list[str]:
    """Return the types that the words of a bio name, each once, in their order."""
    known = content_types()
    found = known.bio.find(clean(text)[:BIO_CHARACTERS])
    return list(dict.fromkeys(known.of_bio[wording.phrase] for wording in found))


class ContentTypeSignal:
    """What kind of pieces a creator makes, from posts and bios."""

    name = "content_type"
    version = f"1.{data_version('content_types.toml')}"

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self._likeness = Likeness(encode)
        self._by_kind = {kind: one.id for one in content_types().types for kind in one.kinds}

    def inputs(self, facts: CreatorFacts) -> Any:
        """Return the texts and forms that are read."""
        posts = _read(facts)
        told = [[post.post_id, post.kind, post.text, str(post.posted_at)] for post in posts]
        return [told, [[said.evidence, said.text] for said in bios(facts)], as_of(facts, posts).isoformat()]

    def compute(self, batch: Sequence[CreatorFacts]) -> list[ContentUse | None]:
        """Return what each creator makes; None where nothing tells."""
        read = [(facts, _read(facts)) for facts in batch]
        unsaid = [said.text for _, posts in read for said in _unsaid(posts)]
        texts = list(dict.fromkeys(unsaid))
        vectors = self._encode(texts) if texts else np.empty((0, 0), dtype=np.float32)
        guesses = {text: self._likeness.guess(vector) for text, vector in zip(texts, vectors, strict=True)}
        return [_use(facts, posts, list(self._clues(facts, posts, guesses))) for facts, posts in read]

    def _clues(
        self, facts: CreatorFacts, posts: Sequence[Post], guesses: Mapping[str, tuple[str, float]]
    ) -> Iterator[Clue]:
        for said in bios(facts):
            yield from (Clue(one, BY_BIO, "bio", said.evidence) for one in of_bio(said.text))
        for post in posts:
            if post.kind in self._by_kind:
                yield Clue(self._by_kind[post.kind], BY_FORM, "form", post.post_id)
        for said in captions(posts):
            sure = BY_WORDS if _is_title(said.text) else BY_CAPTION
            yield from (Clue(one, sure, "words", said.evidence) for one in of_title(said.text))
        yield from _meant(_unsaid(posts), guesses)


def _is_title(text: str) -> bool:
    return len(text) <= LONGEST_TITLE and "\n" not in text.strip()


def _unsaid(posts: Sequence[Post]) -> list[Said]:
    """Titles among the newest texts in which no word says what they are."""
    newest = captions(posts)[:POSTS_BY_MEANING]
    return [said for said in newest if _is_title(said.text) and not of_title(said.text)]


def _meant(told: Sequence[Said], guesses: Mapping[str, tuple[str, float]]) -> Iterator[Clue]:
    for said in told:
        guess, likely = guesses.get(said.text, ("", 0.0))
        if guess and likely >= LEAST_MEANING:
            yield Clue(guess, likely, "meaning", said.evidence)


def _read(facts: CreatorFacts) -> list[Post]:
    """The posts that can say anything: with words, or of a form that is told."""
    return [post for post in newest_posts(facts) if post.text or post.kind]


def _use(facts: CreatorFacts, posts: Sequence[Post], clues: Sequence[Clue]) -> ContentUse | None:
    by_type: dict[str, list[Clue]] = {}
    for clue in clues:
        by_type.setdefault(clue.type, []).append(clue)
    told = [found for own in by_type.values() if (found := _share(own, len(posts))) is not None]
    if not told:
        return None
    ordered = sorted(told, key=lambda one: (-one.confidence, -one.posts, one.type))[:MAX_TYPES]
    return ContentUse(
        types=tuple(ordered),
        method=METHOD,
        as_of=as_of(facts, posts),
        confidence=ordered[0].confidence,
        sample_size=len(posts),
        window_days=window_days(posts),
    )


def _share(clues: Sequence[Clue], posts: int) -> ContentTypeShare | None:
    """One type as its clues tell it; None where they are too few or too weak."""
    surest: dict[str, Clue] = {}
    for clue in sorted(clues, key=lambda one: -one.probability):
        surest.setdefault(clue.evidence, clue)
    of_posts = [clue for clue in surest.values() if clue.found_by != "bio"]
    said = [clue for clue in surest.values() if clue.found_by == "bio"]
    share = len(of_posts) / posts if posts else 0.0
    counts = share >= LEAST_SHARE and len(of_posts) >= (2 if posts >= MANY_POSTS else 1)
    used = sorted([*said, *(of_posts if counts or said else [])], key=lambda one: -one.probability)
    confidence = 1 - math.prod(1 - clue.probability for clue in used[:_COUNTED])
    if not any(clue.found_by == "form" for clue in used):
        confidence = min(confidence, MOST)
    if confidence < LEAST_CONFIDENCE:
        return None
    return ContentTypeShare(
        type=clues[0].type,
        confidence=round(confidence, 4),
        share=round(share, 4) if of_posts else None,
        posts=len(of_posts),
        found_by=tuple(sorted({clue.found_by for clue in used})),
        evidence=tuple(clue.evidence for clue in used[:MAX_EVIDENCE]),
    )
