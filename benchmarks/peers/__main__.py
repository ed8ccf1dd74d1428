"""``python -m benchmarks.peers``; ``--help`` explains it."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opensearchpy import OpenSearch

from benchmarks.corpus.questions import Question, questions
from benchmarks.corpus.store import DEFAULT_SEED, bench_folder
from benchmarks.ingest.installed import Installed, installed
from benchmarks.machine import machine
from benchmarks.peers import kernel, report
from benchmarks.peers.children import Child, Launch
from benchmarks.peers.environment import python_of_peers
from benchmarks.peers.floor import FLOOR
from benchmarks.peers.material import lay
from benchmarks.peers.rounds import CROWD, MEASURED, TUNED, Rounds, Seen
from creators.errors import EngineFailed
from enrich.encoders.opened import open_encoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.corpus.store import Corpus

ABOUT = """The product beside other engines: same creators, questions, vectors, filters, cores and recall floor.

Makes an environment for the peers' packages, an installation of the product (benchmarks.ingest) and one build of
every peer, then asks in rounds. Builds are kept in CREATORSCOPE_BENCH_DIR by the corpus that they are of; after a run
that was stopped the next one builds what is missing.
"""
WORKERS = {
    "ours": "ours",
    "api": "api",
    "native": "stock:native",
    "naive": "stock:naive",
    "pgvector": "pgvector",
    "lancedb": "lance",
    "qdrant": "qdrant",
}
FOREIGN = frozenset({"pgvector", "lancedb", "qdrant"})
"""Those whose packages are not the product's."""
KINDS = ("broad", "medium", "rare", "named")
CORES = 2
Json = dict[str, Any]


def main() -> None:
    """Do what the command line says."""
    chosen = _arguments()
    with installed(chosen.creators, seed=chosen.seed, fill=not chosen.drop) as made:
        root = bench_folder() / "peers" / made.corpus.fingerprint
        if chosen.drop:
            _drop(made, root)
            return
        result = _run(chosen, made, root)
    print(report.table(result["peers"]), report.kinds_table(result["peers"]), sep="\n\n")
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _run(chosen: argparse.Namespace, made: Installed, root: Path) -> Json:
    began, load = time.monotonic(), _load()
    python = python_of_peers(root.parent) if FOREIGN & set(chosen.peers) else Path(sys.executable)
    print("laying down creators, questions and the truth", file=sys.stderr)
    laid = lay(made.corpus, _sets(made.corpus, chosen), open_encoder(made.settings), root / "material")
    cores = sorted(os.sched_getaffinity(0))[:CORES]
    with ExitStack() as opened:
        children = {}
        for name in chosen.peers:
            interpreter = python if name in FOREIGN else Path(sys.executable)
            folder = root / WORKERS[name].partition(":")[0]
            launch = Launch(
                name, WORKERS[name], interpreter, laid.folder, folder, made.env, cores, float(chosen.limit_s)
            )
            children[name] = opened.enter_context(Child(launch))
        seen = {name: Seen() for name in chosen.peers}
        _note_ours(made, root)
        for name, child in children.items():
            _prepare(child, seen[name], rebuild=chosen.rebuild)
        servers = {pid for child in children.values() for pid in child.facts.get("pids", [])}
        opened.enter_context(kernel.pinned(servers, cores))
        _ask(Rounds(children, laid, seen), chosen)
        for name, child in children.items():
            _note_facts(child, seen[name])
    kinds = laid.kinds[MEASURED]
    return {
        "creators": made.corpus.size,
        "corpus": made.corpus.fingerprint,
        "seed": chosen.seed,
        "questions": len(kinds),
        "rounds": chosen.rounds,
        "recall_floor": FLOOR,
        "machine": machine(["numpy", "opensearch-py"])
        | {"used_cores": cores, "load_before": load, "load_after": _load()},
        "seconds": round(time.monotonic() - began, 1),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "peers": report.stated(seen, kinds),
    }


def _ask(rounds: Rounds, chosen: argparse.Namespace) -> None:
    rounds.choose()
    rounds.measure(chosen.rounds)
    rounds.crowd(chosen.rounds)
    rounds.weigh()
    rounds.update()


def _prepare(child: Child, seen: Seen, *, rebuild: bool) -> None:
    """Build where nothing is kept or what is kept does not open, then open; a failure is noted."""
    marker = child.launch.folder.with_suffix(".built.json")
    try:
        if not marker.exists() or (rebuild and child.launch.name in {*FOREIGN, "native"}):
            _build(child, marker)
        # What building has left in memory would count as touched by questions.
        kernel.forget([str(child.launch.folder)])
        try:
            opened = child.ask("open")
        except EngineFailed as error:
            print(f"  {child.launch.name}: {error.detail}; building it again", file=sys.stderr)
            _build(child, marker)
            opened = child.ask("open")
    except EngineFailed as error:
        seen.failed = error.detail
        print(f"  {error.detail}", file=sys.stderr)
        return
    child.facts = opened["facts"]
    seen.facts = opened["facts"] | {"ladder": opened["ladder"]}
    seen.build = json.loads(marker.read_text(encoding="utf-8"))


def _build(child: Child, marker: Path) -> None:
    print(f"  {child.launch.name}: building", file=sys.stderr)
    start = time.monotonic()
    built = child.ask("build")
    marker.write_text(json.dumps(built), encoding="utf-8")
    print(f"  {child.launch.name}: built in {time.monotonic() - start:.0f} s", file=sys.stderr)


def _note_ours(made: Installed, root: Path) -> None:
    """Keep what loading the installation took, for the runs that find it loaded."""
    if made.loaded is None:
        return
    seconds = made.loaded.seconds
    built = {"load_s": seconds.get("write", 0.0), "index_s": seconds.get("refresh", 0.0) + seconds.get("merge", 0.0)}
    for name in ("ours", "api"):
        (root / f"{name}.built.json").write_text(json.dumps(built), encoding="utf-8")


def _note_facts(child: Child, seen: Seen) -> None:
    """Take what a peer counted while it was asked."""
    if not seen.failed and child.launch.name == "api":
        seen.facts = child.ask("facts")["facts"] | {"ladder": []}


def _sets(corpus: Corpus, chosen: argparse.Namespace) -> dict[str, Sequence[Question]]:
    """Return three sets without a question in common, half of each filtered; no answer can come from a cache."""
    wanted = {TUNED: chosen.warm, MEASURED: chosen.questions, CROWD: chosen.questions}
    known: set[str] = set()
    return {
        name: _distinct(corpus, count, chosen.seed + turn, known) for turn, (name, count) in enumerate(wanted.items())
    }


def _distinct(corpus: Corpus, count: int, seed: int, known: set[str]) -> list[Question]:
    found: list[Question] = []
    half = count // 2
    parts = {"filtered": count - half, **{kind: half // len(KINDS) for kind in KINDS}}
    parts["medium"] += half - sum(parts[kind] for kind in KINDS)
    for mix, wanted in parts.items():
        asked = (one for one in questions(corpus, 4 * wanted, seed=seed, mix=mix) if one.text not in known)
        for one in islice(asked, wanted):
            known.add(one.text)
            found.append(replace(one, kind=report.group_of(one.kind)))
    # Kinds turn, so that every round has some of each.
    return [found[place] for start in range(len(KINDS) * 2) for place in range(start, len(found), len(KINDS) * 2)]


def _drop(made: Installed, root: Path) -> None:
    """Remove every build of the corpus; ``benchmarks.ingest drop`` removes the installation of the product."""
    with OpenSearch(str(made.settings.opensearch_url), timeout=60) as client:
        client.indices.delete(index=f"peers-{root.name}", params={"ignore_unavailable": "true"})
    shutil.rmtree(root, ignore_errors=True)


def _used(cores: list[int], load_before: list[float]) -> Json:
    return {"used_cores": cores, "load_before": load_before, "load_after": _load()}


def _load() -> list[float]:
    return [round(one, 1) for one in os.getloadavg()]


def _peers(text: str) -> list[str]:
    names = text.split(",")
    if wrong := [name for name in names if name not in WORKERS]:
        detail = f"{', '.join(wrong)}: no such peer; there are {', '.join(WORKERS)}"
        raise argparse.ArgumentTypeError(detail)
    return names


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--creators", type=int, required=True)
    parser.add_argument("--questions", type=int, default=200, help="measured ones; as many others for two clients")
    parser.add_argument("--warm", type=int, default=120, help="others, by which settings are chosen and engines warmed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", type=_peers, default=list(WORKERS), help=f"of {','.join(WORKERS)}; default all")
    parser.add_argument("--rebuild", action="store_true", help="build the peers anew; the product's installation stays")
    parser.add_argument(
        "--limit-s", type=float, default=7200, help="seconds that one peer may work, its build included"
    )
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--drop", action="store_true", help="remove the builds of this corpus and end")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
