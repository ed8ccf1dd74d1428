"""What the media of a creator say, put together for search."""

from __future__ import annotations

from collections.abc import Sequence

from creators.annotations import Annotation
from creators.signals.media import Media
from enrich.signals.facts import CreatorFacts

METHOD = "annotations"
MAX_TEXTS = 50
MAX_CHARACTERS = 1_000
"""Of one text."""


class MediaSignal:
    """Distinct texts of the media of all accounts, newest first."""

    name = "media"
    version = "1"

    def inputs(self, facts: CreatorFacts) -> list[str]:
        """Return every annotation."""
        return sorted(one.model_dump_json() for one in _said(facts))

    def compute(self, batch: Sequence[CreatorFacts]) -> list[Media | None]:
        """Return what the media of each creator say; None where none was read."""
        return [_media(_said(facts)) for facts in batch]


def _said(facts: CreatorFacts) -> list[Annotation]:
    # How the picture of an account looks is evidence of who it is, and says nothing.
    return [one for one in facts.annotations if not one.is_avatar]


def _media(annotations: Sequence[Annotation]) -> Media | None:
    if not annotations:
        return None
    newest = sorted(annotations, key=lambda one: (-one.fetched_at.timestamp(), one.medium, one.method))
    texts = list(dict.fromkeys(one.text[:MAX_CHARACTERS] for one in newest if one.text))
    media = {one.medium for one in newest}
    speaking = {one.medium for one in newest if one.text}
    return Media(
        texts=tuple(texts[:MAX_TEXTS]),
        with_text=len(speaking),
        coverage=round(len(speaking) / len(media), 6),
        method=METHOD,
        as_of=newest[0].fetched_at,
        sample_size=len(media),
    )
