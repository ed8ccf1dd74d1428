"""How a metric is spread over the creators of each platform and size: the index ``population``.

One document per metric, platform and follower band holds 101 quantiles (0 % to 100 %) of the metric among its peers.
Bands with too few creators are merged with their neighbours until ``MIN_PEERS`` have the metric; a platform that has
fewer altogether has no document, and nobody is compared there. The number is our own: with 200, one per cent is two
creators.

Quantiles come from the index's own sketch (t-digest, Dunning and Ertl, arXiv 1902.04023): the same documents give the
same table as far as the order in which the sketch sees them allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog

from creators.errors import CreatorscopeError, NotFound
from creators.stores import bulk, receipts
from creators.stores.coordination import clock_ms
from mappings.fields import FOLLOWER_BANDS
from mappings.registry import CREATORS, POPULATION

if TYPE_CHECKING:
    from creators.stores.cluster import Cluster
    from creators.stores.session import Stores

MIN_PEERS = 200
COMPRESSION = 1_000
MIN_INTERVAL_S = 300.0
"""Time between two measurements that nobody waits for."""
JOB = "measure_population"
RUN = "run"
BANDS: tuple[str, ...] = tuple(name for name, _ in FOLLOWER_BANDS)
BY_SIZE: Mapping[str, bool] = {"engagement_rate": True, "growth_90d": True, "followers": False}
"""Metric and whether creators of one size are compared; followers are compared over all sizes of a platform."""
PERCENTS = [float(percent) for percent in range(101)]

log = structlog.get_logger(__name__)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Peers:
    """The creators of neighbouring bands of one platform that have a metric."""

    metric: str
    platform: str
    bands: tuple[str, ...]
    n: int


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in the index, as far as it decides whether the population is measured again."""

    creators: int
    as_of: str | None


def merge_bands(counts: Mapping[str, int], *, least: int = MIN_PEERS) -> list[tuple[tuple[str, ...], int]]:
    """Return groups of neighbouring bands with at least ``least`` creators each, smallest band first.

    The smallest group that has too few is merged with its smaller neighbour (of equals the lower one), again and again.
    Empty when all bands together have too few.
    """
    groups: list[tuple[tuple[str, ...], int]] = [((band,), counts.get(band, 0)) for band in BANDS]
    while len(groups) > 1:
        place = min(range(len(groups)), key=lambda i: groups[i][1])
        if groups[place][1] >= least:
            break
        sides = [i for i in (place - 1, place + 1) if 0 <= i < len(groups)]
        other = min(sides, key=lambda i: groups[i][1])
        low, high = sorted((place, other))
        joined = (groups[low][0] + groups[high][0], groups[low][1] + groups[high][1])
        groups[low : high + 1] = [joined]
    return [group for group in groups if group[1] >= least]


def counting_request() -> Json:
    """Return the request that counts, per platform and band, who has each metric."""
    have = {metric: {"filter": {"exists": {"field": metric}}} for metric in BY_SIZE}
    bands = {"terms": {"field": "follower_band", "size": len(BANDS)}, "aggs": have}
    return {
        "size": 0,
        "track_total_hits": False,
        "aggs": {"platforms": {"terms": {"field": "primary_platform", "size": 50}, "aggs": {"bands": bands}}},
    }


def peers_of(answer: Mapping[str, Any]) -> list[Peers]:
    """Return whom to compare, from the answer to :func:`counting_request`."""
    found = []
    for platform in answer["aggregations"]["platforms"]["buckets"]:
        bands = {bucket["key"]: bucket for bucket in platform["bands"]["buckets"]}
        for metric, by_size in BY_SIZE.items():
            counts = {band: bucket[metric]["doc_count"] for band, bucket in bands.items()}
            total = sum(counts.values())
            whole = [(BANDS, total)] if total >= MIN_PEERS else []
            for names, n in merge_bands(counts) if by_size else whole:
                found.append(Peers(metric, platform["key"], names, n))
    return sorted(found, key=lambda one: (one.metric, one.platform, BANDS.index(one.bands[0])))


def quantile_request(groups: Sequence[Peers]) -> Json:
    """Return the request for the quantiles of each group, named by its place."""
    aggs: Json = {}
    for place, group in enumerate(groups):
        members = [
            {"term": {"primary_platform": group.platform}},
            {"terms": {"follower_band": list(group.bands)}},
            {"exists": {"field": group.metric}},
        ]
        percentiles = {
            "field": group.metric,
            "percents": PERCENTS,
            "keyed": False,
            "tdigest": {"compression": COMPRESSION},
        }
        aggs[str(place)] = {
            "filter": {"bool": {"filter": members}},
            "aggs": {"quantiles": {"percentiles": percentiles}, "as_of": {"max": {"field": "as_of"}}},
        }
    return {"size": 0, "track_total_hits": False, "aggs": aggs}


def cells_of(groups: Sequence[Peers], answer: Mapping[str, Any]) -> dict[str, Json]:
    """Return document id → document, one per metric, platform and band; merged bands share their quantiles."""
    cells: dict[str, Json] = {}
    for place, group in enumerate(groups):
        found = answer["aggregations"][str(place)]
        quantiles = [one["value"] for one in found["quantiles"]["values"]]
        for band in group.bands:
            cells[cell_id(group.metric, group.platform, band)] = {
                "kind": "cell",
                "metric": group.metric,
                "platform": group.platform,
                "band": band,
                "bands": list(group.bands),
                "n": found["doc_count"],
                "quantiles": quantiles,
                "as_of": found["as_of"]["value_as_string"],
            }
    return cells


def cell_id(metric: str, platform: str, band: str) -> str:
    """Return the id of a cell's document: measuring again writes the same documents."""
    return f"{metric}.{platform}.{band}"


def measure(stores: Stores) -> dict[str, Json]:
    """Measure the population as it is now and write it; returns the cells by document id.

    Raises:
        NotFound: there is no index of creators. CreatorscopeError: a document was refused.
    """
    cluster = stores.cluster
    version = clock_ms(stores.queue.redis)
    contents = contents_of(cluster)
    groups = peers_of(cluster.search(CREATORS, counting_request()))
    cells = cells_of(groups, cluster.search(CREATORS, quantile_request(groups))) if groups else {}
    run = {
        "kind": RUN,
        "creators": contents.creators,
        "as_of": contents.as_of,
        "measured_at": datetime.fromtimestamp(version / 1000, UTC).isoformat(timespec="milliseconds"),
    }
    kept = {**cells, RUN: {name: value for name, value in run.items() if value is not None}}
    gone = _written_before(cluster) - kept.keys()
    outcome = bulk.write(cluster, _actions(kept, gone, version), refresh=True)
    if outcome.refused:
        detail = f"a cell of the population was refused: {outcome.refused[0].reason}"
        raise CreatorscopeError(detail)
    log.info("population_measured", creators=contents.creators, cells=len(cells))
    return cells


def _actions(kept: Mapping[str, Json], gone: Iterable[str], version: int) -> list[bulk.Action]:
    written = [bulk.Action(POPULATION, doc_id, doc, version) for doc_id, doc in kept.items()]
    return written + [bulk.Action(POPULATION, doc_id, None, version) for doc_id in sorted(gone)]


def _written_before(cluster: Cluster) -> set[str]:
    answer = cluster.search(POPULATION, {"size": 1_000, "_source": False, "query": {"match_all": {}}})
    return {hit["_id"] for hit in answer["hits"]["hits"]}


def contents_of(cluster: Cluster) -> Contents:
    """Return how many creators there are and how new their newest fact is."""
    body = {"size": 0, "track_total_hits": True, "aggs": {"as_of": {"max": {"field": "as_of"}}}}
    answer = cluster.search(CREATORS, body)
    return Contents(answer["hits"]["total"]["value"], answer["aggregations"]["as_of"].get("value_as_string"))


def is_due(stores: Stores, *, interval_s: float = 0.0) -> bool:
    """Return whether creators have come, gone or got newer facts since the last measurement, ``interval_s`` ago."""
    run = stores.cluster.sources(POPULATION, [RUN]).get(RUN)
    contents = contents_of(stores.cluster)
    if run is None:
        return contents.creators > 0
    age_s = clock_ms(stores.queue.redis) / 1000 - datetime.fromisoformat(run["measured_at"]).timestamp()
    return Contents(run["creators"], run.get("as_of")) != contents and age_s >= interval_s


def request_when_due(stores: Stores) -> bool:
    """Queue a measurement when it is due and all work is done; returns whether it was queued now.

    Half-done work would be measured again a moment later: its end is waited for.
    """
    try:
        if not is_due(stores, interval_s=MIN_INTERVAL_S) or receipts.balance(stores.cluster).pending:
            return False
        return stores.queue.enqueue(JOB, str(contents_of(stores.cluster).creators))
    except NotFound:
        return False


def measure_when_due(stores: Stores) -> bool:
    """Measure at once when it is due; returns whether it was done.

    What cannot be measured now is logged and measured later by a worker: it is no reason for other work to fail.
    """
    try:
        if not is_due(stores):
            return False
        measure(stores)
    except CreatorscopeError as error:
        log.warning("population_not_measured", reason=error.detail)
        return False
    return True
