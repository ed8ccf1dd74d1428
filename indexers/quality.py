"""How good the data of one day is, and how it differs from that of the week before: the index ``quality``.

One document a day, kept by a rebuild: the days before cannot be measured again, because an account that is fetched
anew leaves its day. A day's creators are those whose newest record is from that day. Counters since Redis began
(fields that records lack) and what is open now (dead letters, reviews) are as of the time of measuring.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog

from creators.errors import CreatorscopeError, NotFound
from creators.models import Platform
from creators.stores import bulk, deadletters, receipts
from creators.stores.coordination import clock_ms
from creators.stores.scripts import Shared
from creators.stores.tallies import Tallies
from enrich import profiles, quality
from mappings.fields import VECTOR
from mappings.registry import CREATORS

if TYPE_CHECKING:
    from creators.models import Observation
    from creators.stores.cluster import Cluster
    from creators.stores.session import Stores

INDEX = "quality"
JOB = "measure_quality"
DAYS_BEFORE = 7
SAMPLE = 2_000
"""Creators of a day that are looked at one by one; ids are spread evenly, so that the first are a fair choice."""
MIN_CREATORS = 200
"""Fewer are not compared: by chance alone their PSI is near the bound."""
NONE = "(none)"
"""The class of creators without a niche or language."""
EXAMPLES = 10
"""Accounts that a report names for each platform."""
OF_CREATORS = ("bio", "countries", "languages", "niches", "followers", "engagement_rate", "growth_90d")
OF_ACCOUNTS = ("handle", "followers", "following", "posts", "verified", "joined_on", "last_posted_at")

log = structlog.get_logger(__name__)
Json = dict[str, Any]


def measure(stores: Stores, day: date) -> Json:
    """Measure a day, write its document and return it; measuring it again replaces it.

    Raises:
        NotFound: there is no index of creators. CreatorscopeError: the document was refused.
    """
    cluster, version = stores.cluster, clock_ms(stores.queue.redis)
    sample, accounts = _sample(cluster, day)
    shifts = shifts_of(merged(_days_before(cluster, day)), sample)
    doc = {
        "day": day.isoformat(),
        "measured_at": datetime.fromtimestamp(version / 1000, UTC).isoformat(timespec="milliseconds"),
        "creators": cluster.count(CREATORS),
        "arrived": cluster.count(CREATORS, _within(day)),
        "shifted": sorted(name for name, shift in shifts.items() if shift.shifted),
        "report": {
            "missing": missing(cluster),
            "lacking": _lacking(stores),
            "outliers": _outliers(cluster, accounts),
            "identity": _identity(cluster),
            "dead_letters": deadletters.tally(cluster, deadletters.Wanted(), by=("stage", "error")),
            "drift": {name: asdict(shift) for name, shift in shifts.items()},
        },
        "sample": sample,
    }
    outcome = bulk.write(cluster, [bulk.Action(INDEX, day.isoformat(), doc, version)], refresh=True)
    if outcome.refused:
        detail = f"the quality of {day} was refused: {outcome.refused[0].reason}"
        raise CreatorscopeError(detail)
    log.info("quality_measured", day=day.isoformat(), arrived=doc["arrived"], shifted=doc["shifted"])
    return doc


def latest(cluster: Cluster) -> Json | None:
    """Return the document of the newest day that was measured, without its sample; None where there is none."""
    body = {"size": 1, "sort": [{"day": "desc"}], "_source": {"excludes": ["sample"]}}
    hits = cluster.search(INDEX, body)["hits"]["hits"]
    found: Json | None = hits[0]["_source"] if hits else None
    return found


def request_when_due(stores: Stores) -> bool:
    """Queue the measuring of yesterday where it is not measured, there are creators and no work is pending.

    Returns whether it was queued now.
    """
    now = datetime.fromtimestamp(clock_ms(stores.queue.redis) / 1000, UTC)
    day = (now.date() - timedelta(days=1)).isoformat()
    try:
        if stores.cluster.sources(INDEX, [day], fields=[]) or not stores.cluster.count(CREATORS):
            return False
        if receipts.balance(stores.cluster).pending:
            return False
        return stores.queue.enqueue(JOB, day)
    except NotFound:
        return False


def shifts_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, quality.Shift]:
    """Return how far a day's sample lies from that of the days before, by measure; none where either has too few."""
    n, m = before.get("n", 0), after.get("n", 0)
    if min(n, m) < MIN_CREATORS:
        return {}
    centroids = [np.array(one["centroid"]) for one in (before, after)]
    along = [quality.histogram_shift(*pair) for pair in zip(before["projections"], after["projections"], strict=True)]
    return {
        "centroid": quality.centroid_shift(centroids[0], centroids[1], n, m),
        "projections": max(along, key=lambda one: one.value),
        "niches": quality.classes_shift(before["niches"], after["niches"]),
        "languages": quality.classes_shift(before["languages"], after["languages"]),
    }


def merged(samples: Sequence[Json]) -> Json:
    """Return the samples of several days as one; nothing where there is none."""
    if not samples:
        return {}
    n = sum(one["n"] for one in samples)
    centroid = sum(np.array(one["centroid"]) * one["n"] for one in samples) / n
    counts = {name: sum((Counter(one[name]) for one in samples), Counter[str]()) for name in ("niches", "languages")}
    projections = np.sum([one["projections"] for one in samples], axis=0).tolist()
    return {"n": n, "centroid": centroid, "projections": projections, **counts}


def _within(day: date) -> Json:
    return {"range": {"as_of": {"gte": day.isoformat(), "lt": (day + timedelta(days=1)).isoformat()}}}


def _sample(cluster: Cluster, day: date) -> tuple[Json, list[str]]:
    """Return what a day's creators are like, as sums that those of other days can be added to, and their accounts."""
    fields = [VECTOR, "primary_niche", "languages", "accounts.*.account_id"]
    body = {"size": SAMPLE, "query": _within(day), "sort": [{"creator_id": "asc"}], "_source": fields}
    docs = [hit["_source"] for hit in cluster.search(CREATORS, body)["hits"]["hits"] if VECTOR in hit["_source"]]
    accounts = [account["account_id"] for doc in docs for account in doc["accounts"].values()]
    if not docs:
        return {"n": 0}, accounts
    vectors = np.array([doc[VECTOR] for doc in docs], dtype=np.float64)
    sample = {
        "n": len(docs),
        "centroid": [round(part, 6) for part in vectors.mean(axis=0).tolist()],
        "projections": quality.projected(vectors),
        "niches": dict(Counter(doc.get("primary_niche", NONE) for doc in docs)),
        "languages": dict(Counter((doc.get("languages") or [NONE])[0] for doc in docs)),
    }
    return sample, accounts


def _days_before(cluster: Cluster, day: date) -> list[Json]:
    days = [(day - timedelta(days=back)).isoformat() for back in range(1, DAYS_BEFORE + 1)]
    found = cluster.sources(INDEX, days, fields=["sample"])
    return [doc["sample"] for doc in found.values() if doc["sample"]["n"]]


def missing(cluster: Cluster) -> Json:
    """Return per platform how many creators are on it, and of each field the share, 0 to 1, that lacks it."""
    aggs = {}
    for platform in Platform:
        names = [*OF_CREATORS, *(f"accounts.{platform}.{name}" for name in OF_ACCOUNTS)]
        having = {name: {"filter": {"exists": {"field": name}}} for name in names}
        on_it = {"term": {"platforms": str(platform)}}
        aggs[str(platform)] = {"filter": on_it, "aggs": having}
    answer = cluster.search(CREATORS, {"size": 0, "track_total_hits": False, "aggs": aggs})["aggregations"]
    return {platform: _shares(found) for platform, found in answer.items() if found["doc_count"]}


def _shares(found: Mapping[str, Any]) -> Json:
    n = found["doc_count"]
    counts = {name: one["doc_count"] for name, one in found.items() if isinstance(one, dict)}
    lacking = {_shown(name): round(1 - count / n, 4) for name, count in counts.items()}
    return {"creators": n, "fields": dict(sorted(lacking.items()))}


def _shown(name: str) -> str:
    return f"account.{name.rsplit('.', maxsplit=1)[-1]}" if "." in name else name


def _lacking(stores: Stores) -> list[Json]:
    counts = Tallies(Shared(stores.queue.redis, stores.settings.index_prefix)).read()
    return [
        {"source": one.labels["source"], "field": one.labels["field"], "records": int(one.amount)}
        for one in counts
        if one.name == "missing_fields"
    ]


def _outliers(cluster: Cluster, accounts: Sequence[str]) -> Json:
    """Return per platform how many accounts have a past to compare with, and of how many the newest count is off."""
    found: Json = {}
    for account_id, points in profiles.load_observations(cluster, accounts).items():
        verdict = quality.is_off(_followers(points))
        if verdict is None:
            continue
        one = found.setdefault(account_id.partition(":")[0], {"accounts": 0, "off": 0, "examples": []})
        one["accounts"] += 1
        one["off"] += verdict
        if verdict and len(one["examples"]) < EXAMPLES:
            one["examples"].append(account_id)
    return found


def _followers(points: Sequence[Observation]) -> list[tuple[float, int]]:
    by_day = {point.at.date(): point.followers for point in points if point.followers is not None}
    return [(float(day.toordinal()), count) for day, count in sorted(by_day.items())]


def _identity(cluster: Cluster) -> Json:
    reviews = {"size": 0, "track_total_hits": True, "aggs": {"why": {"terms": {"field": "reason", "size": 20}}}}
    found = cluster.search("identity-reviews", reviews)
    return {
        "unresolved": receipts.balance(cluster).unresolved,
        "reviews": found["hits"]["total"]["value"],
        "by_reason": {one["key"]: one["doc_count"] for one in found["aggregations"]["why"]["buckets"]},
    }
