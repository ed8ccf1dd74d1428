"""The encoders compared: as shipped, and rounded to 8 bits."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from creators.settings import load_settings
from enrich.encoders.export import exported_encoder
from enrich.encoders.text import TextEncoder, load_encoder


def encoders(scratch: Path, threads: int) -> dict[str, TextEncoder]:
    """Return the shipped encoder and its 8-bit form (dynamic, per channel, one bit of headroom)."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    shipped = exported_encoder(load_settings().cache_dir)
    rounded = scratch / "int8"
    rounded.mkdir()
    shutil.copy(shipped / "tokenizer.json", rounded)
    logging.getLogger().setLevel(logging.ERROR)  # the quantiser recommends a step that changes nothing here
    quantize_dynamic(
        shipped / "model.onnx",
        rounded / "model.onnx",
        op_types_to_quantize=["MatMul", "Gather"],
        per_channel=True,
        reduce_range=True,  # without it, CPUs that lack VNNI overflow and give other vectors
        weight_type=QuantType.QInt8,
    )
    return {"fp32": load_encoder(shipped, "cpu", threads), "int8": load_encoder(rounded, "cpu", threads)}
