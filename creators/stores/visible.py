"""What searches of an index see, as a digest: cached answers go by it.

It is made of the segments that the searches of every copy of every shard read. A write, a flush or a merge changes
nothing until the refresh that shows it. A refresh that shows nothing new changes nothing either, though the counters of
``_stats`` count it when it was asked for; and no restart sets segments back, as it does with counters.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from creators.errors import ClusterUnavailable

SEGMENTS = "_shards.failed," + ",".join(
    f"indices.*.shards.*.{part}"
    for part in ("routing.node", "segments.*.search", "segments.*.num_docs", "segments.*.deleted_docs")
)
"""Parts of an answer of ``_segments`` that are needed."""
IDENTITIES = "*.settings.index.uuid"
"""Parts of an answer of ``_settings``: a rebuilt index has the name of the old one."""


def digest(segments: Mapping[str, Any], identities: Mapping[str, Any]) -> str:
    """Return 24 hexadecimal digits that stand for what is searched.

    Raises:
        ClusterUnavailable: a shard did not say; it could change without being noticed.
    """
    if failed := segments["_shards"]["failed"]:
        detail = f"{failed} shards did not say which segments they search"
        raise ClusterUnavailable(detail)
    seen = json.dumps([sorted(_searched(segments)), identities], sort_keys=True)
    return hashlib.sha256(seen.encode()).hexdigest()[:24]


def _searched(answer: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str, int, int]]:
    for index, entry in answer.get("indices", {}).items():
        for shard, copies in entry["shards"].items():
            for copy in copies:
                for segment, counts in copy.get("segments", {}).items():
                    if counts["search"]:
                        # Documents of a segment are only ever deleted: the counts tell its states apart.
                        documents = (counts["num_docs"], counts["deleted_docs"])
                        yield (index, shard, copy["routing"]["node"], segment, *documents)
