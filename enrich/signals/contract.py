"""What a signal is to the pipeline: a name, a version, what it reads, and a pure computation over a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from enrich.signals.facts import CreatorFacts

Value_co = TypeVar("Value_co", covariant=True)
Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts → unit vectors of shape (texts, dimension); texts seen before cost nothing."""


class Signal(Protocol[Value_co]):
    """One signal. It has no clock and no client: the same facts give the same value, today and after a rebuild."""

    @property
    def name(self) -> str:
        """The field of :class:`creators.signals.creator.Signals` that it fills."""

    @property
    def version(self) -> str:
        """What changes when code, word list or model does: only then is everybody's value computed again."""

    def inputs(self, facts: CreatorFacts) -> Any:
        """Return, as JSON, exactly what the value depends on: where it is unchanged, the stored value stands."""

    def compute(self, batch: Sequence[CreatorFacts]) -> Sequence[Value_co]:
        """Return the value for each creator, in the same order; None where it is unknown."""
