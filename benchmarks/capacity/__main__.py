"""``python -m benchmarks.capacity calibrate|backtest|squeeze``; ``--help`` says what each takes."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.capacity import backtest, fit, squeeze
from benchmarks.capacity.measure import How, measure
from creators.settings import load_settings
from creators.telemetry import configure_logging

SHIPPED = Path("search/capacity/calibration.json")


def main() -> None:
    """Run one command; JSON to stdout or a file, progress to stderr; 1 where a claim does not hold."""
    chosen = _arguments()
    configure_logging(load_settings())
    how = How(chosen.qps, chosen.seconds, chosen.times, chosen.seed, chosen.fresh)
    if chosen.what == "squeeze":
        result = squeeze.squeeze(chosen.creators, _numbers(chosen.steps or chosen.memory_mb), how, _tell)
        if chosen.svg:
            squeeze.draw(result, chosen.svg)
    else:
        result = _from_sizes(chosen, how)
    _write(result, chosen.json)
    sys.exit(0 if all(result.get("claims", {}).values()) else 1)


def _from_sizes(chosen: argparse.Namespace, how: How) -> dict[str, Any]:
    sizes = _numbers(chosen.ladder)
    measured = [measure(size, how, _tell) for size in sizes]
    calibration = fit.constants(measured)
    if chosen.what == "calibrate":
        result = fit.stated(calibration) | {"seed": how.seed, "claims": fit.sound(measured)}
        if chosen.out and all(result["claims"].values()):
            _write(result, chosen.out)
        return result
    steps, others = backtest.ladder(measured), backtest.published(calibration)
    return {
        "machine": measured[-1]["machine"],
        "seed": how.seed,
        "ladder": steps["steps"],
        "published": others["clusters"],
        "claims": steps["claims"] | others["claims"],
    }


def _numbers(text: str) -> list[int]:
    return sorted({int(float(one)) for one in text.split(",")})


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _write(result: dict[str, Any], path: Path | None) -> None:
    text = json.dumps(result, indent=1) + "\n"
    if path is None:
        sys.stdout.write(text)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity")
    parser.add_argument("what", choices=["calibrate", "backtest", "squeeze"])
    parser.add_argument("--ladder", default="20000,100000", help="sizes to measure, in creators, ascending")
    parser.add_argument("--creators", type=int, default=100_000, help="squeeze: size of the installation")
    parser.add_argument("--memory-mb", default="4096", help="squeeze: the limit")
    parser.add_argument("--steps", help="squeeze: several limits, 4096,3072,2048; overrides --memory-mb")
    parser.add_argument("--qps", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=60.0, help="of searches at each size or limit")
    parser.add_argument("--times", type=int, default=5, help="how often each probe is sent in a batch")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--fresh", action="store_true", help="measure sizes again that were measured before")
    parser.add_argument("--out", type=Path, help=f"calibrate: the planner's file, {SHIPPED}, if it is sound")
    parser.add_argument("--svg", type=Path, help="squeeze: the curve")
    parser.add_argument("--json", type=Path, nargs="?", help="write the result here rather than to stdout")
    return parser.parse_args()


if __name__ == "__main__":
    main()
