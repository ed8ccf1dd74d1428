"""``python -m benchmarks.corpus make|show|check|questions``; ``--help`` explains each."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from benchmarks.corpus.make import make
from benchmarks.corpus.questions import questions
from benchmarks.corpus.store import DEFAULT_SEED, Corpus, default_folder
from creators.settings import load_settings

ABOUT = """Creators that exist only here, for measurements at any size.

Creator i is the same in a corpus of 2,000 and of 1,000,000 with one seed, so figures of two sizes are about the same
people. A run that was stopped goes on where it was. About 0.35 kB of text, compressed, and 1.5 kB of vector a creator.
"""


def main() -> None:
    """Do what the command line says."""
    chosen = _arguments()
    folder = chosen.folder or default_folder(chosen.creators, chosen.seed)
    if chosen.what == "make":
        begun = time.perf_counter()
        corpus = make(chosen.creators, folder, settings=load_settings(), seed=chosen.seed)
        files = [file for file in corpus.folder.rglob("*") if file.is_file()]
        told = {"folder": str(corpus.folder), "creators": corpus.size, "seed": corpus.seed}
        told |= {"fingerprint": corpus.fingerprint, "seconds": round(time.perf_counter() - begun, 1)}
        print(json.dumps(told | {"megabytes": round(sum(file.stat().st_size for file in files) / 1e6, 1)}))
        return
    corpus = Corpus.open(folder)
    if chosen.what == "show":
        for document in islice(corpus.documents(chosen.start), chosen.count):
            print(json.dumps(document, ensure_ascii=False))
    elif chosen.what == "questions":
        for one in questions(corpus, chosen.count, seed=chosen.seed, mix=chosen.mix):
            print(json.dumps(asdict(one), ensure_ascii=False))
    else:
        from benchmarks.corpus.check import check  # it reads real tables, which the others do without

        result = check(corpus, chosen.real)
        print(json.dumps(result, indent=1), file=sys.stdout)
        if chosen.json:
            chosen.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.corpus", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_subparsers(dest="what", required=True)
    making = what.add_parser("make", help="make a corpus, or go on making it; prints where it lies, as JSON")
    showing = what.add_parser("show", help="print documents, one JSON a line, without vectors")
    checking = what.add_parser("check", help="compare its distributions with real tables, and vectors with the encoder")
    asking = what.add_parser("questions", help="print questions for it, one JSON a line")
    for one in (making, showing, checking, asking):
        one.add_argument("--creators", type=int, default=20_000, help="how many; 20000 takes about a minute")
        one.add_argument("--seed", type=int, default=DEFAULT_SEED, help="another seed makes other people")
        one.add_argument("--folder", type=Path, help="default: corpora/<creators>-<seed> in CREATORSCOPE_BENCH_DIR")
    for one in (showing, asking):
        one.add_argument("--count", type=int, default=10)
    showing.add_argument("--start", type=int, default=0, help="number of the first creator")
    asking.add_argument(
        "--mix", default="mixed", help="mixed, broad, medium, rare, named, filtered or filtered:10:aligned"
    )
    checking.add_argument("--real", type=Path, help="folder of real tables; default: CREATORSCOPE_TEST_DATA")
    checking.add_argument("--json", type=Path, help="write the result there, too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
