"""What may keep a brand from working with a creator: category, level and the texts that show it.

Every bio and post is read by the word lists; the bios and the newest posts by meaning, too. A category is a finding
where its probability in some text is at least 0.5 (0.7 where no word says so); its level is that of the words there,
else that of the description the text is most like. A language model that an operator has configured is asked about bios
only, and adds to both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from creators.signals.content import BrandRisk, RiskFinding, RiskLevel
from enrich.signals.brand_risk_meaning import THRESHOLD, RiskMeaning, TextFinding, found, probabilities, risk_model
from enrich.signals.brand_risk_words import word_findings
from enrich.signals.contract import Encode
from enrich.signals.facts import CreatorFacts
from enrich.signals.said import Said, as_of, bios, captions, newest_posts, window_days
from mappings.brand_risk import LEVELS, Level, risk_vocabulary
from mappings.versions import data_version

METHOD = "words_and_meaning"
MAX_EVIDENCE = 5
POSTS_BY_MEANING = 5
"""Encoding is what costs: of posts only the newest are read by meaning."""
WORD_ALONE = 0.8
"""What a word says where the meaning was not asked for: about the share of tuning texts whose words are right."""
_IDS = [category.id for category in risk_vocabulary().categories]
_ORDER: tuple[RiskLevel, ...] = ("none", *LEVELS)


class RiskOpinion(Protocol):
    """What a language model says of one category in one text."""

    @property
    def category(self) -> str:
        """An id of the vocabulary."""

    @property
    def level(self) -> Level:
        """How bad."""

    @property
    def probability(self) -> float:
        """How sure, 0 to 1."""


class RiskJudge(Protocol):
    """A language model as this signal asks it; see :mod:`enrich.signals.llm`."""

    @property
    def version(self) -> str:
        """What changes with the model or its instructions."""

    def risks(self, texts: Sequence[str]) -> Sequence[Sequence[RiskOpinion] | None]:
        """Return what it finds in each text; None where it did not answer."""


class BrandRiskSignal:
    """The brand risk of a creator, from bios and posts."""

    name = "brand_risk"

    def __init__(self, encode: Encode, judge: RiskJudge | None = None) -> None:
        self._encode, self._judge = encode, judge
        self._meaning = RiskMeaning(encode)

    @property
    def version(self) -> str:
        """The version of the code, the hashes of vocabulary and weights, and the language model where there is one."""
        judged = f".{self._judge.version}" if self._judge else ""
        return f"2.{data_version('brand_risk.toml')}.{risk_model().digest}{judged}"

    def inputs(self, facts: CreatorFacts) -> Any:
        """Return the texts that are read."""
        posts = newest_posts(facts)
        read = [[said.evidence, said.text] for said in (*bios(facts), *captions(posts))]
        return [read, [str(post.posted_at) for post in posts], as_of(facts, posts).isoformat()]

    def compute(self, batch: Sequence[CreatorFacts]) -> list[BrandRisk | None]:
        """Return the risk of each creator; None where there is nothing to read."""
        read = [_Read(facts) for facts in batch]
        texts = list(dict.fromkeys(said.text for one in read for said in one.by_meaning))
        shown = {said.text: _by_words_alone(said.text) for one in read for said in one.texts}
        shown |= dict(zip(texts, self._by_meaning(texts), strict=True))
        for text, opinions in self._opinions([said.text for one in read for said in one.described]).items():
            shown[text] += [TextFinding(one.category, one.probability, one.level, "llm") for one in opinions]
        return [_risk(one, shown) for one in read]

    def _by_meaning(self, texts: Sequence[str]) -> list[list[TextFinding]]:
        if not texts:
            return []
        words = [word_findings(text) for text in texts]
        vectors = np.asarray(self._encode(texts))
        shares = probabilities(self._meaning.features(vectors, words), risk_model())
        levels = self._meaning.levels(vectors)
        return [[*found(*one)] for one in zip(shares.tolist(), words, levels, strict=True)]

    def _opinions(self, texts: Sequence[str]) -> dict[str, Sequence[RiskOpinion]]:
        if self._judge is None or not texts:
            return {}
        distinct = list(dict.fromkeys(texts))
        answers = self._judge.risks(distinct)
        return {text: answer for text, answer in zip(distinct, answers, strict=True) if answer}


class _Read:
    """The texts of one creator that are read."""

    def __init__(self, facts: CreatorFacts) -> None:
        self.posts = newest_posts(facts)
        self.described = bios(facts)
        posted = captions(self.posts)
        self.texts: list[Said] = [*self.described, *posted]
        self.by_meaning: list[Said] = [*self.described, *posted[:POSTS_BY_MEANING]]
        self.as_of = as_of(facts, self.posts)


def _by_words_alone(text: str) -> list[TextFinding]:
    return [TextFinding(name, WORD_ALONE, one.level, "words") for name, one in word_findings(text).items()]


def _risk(read: _Read, shown: Mapping[str, Sequence[TextFinding]]) -> BrandRisk | None:
    if not read.texts:
        return None
    cases: dict[str, list[tuple[TextFinding, str]]] = {}
    for said in read.texts:
        for finding in shown[said.text]:
            if finding.probability >= THRESHOLD:
                cases.setdefault(finding.category, []).append((finding, said.evidence))
    found_here = [_finding(category, cases[category]) for category in _IDS if category in cases]
    ordered = sorted(found_here, key=lambda one: (-_place(one.level), -one.probability, one.category))
    judged = any("llm" in one.found_by for one in ordered)
    return BrandRisk(
        vocabulary=risk_vocabulary().version,
        level=ordered[0].level if ordered else "none",
        findings=tuple(ordered),
        confidence=ordered[0].probability if ordered else None,
        method=METHOD + ("_and_llm" if judged else ""),
        as_of=read.as_of,
        sample_size=len(read.texts),
        window_days=window_days(read.posts),
    )


def _finding(category: str, case: Sequence[tuple[TextFinding, str]]) -> RiskFinding:
    ordered = sorted(case, key=lambda one: (-_place(one[0].level), -one[0].probability, one[1]))
    return RiskFinding(
        category=category,
        level=ordered[0][0].level,
        probability=round(max(finding.probability for finding, _ in case), 4),
        found_by=tuple(sorted({finding.source for finding, _ in case})),
        evidence=tuple(dict.fromkeys(evidence for _, evidence in ordered))[:MAX_EVIDENCE],
    )


def _place(level: RiskLevel) -> int:
    return _ORDER.index(level)
