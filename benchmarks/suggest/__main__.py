"""``python -m benchmarks.suggest``: how long the engine takes to complete handles and names; ``--help`` lists more."""

from __future__ import annotations

import argparse
import json
from contextlib import closing
from pathlib import Path

from benchmarks.suggest.run import QUERIES, measure
from creators.settings import load_settings
from creators.stores.cluster import Cluster


def main() -> None:
    """Run the measurement on the creators of this installation; print it, and write it where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.suggest")
    parser.add_argument("--queries", type=int, default=QUERIES, help="for each way of typing")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with closing(Cluster(load_settings())) as cluster:
        text = json.dumps(measure(cluster, chosen.queries), indent=2)
    print(text)
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
