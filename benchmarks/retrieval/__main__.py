"""``python -m benchmarks.retrieval corpus|encoders|grid|ab``; ``--help`` lists the options."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from benchmarks.retrieval import ab, encoders, grid, indices
from benchmarks.retrieval.corpus import make_corpus
from benchmarks.retrieval.machine import EngineClock, fingerprint
from benchmarks.retrieval.measure import Bench, stamp
from benchmarks.retrieval.questions import topics
from creators.settings import load_settings
from enrich.encoders.opened import open_encoder
from mappings.registry import CREATORS
from search.topics import Topics
from stack.engines import open_engines


def main() -> None:
    """Run one measurement; print it, and write it where asked."""
    chosen = _arguments()
    settings = load_settings()
    with open_engines(settings) as engines:
        client, clock = indices.connect(engines.opensearch_url), EngineClock(settings)
        prefix = indices.prefix_of(chosen.encoding[0], chosen.size)
        settings = settings.model_copy(update={"opensearch_url": engines.opensearch_url, "index_prefix": prefix})
        encoder = open_encoder(settings)
        result: dict[str, Any] = {"date": stamp(), "machine": fingerprint(client), "creators": chosen.size}
        if chosen.what == "ab":
            result |= asyncio.run(ab.compare(settings, encoder, clock, count=chosen.questions, rounds=chosen.rounds))
        else:
            corpus = make_corpus(encoder, settings.cache_dir / "benchmarks", chosen.size)
            asked, bench = topics(encoder, chosen.questions), Bench(client, clock, chosen.rounds)
            if chosen.what == "corpus":
                for encoding in chosen.encoding:
                    name = indices.create(client, encoding, chosen.size)
                    built = indices.load(client, name, corpus, clock)
                    result[encoding] = built | {"megabytes": indices.weigh(client, name)}
            elif chosen.what == "encoders":
                result |= encoders.bake_off(bench, corpus, asked)
            else:
                known = Topics(encoder)
                known.guesser()
                result |= grid.cliff(bench, corpus, asked, f"{prefix}{CREATORS}", known)
    text = json.dumps(result, indent=1)
    print(text)
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(text + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval")
    parser.add_argument("what", choices=["corpus", "encoders", "grid", "ab"])
    parser.add_argument("--size", type=int, default=200_000, help="creators; 20000 is enough to see that it runs")
    parser.add_argument("--encoding", nargs="+", choices=list(indices.ENCODINGS), default=["float"])
    parser.add_argument("--questions", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
