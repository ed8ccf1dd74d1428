"""The types of what is read from a creator's own words: risk for brands, language, place, pronouns, kind, contact."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt

from creators.models import Frozen
from creators.signals.measured import Measured, Share

CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""
LanguageCode = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
"""ISO 639-1."""
RiskLevel = Literal["none", "low", "medium", "high", "floor"]
"""How unfit for a brand: ``floor`` is for no brand at all, ``none`` that nothing was found in what was read."""
RiskSource = Literal["words", "meaning", "llm"]
"""What found a risk: the word lists, the likeness to a description, or a language model that an operator configured."""
PlaceEvidence = Literal["declared", "flag", "place", "phone", "domain", "language"]
"""What a country was read from."""
ContentSource = Literal["form", "words", "bio", "meaning"]
"""What tells a type of content: the form of a post, words of its title or of a bio, or likeness to a description."""
AccountKind = Literal["person", "brand", "media"]
"""One human being (a pen name too), a company or product, or a publication, fan page or collection."""


class RiskFinding(Frozen):
    """One kind of risk with what it was found in."""

    category: str
    """An id of ``mappings/data/brand_risk.toml``."""
    level: RiskLevel
    probability: Share
    """That a reader who knows the vocabulary would agree that it is at least ``low``."""
    found_by: tuple[RiskSource, ...]
    evidence: tuple[str, ...]
    """Post ids, and ``bio:<account id>`` for a bio; the clearest first."""


class BrandRisk(Measured):
    """What may keep a brand from working with a creator: never a verdict, always with what it was found in."""

    vocabulary: str
    """Version of our categories; levels of two versions are not compared."""
    level: RiskLevel
    """The worst level among the findings."""
    findings: tuple[RiskFinding, ...] = ()


class LanguageShare(Frozen):
    """A language and the share of the recognised texts that are in it."""

    language: LanguageCode
    share: Share


class LanguageUse(Measured):
    """The language that a creator writes in."""

    language: LanguageCode
    """The main one: of the bios, else of most posts, else as a source states it (then without confidence)."""
    read_from: Literal["bio", "posts", "declared"]
    used: tuple[LanguageShare, ...] = ()
    """Of all recognised bios and posts, the most used first."""


class CountryEvidence(Frozen):
    """One hint at a country."""

    kind: PlaceEvidence
    country: CountryCode
    account_id: str
    detail: str
    """What was read: the flag, the name of the place, the ending of the domain."""


class Location(Measured):
    """The country that a creator is in, with everything that speaks for and against it."""

    country: CountryCode
    evidence: tuple[CountryEvidence, ...]


class Pronouns(Measured):
    """Pronouns as the creator states them; nothing else is ever read as gender."""

    pronouns: tuple[str, ...]
    """In their usual English form (``she/her``), each once; ``any`` where every one is welcome."""
    declared: tuple[str, ...]
    """As written, small letters."""


class AccountType(Measured):
    """Whether a person, a brand or a medium speaks; ``confidence`` is the probability of ``kind``."""

    kind: AccountKind
    probabilities: dict[AccountKind, Share]
    reasons: tuple[str, ...]
    """What spoke for or against it, in words, the strongest first."""


class ContentTypeShare(Frozen):
    """One type of what a creator makes."""

    type: str
    """An id of ``mappings/data/content_types.toml``."""
    confidence: Share
    share: Share | None = None
    """Of the posts that were read; None where only a bio says it."""
    posts: NonNegativeInt = 0
    found_by: tuple[ContentSource, ...]
    evidence: tuple[str, ...]
    """Post ids, and ``bio:<account id>`` for a bio; the surest first, at most 5."""


class ContentUse(Measured):
    """What kind of pieces a creator makes, whatever they are about; ``sample_size`` is the posts that were read."""

    types: tuple[ContentTypeShare, ...]
    """The surest first, then the most frequent."""


class Sponsorship(Measured):
    """The share of sponsored posts among those read (``sample_size``) within ``window_days``."""

    share: Share
    sponsored: NonNegativeInt
    labelled: NonNegativeInt
    """Of these, how many the platform itself labels."""
    hints: Annotated[dict[str, NonNegativeInt], Field(default_factory=dict)]
    """What says so (label, hashtag, phrase, code, link) → in how many posts."""
    evidence: tuple[str, ...] = ()
    """Ids of sponsored posts, the newest first, at most 10."""


class BrandMention(Frozen):
    """A brand or account that is named where a cooperation is disclosed."""

    name: str
    """A handle, small letters, of the platform of its posts."""
    posts: NonNegativeInt
    evidence: tuple[str, ...]
    """Post ids, the newest first, at most 5."""


class Brands(Measured):
    """Whom a creator names beside a disclosure, the most often named first."""

    mentions: tuple[BrandMention, ...]


class Contact(Measured):
    """Which ways of contact a creator shows; never the address itself."""

    email: bool
    phone: bool
    website: bool
    platforms: tuple[str, ...] = ()
    """Where an e-mail address or telephone number is shown."""
