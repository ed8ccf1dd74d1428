"""How many planted anomalies are found, and what real accounts are told: ``python -m benchmarks.signals.anomalies``.

Planted: 500 seeded histories of 120 days for each kind (organic, with noise and weekly rhythm; an organic jump with its
views; a bought jump; a jump that is taken back; a sawtooth of following), sizes from 2,000 to 10 million. Real: the
bundled accounts, and with ``--data DIR`` every account of the twelve dated lists of the largest accounts of 2022.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.signals.peers import bundled_accounts
from creators.datasets import load_mapping
from creators.errors import BadRecord
from creators.models import Account, Observation, Platform, Post
from enrich.normalise.dataset import normalise
from enrich.signals.anomalies import AnomaliesSignal, Subject, anomalies, follower_bursts, subjects
from enrich.signals.audience_quality import AudienceQualitySignal, audience_quality
from enrich.signals.cadence import CadenceSignal
from enrich.signals.engagement import EngagementSignal
from enrich.signals.facts import CreatorFacts
from enrich.signals.growth import GrowthSignal, growth
from enrich.signals.momentum import MomentumSignal, momentum
from fetchers.sources.dataset import open_rows, to_record

RESULT = Path(__file__).parent / "results" / "anomalies.json"
MAPPINGS = Path(__file__).parents[2] / "mappings" / "datasets"
SIGNALS = (
    EngagementSignal(),
    GrowthSignal(),
    MomentumSignal(),
    CadenceSignal(),
    AnomaliesSignal(),
    AudienceQualitySignal(),
)
DAYS = 120
NOW = datetime(2026, 11, 1, tzinfo=UTC)
EXPECTED = {
    "organic": set(),
    "viral": set(),
    "bought": {"follower_spike"},
    "purged": {"follower_spike", "bought_then_purged"},
    "sawtooth": {"follow_unfollow"},
}


def planted(kind: str, rng: np.random.Generator, which: Platform) -> Subject:
    """Return an account with 120 daily snapshots in which what ``kind`` names has been planted."""
    day = np.arange(DAYS)
    pace = rng.uniform(0, 0.006)
    rates = pace * (1 + 0.5 * np.sin(2 * np.pi * day / 7)) + rng.standard_t(4, DAYS) * rng.uniform(0.0002, 0.002)
    followers = 10 ** rng.uniform(3.3, 7) * np.exp(np.cumsum(rates))
    views = followers * 50 * np.exp(np.cumsum(np.abs(rng.normal(0.004, 0.001, DAYS))))
    following = np.full(DAYS, 400.0) + rng.integers(-3, 4, DAYS)
    at, share = int(rng.integers(50, 90)), rng.uniform(0.05, 0.6)
    gain = np.where(day >= at, share * followers[at - 1], 0.0)
    if kind in {"bought", "purged", "viral"}:
        followers = followers + gain
    if kind == "purged":
        followers = followers - gain * rng.uniform(0.4, 1) * np.clip((day - at - 4) / 5, 0, 1)
    if kind == "viral":
        views = views + np.where(day >= at, rng.uniform(0.2, 1) * views[at - 1], 0.0)
    if kind == "sawtooth":
        half = rng.integers(8, 18)
        following = following + rng.uniform(200, 3_000) * (1 - np.abs((day / half) % 2 - 1))
    step = 10.0 ** (np.floor(np.log10(followers)) - 2) if which is Platform.YOUTUBE else 1.0
    return _subject(which, np.floor(followers / step) * step, views, following)


def _subject(which: Platform, followers: Any, views: Any, following: Any) -> Subject:
    seen = tuple(
        Observation(at=NOW - timedelta(days=DAYS - 1 - i), followers=int(f), views=int(v), following=int(g))
        for i, (f, v, g) in enumerate(zip(followers, views, following, strict=True))
    )
    account = Account(platform=which, native_id="a", followers=int(followers[-1]), source="planted", fetched_at=NOW)
    return Subject(account, seen, ())


def found_in_planted(seed: int, count: int) -> dict[str, Any]:
    """Return for each platform and kind the share of histories with exactly the expected flags, and with others."""
    rng = np.random.default_rng(seed)
    found: dict[str, Any] = {}
    for which in (Platform.INSTAGRAM, Platform.YOUTUBE):
        for kind, expected in EXPECTED.items():
            told = [{one.flag for one in anomalies(planted(kind, rng, which))} for _ in range(count)]
            found[f"{which} {kind}"] = {
                "histories": count,
                "expected": sorted(expected),
                "all_expected_found": round(sum(expected <= flags for flags in told) / count, 4),
                "something_else_told": round(sum(bool(flags - expected) for flags in told) / count, 4),
            }
    return found


def listed_accounts(data: Path) -> Iterator[Account]:
    """Yield every account of the dated lists of 2022."""
    for path in sorted(MAPPINGS.glob("top1000_*_2022-[01]*.toml")):
        mapping = load_mapping(path)
        table = data / "creators" / "top1000" / f"{path.stem.removeprefix('top1000_')}.csv"
        for line in open_rows(table, mapping):
            try:
                record = to_record(line, mapping, dataset_id=path.stem, default_at=NOW)
                yield from normalise(record, mapping).accounts
            except BadRecord:
                continue


def told_about(accounts: Iterable[Account]) -> dict[str, Any]:
    """Return how many accounts have which signals and flags; records of one account are one with a history."""
    by_id: dict[str, list[Account]] = defaultdict(list)
    for account in accounts:
        by_id[account.account_id].append(account)
    facts = []
    for records in by_id.values():
        *earlier, newest = sorted(records, key=lambda account: account.fetched_at)
        seen = tuple(one for record in earlier for one in (*record.history, record.observation))
        facts.append(CreatorFacts(newest.account_id, (newest,), (), {newest.account_id: seen}))
    every = [subject for one in facts for subject in subjects(one)]
    qualities = [found for one in every if (found := audience_quality(one))]
    grown = [growth(one.account.account_id, one.observations) for one in every]
    return {
        "accounts": len(every),
        "with_engagement": sum(one.engagement is not None for one in every),
        "with_percentile": sum(bool(one.engagement and one.engagement.percentile is not None) for one in every),
        "with_growth": sum(bool(one) for one in grown),
        "growth_by_window_and_method": _counted(f"{g.window_days} {g.method}" for one in grown for g in one),
        "growth_below_resolution": sum(g.below_resolution for one in grown for g in one),
        "with_momentum": sum(bool(momentum(one.account, one.observations)) for one in every),
        "spikes_can_be_told": sum(follower_bursts(one) is not None for one in every),
        "flags": _counted(f"{one.account.platform} {found.flag}" for one in every for found in anomalies(one)),
        "mismatch_because_of": _counted(
            f"{one.account.platform} {clue.what}"
            for one in every
            for found in anomalies(one)
            for clue in found.evidence
            if "mad_from" in clue.what or "percentile" in clue.what
        ),
        "quality_coverage": _counted(str(one.coverage) for one in qualities),
    }


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def busy(rng: np.random.Generator) -> CreatorFacts:
    """Return a creator with 120 daily snapshots, and 30 posts with counters and twenty commenters each."""
    one = planted("purged", rng, Platform.INSTAGRAM)
    posts = tuple(
        Post(
            platform=Platform.INSTAGRAM,
            native_id=str(i),
            account_id=one.account.account_id,
            kind="short" if i % 2 else "image",
            posted_at=NOW - timedelta(days=2 * i),
            views=int(rng.integers(1_000, 100_000)),
            likes=int(rng.integers(100, 1_000)),
            comments=20,
            commenters=tuple(f"{who:x}" for who in rng.integers(0, 200, 20)),
            source="planted",
            fetched_at=NOW,
        )
        for i in range(30)
    )
    return CreatorFacts("c", (one.account,), posts, {one.account.account_id: one.observations})


def speed(seed: int, count: int = 200) -> dict[str, dict[str, int]]:
    """Return creators per second of CPU time and signal: computed, and looked at for changes (``inputs``)."""
    rng = np.random.default_rng(seed)
    batch = [busy(rng) for _ in range(count)]
    rates = {}
    for signal in SIGNALS:
        started = time.process_time()
        signal.compute(batch)
        computed = time.process_time()
        for facts in batch:
            signal.inputs(facts)
        looked_at = time.process_time()
        rates[signal.name] = {
            "computed": round(count / (computed - started)),
            "inputs": round(count / (looked_at - computed)),
        }
    return rates


def main() -> None:
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signals.anomalies")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=500, help="histories of each kind and platform")
    parser.add_argument("--data", type=Path, help="folder of the collected tables")
    parser.add_argument("--out", type=Path, default=RESULT)
    chosen = parser.parse_args()
    result = {
        "command": f"python -m benchmarks.signals.anomalies --seed {chosen.seed} --count {chosen.count}"
        + (" --data DIR" if chosen.data else ""),
        "seed": chosen.seed,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "planted": found_in_planted(chosen.seed, chosen.count),
        "bundled": told_about(bundled_accounts()),
        "lists_of_2022": told_about(listed_accounts(chosen.data)) if chosen.data else None,
        "creators_per_cpu_s": speed(chosen.seed),
    }
    chosen.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
