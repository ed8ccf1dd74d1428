"""``python -m benchmarks.encoder speed|relevance|niches|language``; ``--help`` lists the options."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from benchmarks.encoder.quality import COLLECTIONS, language, niches, relevance
from benchmarks.encoder.run import TEXTS, speed


def main() -> None:
    """Run one measurement; print it, and write it where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.encoder")
    parser.add_argument("what", choices=["speed", "relevance", "niches", "language"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--texts", type=int, default=TEXTS, help="how many; a few are enough to see that it runs")
    parser.add_argument("--collection", choices=sorted(COLLECTIONS), default="cranfield")
    parser.add_argument("--data", type=Path, default=os.environ.get("CREATORSCOPE_TEST_DATA"))
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    if chosen.what == "speed":
        result = speed(chosen.threads, chosen.texts)
    elif chosen.data is None:
        parser.error("real data is needed: --data or CREATORSCOPE_TEST_DATA")
    elif chosen.what == "relevance":
        result = relevance(chosen.data, chosen.collection, chosen.threads)
    else:
        result = niches(chosen.data) if chosen.what == "niches" else language(chosen.data)
    text = json.dumps(result, indent=2)
    print(text)
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
