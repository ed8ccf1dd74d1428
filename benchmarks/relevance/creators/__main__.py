"""``python -m benchmarks.relevance.creators``; ``--help`` lists the options."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.installation import installation
from benchmarks.relevance.creators.asked import Asker, filled, keys_by_account
from benchmarks.relevance.creators.facts import read_facts
from benchmarks.relevance.creators.figures import Figures, figures, freeze, table
from benchmarks.relevance.creators.judge import read_qrels, read_queries
from creators.errors import CreatorscopeError
from creators.settings import Settings, load_settings
from creators.telemetry import configure_logging
from enrich.encoders.opened import open_encoder
from search.request import Arm, Ranking

ARMS: dict[str, tuple[Arm, ...]] = {"lexical": ("lexical",), "knn": ("knn",), "both": ("lexical", "knn")}
SHIPPED = "both"


async def measure(settings: Settings, profile: str, *, parse: bool) -> dict[str, Figures]:
    """Return the figures of each arm alone and of both, over what the installation holds."""
    queries, judged = read_queries(), read_qrels()
    found: dict[str, Figures] = {}
    async with Asker(settings, open_encoder(settings), keys_by_account(read_facts())) as asker:
        for name, arms in ARMS.items():
            answers = await asker.ask(queries, Ranking(profile=profile, arms=arms), parse=parse)
            found[name] = figures(answers, judged, queries)
    return found


@contextmanager
def ready(prefix: str | None) -> Iterator[Settings]:
    """Give settings of an installation that holds the tables: the one of ``prefix``, else one that is thrown away."""
    settings = load_settings()
    configure_logging(settings.model_copy(update={"log_level": "warning"}))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        own = settings.model_copy(update={"data_dir": Path(scratch)})
        with installation(own, progress=False) as started:
            if prefix is not None:
                yield started.model_copy(update={"index_prefix": prefix})
                return
            with filled(started) as full:
                yield full


def main() -> None:
    """Measure; the table, or with ``--json`` one object, goes to stdout."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.relevance.creators", description=__doc__)
    parser.add_argument("--profile", default="balanced", help="ranking profile that is measured")
    parser.add_argument("--parse", action="store_true", help="let the service read filters out of the texts")
    parser.add_argument("--prefix", help="index prefix of an installation that holds the tables already")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--freeze", action="store_true", help="make the figures the baseline that CI holds")
    chosen = parser.parse_args()
    if chosen.freeze and (chosen.profile != "balanced" or chosen.parse):
        parser.error("--freeze is for what is shipped: leave out --profile and --parse")
    try:
        with ready(chosen.prefix) as settings:
            found = asyncio.run(measure(settings, chosen.profile, parse=chosen.parse))
    except (ValueError, OSError, CreatorscopeError) as error:
        sys.exit(f"error: {error}")
    if chosen.freeze:
        freeze(found[SHIPPED])
    as_json = json.dumps({name: one._asdict() for name, one in found.items()}, indent=1, ensure_ascii=False)
    print(as_json if chosen.json else table(found, read_queries()))


if __name__ == "__main__":
    main()
