"""When requests are sent: drawn before the run from a seed, whatever the server does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Plan:
    """Planned send times.

    Attributes:
        at: seconds from the start, shape ``(n,)``, ascending.
        seconds: length of the run.
        arrivals: how they were drawn.
    """

    at: NDArray[np.float64]
    seconds: float
    arrivals: str

    def __len__(self) -> int:
        """Return the number of requests."""
        return len(self.at)

    @property
    def rate(self) -> float:
        """Requests per second that are offered."""
        return len(self) / self.seconds


def poisson(rate: float, seconds: float, seed: int) -> Plan:
    """Return arrivals that know nothing of each other, as those of many people do.

    Gaps are exponential with mean ``1 / rate``; the number of arrivals in ``seconds`` is therefore drawn too
    (Kingman, Poisson Processes, 1993, §4.1).

    Args:
        rate: requests per second.
        seconds: length of the run.
        seed: equal seeds give equal times.
    """
    random = np.random.default_rng(seed)
    # Six standard deviations more than are expected: that too few are drawn happens once in a thousand million runs.
    most = int(rate * seconds + 6 * np.sqrt(rate * seconds) + 10)
    at = np.cumsum(random.exponential(1 / rate, most))
    return Plan(at[at < seconds], seconds, "poisson")


def constant(rate: float, seconds: float, seed: int = 0) -> Plan:
    """Return arrivals at equal distances; the seed makes no difference."""
    del seed
    return Plan(np.arange(int(rate * seconds)) / rate, seconds, "constant")


ARRIVALS: dict[str, Callable[[float, float, int], Plan]] = {"poisson": poisson, "constant": constant}
