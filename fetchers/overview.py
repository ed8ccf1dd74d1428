"""What is known about all sources now: who may be called, how each does, what is left; for the router and people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from creators.errors import NotFound, QueueUnavailable
from creators.stores.allowances import Allowances, Usage
from creators.stores.breakers import NUMBERS, Breaker, Breakers
from creators.stores.scripts import Shared
from creators.stores.tallies import Tallies, families
from creators.targets import TaskKind
from fetchers.limits import Clock, Limits, Pool, pool_of, utc_now
from fetchers.policy import Standing, Switches, check_names, settings_of, standing

if TYPE_CHECKING:
    from creators.models import Platform
    from creators.stores.session import Stores
    from fetchers.contract import Source


@dataclass(frozen=True)
class Overview:
    """The state of all sources; every method raises ``QueueUnavailable`` where Redis does not answer.

    Raises:
        SetupError: the settings name a source that does not exist.
    """

    stores: Stores
    sources: Mapping[str, Source]
    clock: Clock = utc_now

    def __post_init__(self) -> None:
        check_names(self.stores.settings, self.sources)

    @property
    def shared(self) -> Shared:
        """The keys of this installation."""
        return Shared(self.stores.queue.redis, self.stores.settings.index_prefix)

    @property
    def breakers(self) -> Breakers:
        """The breakers, to be read, forced or reset."""
        return Breakers(self.shared)

    @property
    def switches(self) -> Switches:
        """What was switched on or off by hand."""
        return Switches(self.shared)

    def source(self, name: str) -> Source:
        """Return a source by name; raises :class:`~creators.errors.NotFound`."""
        if name not in self.sources:
            detail = f"there is no source {name!r}; there are {', '.join(sorted(self.sources))}"
            raise NotFound(detail, field="source")
        return self.sources[name]

    def pool(self, name: str) -> Pool:
        """Return the credentials and limits of a source."""
        return pool_of(self.source(name), settings_of(self.stores.settings, name))

    def standings(self) -> dict[str, Standing]:
        """Return for each source whether it may be called, and why not."""
        switched = self.switches.read()
        settings = self.stores.settings
        return {
            name: standing(source, settings_of(settings, name), switched.get(name))
            for name, source in self.sources.items()
        }

    def states(self) -> dict[str, Breaker]:
        """Return the breaker and the rolling rates of each source."""
        return self.breakers.states(self.sources)

    def usage(self, name: str) -> Usage:
        """Return what is left of the limits of a source, by the names of its credentials, and what it used today."""
        return Limits(Allowances(self.shared), clock=self.clock).usage(self.pool(name))

    def room(self, name: str) -> float:
        """Return the share of the day's budgets of a source that is left; 1 where it has none."""
        own = settings_of(self.stores.settings, name)
        if own.daily_usd is None and own.daily_calls is None:
            return 1.0
        used = self.usage(name)
        budgets = [(used.usd, own.daily_usd), (float(used.calls), own.daily_calls)]
        return min((max(0.0, 1 - spent / most) if most else 0.0) for spent, most in budgets if most is not None)

    def served(self) -> dict[TaskKind, frozenset[Platform]]:
        """Return the platforms that some source may be asked about, by the kind of target."""
        allowed = [self.sources[name] for name, one in self.standings().items() if one.allowed]
        nothing: frozenset[Platform] = frozenset()
        return {kind: nothing.union(*(source.serves.get(kind, nothing) for source in allowed)) for kind in TaskKind}

    def metrics(self) -> list[Metric]:
        """Return the counters of all processes, the breakers and what is left of the quotas, for ``/metrics``."""
        states = GaugeMetricFamily(
            "creatorscope_source_breaker_state", "0 closed, 1 half open, 2 open.", labels=["source"]
        )
        quotas = GaugeMetricFamily(
            "creatorscope_source_quota_left",
            "Units left of an allowance, over all credentials.",
            labels=["source", "endpoint"],
        )
        allowed = [name for name, one in self.standings().items() if one.allowed]
        for name, breaker in self.breakers.states(allowed).items():
            states.add_metric([name], NUMBERS[breaker.state])
            left: dict[str, int] = {}
            for limit in self.usage(name).limits:
                left[limit.endpoint] = left.get(limit.endpoint, 0) + limit.left
            for endpoint, units in sorted(left.items()):
                quotas.add_metric([name, endpoint], units)
        return [*families(Tallies(self.shared).read()), states, quotas]

    def exposition(self) -> bytes:
        """Return the metrics in Prometheus' text format; nothing where Redis does not answer."""
        registry = CollectorRegistry()
        try:
            registry.register(_Read(self.metrics()))
        except QueueUnavailable:
            return b""
        return generate_latest(registry)


@dataclass(frozen=True, eq=False)
class _Read(Collector):
    """Metrics that have been read already, in the shape that Prometheus' client asks for."""

    metrics: list[Metric]

    def collect(self) -> list[Metric]:
        return self.metrics
