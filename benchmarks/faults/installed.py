"""An installation of its own for one proof, on the engines of the settings, and nothing left of it afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from api.installation import installation
from creators.settings import load_settings
from creators.stores.session import Stores
from indexers import pipeline
from mappings.registry import PIPELINES, pipeline_name

SWEEP_S = 120.0


@contextmanager
def installed(**overrides: object) -> Iterator[Stores]:
    """Give the stores of an empty installation; keyword arguments are settings.

    Its prefix starts with ``f``: whatever has this prefix in OpenSearch and Redis is deleted at the end.
    """
    with installation(load_settings(), progress=False) as engines, tempfile.TemporaryDirectory() as folder:
        own: dict[str, object] = {
            "data_dir": Path(folder),
            "index_prefix": f"f{uuid4().hex[:8]}-",
            "reconcile_s": 2.0,
            # The machine is busy on purpose.
            "opensearch_timeout_s": 60.0,
            "cache_dir": engines.cache_dir,
        }
        known = engines.model_dump(exclude_unset=True)
        stores = Stores(type(engines)(**{**known, **own, **overrides}))
        pipeline.prepare(stores)
        try:
            yield stores
        finally:
            again = {"index_prefix": stores.settings.index_prefix, "opensearch_timeout_s": SWEEP_S}
            _sweep(Stores(engines.model_copy(update=again)))


def _sweep(stores: Stores) -> None:
    prefix = stores.settings.index_prefix
    stores.cluster.delete_indices(list(stores.cluster.aliases()))
    for name in PIPELINES:
        stores.cluster.delete_pipeline(pipeline_name(name))
    for pattern in (f"rq:*{prefix}*", f"{prefix}*"):
        for key in stores.queue.redis.scan_iter(match=pattern, count=1000):
            stores.queue.redis.delete(key)
