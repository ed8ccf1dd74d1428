"""The whole service, OpenSearch, Redis and the API, within less and less memory: what a search then takes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from opensearchpy import OpenSearchException

from benchmarks.capacity.asking import ask
from benchmarks.capacity.engine import engine
from benchmarks.capacity.limits import Group, forget, limited
from benchmarks.capacity.measure import How
from benchmarks.corpus.store import bench_folder
from benchmarks.retrieval.machine import fingerprint
from creators.errors import EngineFailed, SetupError, Unavailable

HEAP = "CREATORSCOPE_OPENSEARCH_HEAP_MB"
LEAST_HEAP_MB, MOST_HEAP_MB = 512, 2048
LIMIT_MS = 120.0
"""P90 that a million creators within 4 GB should keep."""
KILLED = (EngineFailed, Unavailable, OpenSearchException, OSError)
INK = "#848d97"
Json = dict[str, Any]


def heap_mb(memory_mb: int) -> int:
    """Return the heap within so much memory: a quarter; the page cache needs the rest more."""
    return min(MOST_HEAP_MB, max(LEAST_HEAP_MB, memory_mb // 4))


def squeeze(creators: int, steps: Sequence[int], how: How, tell: Callable[[str], None]) -> Json:
    """Return P50, P90 and P99 within each limit, from the widest to the narrowest; a limit that kills is a result too.

    Raises:
        SetupError: no limit can be set, or the engines are not started here.
    """
    for name in ("CREATORSCOPE_OPENSEARCH_URL", "CREATORSCOPE_REDIS_URL"):
        if os.environ.get(name):
            detail = "engines that run already cannot be limited: unset it, so that they are started within the limit"
            raise SetupError(detail, field=name)
    tell(f"{creators:,} creators: installing without a limit")
    with engine(creators) as opened:
        machine, shape = fingerprint(opened.client), opened.shape()
    measured = []
    for memory_mb in sorted(steps, reverse=True):
        tell(f"{memory_mb:,} MB, heap {heap_mb(memory_mb):,} MB")
        measured.append(_within(creators, memory_mb, how))
    return {
        "machine": machine,
        "creators": creators,
        "seed": how.seed,
        "index_mb": round(shape["disk_bytes"] * creators / 1e6),
        "limit_ms": LIMIT_MS,
        "steps": measured,
    }


def _within(creators: int, memory_mb: int, how: How) -> Json:
    before = os.environ.get(HEAP)
    os.environ[HEAP] = str(heap_mb(memory_mb))
    result: Json = {"memory_mb": memory_mb, "heap_mb": heap_mb(memory_mb)}
    forget(bench_folder() / "engines")
    try:
        with limited(memory_mb) as group:
            try:
                result |= _asked(group, creators, how)
            except KILLED as error:
                # The kernel has ended one of them, or it could not start: that is what this limit does.
                result["ended"] = f"{type(error).__name__}: {str(error)[:200]}"
    finally:
        os.environ.pop(HEAP)
        if before is not None:
            os.environ[HEAP] = before
    return result


def _asked(group: Group, creators: int, how: How) -> Json:
    with ExitStack() as stack:
        with group.joined():
            opened = stack.enter_context(engine(creators))
        if not group.holds(opened.pid):
            detail = "an engine runs on the data folder already, outside the limit: stop it first"
            raise SetupError(detail)
        asked = ask(opened, qps=how.qps, seconds=how.seconds, seed=how.seed, starting=group.joined)
        asked.pop("mix")
        return asked | {"memory": group.used()}


def draw(result: Json, path: Path) -> None:
    """Write the percentiles over the limit, with the P90 that is wanted; what was ended has no point."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    figure.patch.set_alpha(0)
    axes = figure.add_subplot()
    axes.patch.set_alpha(0)
    steps = [step for step in result["steps"] if "p90_ms" in step]
    for name, colour in (("p50_ms", "#2f81f7"), ("p90_ms", "#db6d28"), ("p99_ms", "#3fb950")):
        places = [step["memory_mb"] for step in steps]
        axes.plot(places, [step[name] for step in steps], color=colour, marker="o", label=name.removesuffix("_ms"))
    axes.axhline(result["limit_ms"], color=INK, linestyle="--", label=f"P90 wanted, {result['limit_ms']:g} ms")
    axes.set(yscale="log", xlabel="memory of the whole service, MB", ylabel="milliseconds")
    axes.set_title(f"{result['creators']:,} creators, {result['index_mb']:,} MB of index", color=INK)
    axes.tick_params(colors=INK, which="both")
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    for spine in axes.spines.values():
        spine.set_color(INK)
    axes.legend(frameon=False, labelcolor=INK)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", metadata={"Date": None})
