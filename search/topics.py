"""What a question is about, in niches; known once the names of all niches have been encoded."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

from search.parse.niches import NicheGuesser

if TYPE_CHECKING:
    from enrich.encoders.text import TextEncoder
    from search.encoding import Vector

NEAR = 5
"""A filter that has none of so many nearest niches leaves out what the question is about."""


class Topics:
    """The niches as points in the space of meaning; one per process."""

    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder = encoder
        self._lock = Lock()
        self._guesser: NicheGuesser | None = None

    def guesser(self) -> NicheGuesser:
        """Return what guesses niches; the first time it encodes for a second or two."""
        with self._lock:
            if self._guesser is None:
                self._guesser = NicheGuesser(self._encoder)
            return self._guesser

    def is_left_out(self, vector: Vector | None, niches: Sequence[str]) -> bool:
        """Return whether creators of ``niches`` alone are not what the question is about; False where nobody knows."""
        if self._guesser is None or vector is None or not niches:
            return False
        return set(self._guesser.nearest(vector, NEAR)).isdisjoint(niches)
