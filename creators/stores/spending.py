"""Money that all processes of an installation may spend together in a day, counted in Redis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from creators.stores.coordination import clock_ms
from creators.stores.scripts import Shared, boundary, script

KEPT_S = 3 * 86_400


@dataclass(frozen=True, slots=True)
class Spending:
    """Gateway to what was spent under a name today (UTC); raises ``QueueUnavailable`` where Redis does not answer."""

    shared: Shared
    name: str
    daily_usd: float

    def reserve(self, usd: float) -> bool:
        """Take an amount before it is spent; returns False, and takes nothing, where the day has not that much left."""
        return bool(self.shared.run(script("spend"), [self._key()], f"{usd:.9f}", f"{self.daily_usd:.9f}", KEPT_S))

    def settle(self, usd: float) -> None:
        """Correct what was reserved by the difference to what it cost; negative gives back."""
        # What was spent is spent, whatever the limit says.
        self.shared.run(script("spend"), [self._key()], f"{usd:.9f}", "inf", KEPT_S)

    def today_usd(self) -> float:
        """Return what was spent today, in USD."""
        with boundary():
            stored = self.shared.redis.get(self.shared.key(self._key()))
        return float(stored or 0)

    def _key(self) -> str:
        day = datetime.fromtimestamp(clock_ms(self.shared.redis) / 1000, UTC)
        return f"spent:{self.name}:{day:%Y-%m-%d}"
