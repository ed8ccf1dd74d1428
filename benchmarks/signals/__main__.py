"""``python -m benchmarks.signals WHAT``; ``--help`` lists the options, ``README.md`` says what is measured."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.signals import blend, bots, niche, ship


def main() -> None:
    """Run one measurement; print one JSON object, and write it where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signals")
    parser.add_argument("what", choices=["niche", "bots", "blend", "ship-niche", "ship-bots"])
    parser.add_argument("--train", type=Path, required=True, help="a CSV file; without --test it is split in two")
    parser.add_argument("--test", type=Path, help="a CSV file of the same columns that nothing is learnt from")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print the result on one line")
    parser.add_argument("--out", type=Path, help="write the result there, too")
    chosen = parser.parse_args()
    if chosen.what == "blend":
        result = blend.blend(chosen.train, chosen.seed)
    elif chosen.what == "ship-niche":
        result = ship.ship_niche(chosen.train)
    elif chosen.what == "ship-bots":
        if chosen.test is None:
            parser.error("ship-bots needs --test: the accounts that experts judged, as JSON lines")
        result = ship.ship_bots(chosen.train, chosen.test)
    else:
        result = (niche if chosen.what == "niche" else bots).run(chosen.train, chosen.test, chosen.seed)
    print(json.dumps(result, indent=None if chosen.json else 2))
    if chosen.out:
        chosen.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
