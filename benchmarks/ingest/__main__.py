"""``python -m benchmarks.ingest load|bakeoff|drop``; ``--help`` explains each."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.corpus.store import DEFAULT_SEED
from benchmarks.ingest import engine
from benchmarks.ingest.installed import installed, remove
from creators.errors import BadInput
from creators.settings import load_settings
from creators.telemetry import configure_logging
from mappings.registry import CREATORS

ABOUT = """How fast creators become searchable.

The engines are those of CREATORSCOPE_OPENSEARCH_URL and CREATORSCOPE_REDIS_URL, else embedded ones with their data in
CREATORSCOPE_BENCH_DIR. Bars go to stderr, the result as JSON to stdout and to --json FILE.
"""


def main() -> None:
    """Do what the command line says."""
    chosen = _arguments()
    configure_logging(load_settings())
    if chosen.what == "drop":
        with installed(chosen.creators, seed=chosen.seed, fill=False) as made:
            remove(made)
        return
    result = _load(chosen) if chosen.what == "load" else _bakeoff(chosen)
    text = json.dumps(
        {"name": chosen.what, "date": f"{datetime.now(UTC):%Y-%m-%d}", "seed": chosen.seed, **result}, indent=1
    )
    print(text)
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(text + "\n", encoding="utf-8")


def _load(chosen: argparse.Namespace) -> dict[str, Any]:
    if chosen.again:
        with installed(chosen.creators, seed=chosen.seed, fill=False) as made:
            remove(made)
    with (
        installed(chosen.creators, seed=chosen.seed) as made,
        engine.connect(str(made.settings.opensearch_url)) as client,
    ):
        return {
            "creators": chosen.creators,
            "prefix": made.prefix,
            "corpus": made.corpus.fingerprint,
            "machine": engine.machine(client),
            "loaded": made.loaded.stated() if made.loaded else None,
            "index": engine.weigh(client, f"{made.prefix}{CREATORS}"),
        }


def _bakeoff(chosen: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.ingest.bakeoff import WAYS, bake_off  # it needs a gRPC client, which loading does without

    ways = chosen.ways or list(WAYS)
    if unknown := set(ways) - set(WAYS):
        detail = f"no way is called {min(unknown)!r}: one of {', '.join(WAYS)}"
        raise BadInput(detail, field="ways")
    return bake_off(chosen.creators, seed=chosen.seed, rounds=chosen.rounds, ways=ways)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ingest", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_subparsers(dest="what", required=True)
    loading = what.add_parser(
        "load", help="make an installation with a corpus in it and say what it took; kept for later"
    )
    baking = what.add_parser("bakeoff", help="the same creators by every way into the index, in turns")
    dropping = what.add_parser("drop", help="delete an installation that `load` made; the corpus stays")
    for one in (loading, baking, dropping):
        one.add_argument("--creators", type=int, default=20_000)
        one.add_argument("--seed", type=int, default=DEFAULT_SEED)
    for one in (loading, baking):
        one.add_argument("--json", type=Path, help="write the result there, too")
    loading.add_argument("--again", action="store_true", help="delete what is there first: to measure the load")
    baking.add_argument("--rounds", type=int, default=3, help="times each way is taken, in turns")
    baking.add_argument("--ways", nargs="+", metavar="WAY", help="only these, and the stock helper; default: all")
    return parser.parse_args()


if __name__ == "__main__":
    main()
