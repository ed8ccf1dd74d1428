"""Whether a run passes, and if not, why."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.load.figures import Figures
from benchmarks.load.phases import HOLD, STEP

LEAST = 20
"""Searches in the hold below which a percentile says nothing: such a run does not pass."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What a run must keep.

    Attributes:
        budget_ms: the largest P90 of searches while the users stay.
        failed_share: of all requests after the ramp.
        degraded_share: of all answers after the ramp.
    """

    budget_ms: float = 500.0
    failed_share: float = 0.001
    degraded_share: float = 0.01

    def faults(self, figures: Figures) -> list[str]:
        """Return what is wrong with a run in sentences; none for a run that passes."""
        searches = figures.searches_while_held()
        found = []
        if searches.count < LEAST:
            found.append(
                f"{searches.count} searches were made while the users stayed: too few to judge, {LEAST} needed"
            )
        p90 = searches.percentile_ms(90)
        if p90 is not None and p90 > self.budget_ms:
            found.append(f"P90 of searches is {p90:.0f} ms, the budget {self.budget_ms:.0f} ms")
        judged = figures.over(phases=[HOLD, STEP])
        for name, count, most in (
            ("failed", judged.failed, self.failed_share),
            ("degraded", judged.degraded, self.degraded_share),
        ):
            if judged.count and count / judged.count > most:
                share = count / judged.count
                found.append(
                    f"{share:.2%} of answers are {name} ({count} of {judged.count}), at most {most:.2%} may be"
                )
        return found
