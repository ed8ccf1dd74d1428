"""``python -m benchmarks.embedding WHAT``: prints JSON, and writes it to ``--json``."""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path
from typing import Any

from benchmarks.embedding.relevance import SEED, relevance
from benchmarks.embedding.speed import speed
from benchmarks.encoder.quality import COLLECTIONS
from benchmarks.machine import machine


def processor() -> dict[str, Any]:
    """Return what a speed depends on beside the machine: its processor, and how busy it was at the end."""
    names = Path("/proc/cpuinfo")
    lines = names.read_text(encoding="utf-8").splitlines() if names.is_file() else []
    flags = next((line.split(":", 1)[1].split() for line in lines if line.startswith("flags")), [])
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    return {
        "processor": model or platform.processor(),
        "vnni": "avx512_vnni" in flags or "avx_vnni" in flags,
        "load": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    """Run one measurement."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.embedding")
    parser.add_argument("what", choices=["speed", "relevance"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--texts", type=int, default=1_024, help="how many; a few are enough to see that it runs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", type=Path, help="an interpreter that has sentence-transformers")
    parser.add_argument("--collection", choices=sorted(COLLECTIONS), default="cranfield")
    parser.add_argument("--data", type=Path, default=os.environ.get("CREATORSCOPE_TEST_DATA"))
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    if chosen.what == "speed":
        result = speed(chosen.threads, chosen.texts, chosen.rounds, chosen.python)
    elif chosen.data is None:
        parser.error("real data is needed: --data or CREATORSCOPE_TEST_DATA")
    else:
        result = relevance(chosen.data, chosen.collection, chosen.threads)
    text = json.dumps(result | {"seed": SEED, "machine": machine(["onnxruntime"]) | processor()}, indent=2)
    print(text)
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
