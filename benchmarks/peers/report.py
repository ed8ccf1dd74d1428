"""Figures of a run as JSON and as the table of the README; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.peers.floor import FLOOR
from benchmarks.peers.rounds import Seen

OURS = "ours"
Json = dict[str, Any]
COLUMNS = (
    ("P50 / P90 / P99, ms", "all"),
    ("CPU ms", "cpu_ms"),
    ("questions/s, 2 clients", "per_s"),
    ("recall@100, mean (worst kind)", "recall"),
    ("setting", "setting"),
    ("overlap@20", "overlap"),
    ("memory, MB", "memory"),
    ("disk, MB", "disk"),
    ("build, s", "build"),
    ("update of 1,000, s", "update"),
)


def group_of(kind: str) -> str:
    """Return the kind under which figures are grouped: filters of one share are one kind, whatever their topic."""
    name, _, rest = kind.partition("-")
    return f"filter {rest.partition('-')[0]} %" if name == "filtered" else name


def percentiles(times: Sequence[float]) -> Json:
    """Return P50, P90 and P99 in milliseconds, and of how many."""
    if not times:
        return {"count": 0}
    shares = {f"p{share}": round(float(np.percentile(times, share)), 2) for share in (50, 90, 99)}
    return shares | {"count": len(times)}


def overlap(pages: Sequence[Sequence[str]], others: Sequence[Sequence[str]]) -> float | None:
    """Return the mean share of our page that another has, too; pages of ours without anybody are left out."""
    shares = [len(set(one) & set(other)) / len(one) for one, other in zip(pages, others, strict=False) if one]
    return round(float(np.mean(shares)), 3) if shares else None


def stated(seen: Mapping[str, Seen], kinds: Sequence[str]) -> Json:
    """Return the figures of every peer."""
    ours = seen[OURS].ids if OURS in seen else []
    return {name: _stated(one, kinds, ours) for name, one in seen.items()}


def _stated(seen: Seen, kinds: Sequence[str], ours: Sequence[Sequence[str]]) -> Json:
    by_kind: dict[str, list[float]] = {}
    for kind, ms in zip(kinds, seen.ms, strict=False):
        by_kind.setdefault(kind, []).append(ms)
    facts = {name: seen.facts.get(name) for name in ("version", "settings", "lacks") if seen.facts.get(name)}
    chosen = seen.chosen
    return {
        **facts,
        **({"failed": seen.failed} if seen.failed else {}),
        "ms": percentiles(seen.ms),
        "ms_by_kind": {kind: percentiles(times) for kind, times in sorted(by_kind.items())},
        "cpu_ms_per_question": round(seen.cpu_ms, 2),
        "two_clients": {
            "per_s": round(float(np.median(seen.rates)), 1) if seen.rates else None,
            "cpu_ms_per_question": round(seen.crowd_cpu_ms, 2),
        },
        "recall_100": seen.recall,
        "recall_100_mean": _mean_recall(seen, kinds),
        "setting": chosen.setting if chosen else None,
        "reaches_floor": chosen.holds if chosen else None,
        "overlap_20_with_ours": overlap(ours, seen.ids),
        "memory": seen.memory,
        "build": {name: round(value, 1) for name, value in seen.build.items() if isinstance(value, (int, float))},
        "update": seen.update,
    }


def _mean_recall(seen: Seen, kinds: Sequence[str]) -> float | None:
    found = [seen.recall[kind] for kind in kinds if kind in seen.recall]
    return round(float(np.mean(found)), 4) if found else None


def table(peers: Mapping[str, Json]) -> str:
    """Return the Markdown table of all peers."""
    lines = ["| peer | " + " | ".join(title for title, _ in COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    lines += [
        "| " + " | ".join([name, *(_cell(one, what) for _, what in COLUMNS)]) + " |" for name, one in peers.items()
    ]
    return "\n".join(lines)


def kinds_table(peers: Mapping[str, Json]) -> str:
    """Return the Markdown table of P50 / P90 by kind of question."""
    kinds = sorted({kind for one in peers.values() for kind in one["ms_by_kind"]}, key=_order)
    lines = ["| P50 / P90, ms | " + " | ".join(peers) + " |", "|---" * (len(peers) + 1) + "|"]
    for kind in kinds:
        cells = [one["ms_by_kind"].get(kind, {}) for one in peers.values()]
        lines.append(
            f"| {kind} | " + " | ".join(f"{c['p50']:.1f} / {c['p90']:.1f}" if c else "—" for c in cells) + " |"
        )
    return "\n".join(lines)


def _order(kind: str) -> tuple[int, float, str]:
    share = kind.removeprefix("filter ").removesuffix(" %")
    return (1, -float(share), kind) if kind.startswith("filter ") else (0, 0.0, kind)


def _cell(one: Json, what: str) -> str:
    if what == "all":
        ms = one["ms"]
        return f"{ms['p50']:.1f} / {ms['p90']:.1f} / {ms['p99']:.1f}" if ms["count"] else one.get("failed", "—")
    if what == "recall":
        if not one["recall_100"]:
            return "—"
        worst = min(one["recall_100"].values())
        return (
            f"{one['recall_100_mean']:.3f} ({worst:.3f}{'' if one['reaches_floor'] else f', floor {FLOOR} not held'})"
        )
    if what == "memory":
        memory = one["memory"]
        return f"{memory['private_mb']} + {memory['files_in_memory_mb']} of files" if memory else "—"
    value = {
        "cpu_ms": one["cpu_ms_per_question"],
        "per_s": one["two_clients"]["per_s"],
        "setting": one["setting"],
        "overlap": one["overlap_20_with_ours"],
        "disk": one["memory"].get("disk_mb"),
        "build": round(sum(one["build"].values()), 1) if one["build"] else None,
        "update": one["update"].get("seconds"),
    }[what]
    return "—" if value is None else str(value)
