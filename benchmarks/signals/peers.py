"""Write the reference of peers from the bundled table: ``python -m benchmarks.signals.peers``.

For every platform and metric, accounts are put into bands of half a decade of followers (1,000, 3,162, 10,000, …); the
band with the fewest is merged with its smaller neighbour until each has at least 200. A platform and metric with fewer
altogether is left out: nobody is compared there. The same table gives the same bytes.

The bundled accounts with counters are mostly from lists of the largest accounts of 2022: a percentile says how an
account compares with these, and outside of their sizes it says nothing.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fetchers.bundled
import mappings
from creators.datasets import load_mapping
from creators.models import Account
from enrich.normalise.dataset import normalise
from enrich.signals.engagement import source_rates
from enrich.signals.peer_groups import Sample, groups_of
from enrich.signals.peers import metric_of
from enrich.signals.ratios import likes_per_comment, views_per_follower
from fetchers.sources.dataset import open_rows, to_record
from mappings.peers import MIN_PEERS

OUT = Path(mappings.__file__).parent / "data" / "peers.json"
TABLE = Path(fetchers.bundled.__file__).parent / "creators.csv"
_UNDATED = datetime(2026, 11, 21, tzinfo=UTC)


def bundled_accounts() -> Iterator[Account]:
    """Yield the accounts of the bundled table as the normaliser reads them."""
    mapping = load_mapping(TABLE.with_suffix(".toml"))
    for line in open_rows(TABLE, mapping):
        yield from normalise(to_record(line, mapping, dataset_id="bundled", default_at=_UNDATED), mapping).accounts


def samples(accounts: Iterable[Account]) -> Iterator[Sample]:
    """Yield the values that go into the reference; accounts of unknown size and values of zero do not."""
    for account in accounts:
        values = {metric_of(account.platform, rate.method): rate.rate for rate in source_rates(account)}
        values["likes_per_comment"] = likes_per_comment((), account.averages) or 0.0
        values["views_per_follower"] = views_per_follower((), account.averages, account.followers) or 0.0
        for metric, value in values.items():
            if metric and value > 0 and account.followers is not None:
                yield account.platform, metric, account.followers, value


def merged(counts: Sequence[int]) -> list[range]:
    """Return ranges of neighbouring bands with at least 200 accounts each; none where all together have fewer.

    Empty bands at both ends belong to nobody.
    """
    occupied = [band for band, count in enumerate(counts) if count]
    groups = [range(band, band + 1) for band in range(occupied[0], occupied[-1] + 1)] if occupied else []
    size = {group: counts[group.start] for group in groups}
    while len(groups) > 1 and min(size[group] for group in groups) < MIN_PEERS:
        place = min(range(len(groups)), key=lambda i: size[groups[i]])
        sides = [i for i in (place - 1, place + 1) if 0 <= i < len(groups)]
        low, high = sorted((place, min(sides, key=lambda i: size[groups[i]])))
        joined = range(groups[low].start, groups[high].stop)
        size[joined] = size[groups[low]] + size[groups[high]]
        groups[low : high + 1] = [joined]
    return [group for group in groups if size[group] >= MIN_PEERS]


def document() -> dict[str, Any]:
    """Return the whole reference, as it is shipped."""
    accounts = list(bundled_accounts())
    groups = groups_of(list(samples(accounts)), merged)
    return {
        "about": "How metrics are spread over accounts of one platform and size; written by the command below.",
        "command": "python -m benchmarks.signals.peers",
        "source": "fetchers/bundled/creators.csv: averages and rates that its lists state; see SOURCES.md there",
        "dates": dict(sorted(Counter(f"{a.fetched_at:%Y-%m-%d}" for a in accounts if any(samples([a]))).items())),
        "least_peers": MIN_PEERS,
        "groups": groups,
    }


def written(reference: dict[str, Any]) -> str:
    """Return the text of the file: one group a line."""
    head = {name: value for name, value in reference.items() if name != "groups"}
    groups = ",\n".join(json.dumps(group) for group in reference["groups"])
    return f'{json.dumps(head, indent=1)[:-2]},\n "groups": [\n{groups}\n]}}\n'


def main() -> None:
    """Write the file and print the groups."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signals.peers", description="Write the peers.")
    parser.add_argument("--out", type=Path, default=OUT)
    out: Path = parser.parse_args().out
    reference = document()
    out.write_text(written(reference), encoding="utf-8")
    for group in reference["groups"]:
        about = f"{group['least']:,} to {group['below']:,} followers"
        print(f"{group['platform']} {group['metric']}: {about}, n = {group['n']}")


if __name__ == "__main__":
    main()
