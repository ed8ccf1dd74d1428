"""``python -m benchmarks.relevance --collection DIR --json``; ``--help`` lists the options."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from benchmarks.relevance.collection import Collection, Runs, read_collection
from benchmarks.relevance.index import Analysis, VectorFile, fill, own_index
from benchmarks.relevance.report import report
from benchmarks.relevance.runs import product_runs, reference_run
from creators.errors import CreatorscopeError
from creators.settings import Settings, load_settings
from creators.telemetry import configure_logging
from enrich.encoders.opened import open_encoder
from stack.engines import open_engines


def measure(settings: Settings, collection: Collection, vectors: Path | None) -> dict[str, Any]:
    """Return the report on one collection; the engines of ``settings`` must run."""
    encoder = open_encoder(settings)
    with own_index(settings, encoder) as stores:
        fill(stores, collection.documents, encoder, VectorFile(vectors, encoder))
        analysis = Analysis(stores)
        try:
            runs: Runs = {"reference_bm25": reference_run(collection, analysis)}
        finally:
            analysis.close()
        runs |= asyncio.run(product_runs(stores.settings, encoder, collection.queries))
        return report(collection, runs, encoder=encoder.fingerprint, opensearch=stores.cluster.version())


@contextmanager
def engines(settings: Settings) -> Iterator[Settings]:
    """Give settings with addresses; engines that have none are started on a data folder that is thrown away."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        own = settings.model_copy(update={"data_dir": Path(scratch)})
        with open_engines(own, progress=False) as started:
            yield own.model_copy(
                update={"opensearch_url": started.opensearch_url, "redis_url": SecretStr(started.redis_url)}
            )


def table(result: dict[str, Any]) -> str:
    """Return the figures for people."""
    lines = [f"{result['collection']}: {result['docs']} documents, {result['queries']} queries"]
    for name, figures in result["runs"].items():
        lines.append(f"{name:16}" + "  ".join(f"{measure} {value:.4f}" for measure, value in figures.items()))
    found = result["significance"]
    lines.append(f"default against {found['against']}: {found['difference']:+.4f}, p = {found['p']}")
    return "\n".join(lines)


def main() -> None:
    """Measure one collection; the table, or with ``--json`` the one object, goes to stdout, progress to stderr."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.relevance", description=__doc__)
    parser.add_argument("--collection", type=Path, required=True, help="folder in BEIR layout")
    parser.add_argument("--queries", type=Path, help="JSON lines; by default the only queries*.jsonl of the folder")
    parser.add_argument("--qrels", type=Path, help="judgements; by default the only qrels*.tsv of the folder")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--out", type=Path, help="write the JSON object into this file too")
    parser.add_argument("--vectors", type=Path, help="keep vectors in this .npz file between runs")
    chosen = parser.parse_args()
    settings = load_settings()
    configure_logging(settings.model_copy(update={"log_level": "warning"}))
    try:
        collection = read_collection(chosen.collection, chosen.queries, chosen.qrels)
        with engines(settings) as ready:
            result = measure(ready, collection, chosen.vectors)
    except (ValueError, OSError, CreatorscopeError) as error:
        sys.exit(f"error: {error}")
    text = json.dumps(result, indent=2)
    if chosen.out:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        chosen.out.write_text(text + "\n", encoding="utf-8")
    print(text if chosen.json else table(result))


if __name__ == "__main__":
    main()
