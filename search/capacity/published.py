"""Three clusters that others published, as this planner sees them: what it predicts against what they measured.

They searched vectors alone, each client sending its next search when the last was answered (a closed loop), so the time
of a search is what so many searches at once leave of the cores. What the reports do not say (segments, the number of
shards of the second) is a guess, named here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from search.capacity.calibration import Calibration
from search.capacity.demand import Demand, Node
from search.capacity.sizing import Case, Layout
from search.capacity.waiting import slowest, stretch
from search.capacity.work import kinds, on_shard
from search.plan import EXPLORE

SEGMENTS = 5.0
"""Graphs in one shard of an index that nobody merged after loading it: no report says how many there were."""
OLDER_CORES = 0.7
"""Speed of the cores of 2019 to 2023 that the reports are of, over the calibrated EPYC of 2022: a guess, for none names
its processor. Amazon gives its machines of that kind up to half as much again as those before (m7a, m6a)."""
WITHIN = 2.0
"""Factor within which a prediction of somebody else's cluster counts as right."""


@dataclass(frozen=True, slots=True)
class Published:
    """One report.

    Attributes:
        name: what it is called here.
        source: where it stands.
        demand: what was searched; ``explore`` is its ``ef_search`` over that of the calibration.
        node: one data node.
        layout: nodes and primary shards.
        clients: that searched at once.
        p90_ms: that was measured.
        guessed: what the report does not say.
        core_speed: of its cores, over those of the calibrated machine.
    """

    name: str
    source: str
    demand: Demand
    node: Node
    layout: Layout
    clients: int
    p90_ms: float
    guessed: str
    core_speed: float = OLDER_CORES


def _vectors(creators: int, dimension: int, *, ef_search: int, replicas: int = 0) -> Demand:
    return Demand(
        creators=creators,
        qps=1,
        replicas=replicas,
        filtered=0,
        matches=(0.0,),
        dimension=dimension,
        explore=ef_search / EXPLORE,
        most_per_shard=creators,
    )


def _spread(nodes: int, shards: int) -> Layout:
    return Layout(nodes, shards, {"memory": nodes, "cpu": nodes, "disk": nodes, "io": nodes})


CLUSTERS = (
    Published(
        "62.5M x 128, one node, Lucene",
        "opensearch-project/k-NN issue 1062",
        _vectors(62_500_000, 128, ef_search=100),
        Node(vcpu=32, ram_gb=256),
        _spread(1, 16),
        clients=10,
        p90_ms=27.5,
        guessed="ef_search 100",
    ),
    Published(
        "150M x 128, six nodes, ef_search 1024",
        "opendistro-for-elasticsearch/k-NN issue 173",
        _vectors(150_000_000, 128, ef_search=1024),
        Node(vcpu=48, ram_gb=192),
        _spread(6, 36),
        clients=1,
        p90_ms=40.0,
        guessed="36 shards, one client; another engine (nmslib)",
    ),
    Published(
        "113M x 1024, eight nodes",
        "OpenSearch blog, 2025-02-03, disk-based vector search",
        _vectors(113_000_000, 1024, ef_search=100, replicas=1),
        Node(vcpu=32, ram_gb=256),
        _spread(8, 40),
        clients=8,
        p90_ms=27.7,
        guessed="ef_search 100; another engine (Faiss)",
    ),
)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the planner says of a published cluster, and the factor between both, at least 1."""

    name: str
    source: str
    guessed: str
    measured_p90_ms: float
    predicted_p90_ms: float
    factor: float

    @property
    def holds(self) -> bool:
        """Whether it is within a factor of :data:`WITHIN`."""
        return self.factor <= WITHIN


def predict(calibration: Calibration, cluster: Published) -> Prediction:
    """Return the P90 that the planner expects of a published cluster.

    One request goes to every shard; its CPU is the fixed part and the walk. A search finds those of the other clients
    before it (the arrival theorem of closed networks: Reiser and Lavenberg, "Mean-value analysis of closed multichain
    queuing networks", 1980), whose work all cores share; then it takes as long as the slowest of its shards.
    """
    c = replace(calibration.best, segments=SEGMENTS, shard_requests=1.0, core_speed=cluster.core_speed)
    case = Case(cluster.demand, cluster.node, c, calibration.reference)
    shards = cluster.layout.shards
    work = on_shard(kinds(cluster.demand)[0], cluster.demand.creators / shards, cluster.demand, c, case.reference)
    cores = cluster.layout.nodes * cluster.node.vcpu
    alone = work.total_ms * stretch(slowest(0.9, shards), c.service_scv)
    before = (cluster.clients - 1) * shards * work.total_ms / cores
    across = c.network_ms + shards * c.reduce_ms
    # Found, then fetched: two round trips, the second to the shards that have one of the hits.
    predicted = before + alone + c.hits_ms / c.core_speed + 2 * across
    factor = max(predicted / cluster.p90_ms, cluster.p90_ms / predicted)
    return Prediction(cluster.name, cluster.source, cluster.guessed, cluster.p90_ms, predicted, factor)
