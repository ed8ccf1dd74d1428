"""An installation with a corpus in it, made once and used by every benchmark that asks for that size."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import SecretStr

from benchmarks.corpus.make import make
from benchmarks.corpus.store import DEFAULT_SEED, Corpus, bench_folder, default_folder
from benchmarks.ingest import engine
from benchmarks.ingest.load import Loaded, load
from creators.errors import EngineFailed, NotFound
from creators.ids import content_hash
from creators.settings import Settings, as_environment, load_settings
from creators.stores.session import Stores
from enrich.encoders.opened import fingerprint_of
from indexers import pipeline, population
from mappings.registry import CREATORS, PIPELINES, POPULATION, pipeline_name, schema_hash
from stack.engines import open_engines

PATIENCE_S = 300.0
"""Limit of one request while loading: a busy machine is no reason to give up."""
LOADED = "loaded.txt"
"""How many creators are written for sure."""


@dataclass
class Installed:
    """An installation that `creatorscope serve` answers from.

    Attributes:
        settings: with the addresses of the engines and the prefix.
        env: environment of a child process that is to serve it.
        corpus: what is in it.
        prefix: of its indices and keys.
        loaded: what loading took; None where it was there already.
    """

    settings: Settings
    env: dict[str, str]
    corpus: Corpus
    prefix: str
    loaded: Loaded | None = None
    engines: ExitStack = field(default_factory=ExitStack, repr=False)
    """Stops what was started for it."""

    def close(self) -> None:
        """Stop the engines that were started for it; the creators stay for the next time."""
        self.engines.close()

    def __enter__(self) -> Self:
        """Use it in a block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close it."""
        self.close()


def installed(
    creators: int, *, url: str | None = None, seed: int = DEFAULT_SEED, fill: bool = True, progress: bool = True
) -> Installed:
    """Return an installation with so many creators, merged to one segment an index, its population measured.

    The engines are those of ``CREATORSCOPE_OPENSEARCH_URL`` and ``CREATORSCOPE_REDIS_URL``, else embedded ones with
    their data in ``CREATORSCOPE_BENCH_DIR``. A load that was killed goes on where it was.

    Args:
        creators: how many.
        url: of another OpenSearch.
        seed: of the corpus.
        fill: load what is missing.
        progress: show bars on stderr.

    Raises:
        SetupError: an engine or the encoder cannot be had. CreatorscopeError: a document was refused.
    """
    settings = load_settings().model_copy(update={"opensearch_url": url} if url else {})
    corpus = make(creators, default_folder(creators, seed), settings=settings, seed=seed, progress=progress)
    prefix = f"bench-{creators}-{_version(corpus, settings)}-"
    with ExitStack() as opened:
        running = opened.enter_context(
            open_engines(_with_data(settings, bench_folder() / "engines"), progress=progress)
        )
        own = {
            **settings.model_dump(exclude_unset=True),
            "opensearch_url": running.opensearch_url,
            "redis_url": SecretStr(running.redis_url),
            "index_prefix": prefix,
            "data_dir": bench_folder() / "installations" / prefix.rstrip("-"),
        }
        made = Installed(Settings(**own), {**os.environ}, corpus, prefix)
        made.env |= as_environment(made.settings)
        made.loaded = _fill(made) if fill else None
        made.engines = opened.pop_all()
    return made


def _version(corpus: Corpus, settings: Settings) -> str:
    """Return a hash of the creators and of the index that holds them: another definition is another installation."""
    schema = schema_hash(CREATORS, encoder=fingerprint_of(settings))
    made_of = f"{corpus.fingerprint} {schema} {settings.creators_shards}"
    return content_hash(made_of.encode())[:8]


def _with_data(settings: Settings, folder: Path) -> Settings:
    return settings.model_copy(update={"data_dir": folder})


def _patient(settings: Settings) -> Settings:
    return settings.model_copy(update={"opensearch_timeout_s": PATIENCE_S, "bulk_timeout_s": PATIENCE_S})


def _fill(made: Installed) -> Loaded | None:
    """Load what is missing; None where nothing is."""
    stores = Stores(_patient(made.settings))
    if _is_full(stores, made.corpus.size):
        return None
    note = made.settings.data_dir / LOADED
    note.parent.mkdir(parents=True, exist_ok=True)
    pipeline.prepare(stores)
    stores.cluster.refresh(CREATORS)
    noted = int(note.read_text(encoding="ascii")) if note.exists() else 0
    # An engine that was killed may have lost what it had not written: then everything is sent again.
    start = noted if stores.cluster.count(CREATORS) >= noted else 0
    with engine.connect(str(made.settings.opensearch_url)) as client:
        loaded = load(stores, client, made.corpus, start=start, notes=lambda done: _note(note, done))
    if not _is_full(stores, made.corpus.size):
        note.unlink()
        detail = f"{made.prefix} does not hold the {made.corpus.size} creators that were written: run it again"
        raise EngineFailed(detail)
    return loaded


def _note(file: Path, done: int) -> None:
    file.write_text(str(done), encoding="ascii")


def _is_full(stores: Stores, creators: int) -> bool:
    """Return whether every creator is there and, which comes last, the population is measured."""
    try:
        measured = stores.cluster.sources(POPULATION, [population.RUN]).get(population.RUN)
        return measured is not None and measured["creators"] == stores.cluster.count(CREATORS) == creators
    except NotFound:
        return False


def remove(made: Installed) -> None:
    """Delete everything of an installation but the corpus."""
    stores = Stores(_patient(made.settings))
    stores.cluster.delete_indices(list(stores.cluster.aliases()))
    for name in PIPELINES:
        stores.cluster.delete_pipeline(pipeline_name(name))
    for pattern in (f"rq:*{made.prefix}*", f"{made.prefix}*"):
        for key in stores.queue.redis.scan_iter(match=pattern, count=1000):
            stores.queue.redis.delete(key)
    shutil.rmtree(made.settings.data_dir, ignore_errors=True)
