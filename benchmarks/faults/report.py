"""What every fault benchmark has in common: its arguments, the seed it prints, the claims it ends with, its result."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from creators.settings import load_settings
from creators.telemetry import configure_logging

if TYPE_CHECKING:
    from creators.stores.receipts import Balance

RESULTS = Path(__file__).parent / "results"
BALANCE = ("rows_in", "indexed", "stale", "dead_lettered", "pending")


@dataclass(frozen=True, slots=True)
class Run:
    """How one proof is run: everything random in it comes from ``seed``."""

    seed: int
    smoke: bool

    def size(self, full: int, smoke: int) -> int:
        """Return the full size, or the small one of a smoke run."""
        return smoke if self.smoke else full


@dataclass(slots=True)
class Proof:
    """What a run has found: ``claims`` must all be true, ``facts`` are figures beside them."""

    claims: dict[str, bool] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def claim(self, what: str, holds: object) -> None:
        """Note whether something that must be true is."""
        self.claims[what] = bool(holds)

    def account(self, balance: Balance) -> None:
        """Note the delivery account at the end: nothing is pending and everything that came in is somewhere."""
        self.facts["balance"] = {name: getattr(balance, name) for name in BALANCE}
        self.claim("in = indexed + stale + dead-lettered + pending", balance.is_balanced)
        self.claim("nothing is pending at the end", balance.pending == 0)

    @property
    def holds(self) -> bool:
        """Whether there are claims and all of them are true."""
        return bool(self.claims) and all(self.claims.values())


def stated(name: str, run: Run, proof: Proof, wall_s: float) -> dict[str, Any]:
    """Return a result as it is committed."""
    return {
        "name": name,
        "seed": run.seed,
        "smoke": run.smoke,
        "holds": proof.holds,
        "claims": proof.claims,
        "facts": proof.facts,
        "wall_s": round(wall_s, 1),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "program": version("creatorscope")},
    }


def main(
    name: str, prove: Callable[[Run], Proof], *, arguments: list[str] | None = None, results: Path = RESULTS
) -> None:
    """Run a proof and end the process with 0 where all it claims is true, else with 1.

    Args:
        name: of the module; a full run writes ``<name>.json``, a smoke run nothing.
        prove: the proof; what it raises is not caught, so that a broken proof never looks like one that holds.
        arguments: of the command line, without the program.
        results: where a full run writes.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.faults.{name}")
    parser.add_argument("--smoke", action="store_true", help="a small size, for CI; writes no result")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print the result as JSON on stdout")
    chosen = parser.parse_args(arguments)
    # To stderr: stdout is for the result.
    configure_logging(load_settings())
    run = Run(chosen.seed, chosen.smoke)
    print(f"{name}: seed {run.seed}{', smoke' if run.smoke else ''}", file=sys.stderr, flush=True)
    started = time.monotonic()
    proof = prove(run)
    result = stated(name, run, proof, time.monotonic() - started)
    _show(result, as_json=chosen.json)
    if not run.smoke:
        results.mkdir(parents=True, exist_ok=True)
        (results / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.exit(0 if proof.holds else 1)


def _show(result: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(result, indent=1))
        return
    for name, value in result["facts"].items():
        print(f"  {name}: {value}")
    for what, holds in result["claims"].items():
        print(f"{'holds ' if holds else 'BROKEN'}  {what}")
    print(f"{result['name']}: {'holds' if result['holds'] else 'BROKEN'} (seed {result['seed']}, {result['wall_s']} s)")
