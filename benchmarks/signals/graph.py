"""The niche head as an ONNX graph: one linear layer over dense features and a table of n-grams, then a softmax."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks.signals.ridge import Matrix

OPSET = 17
IR_VERSION = 9
_TINY = 1e-9


def head_graph(weights: Mapping[str, Matrix], classes: Sequence[str]) -> bytes:
    """Return the graph for one text.

    Args:
        weights: ``dense`` (features, classes), ``table`` (rows, classes), ``rarity`` (rows) and ``bias`` (classes).
        classes: names of the columns, kept as metadata.
    """
    half, single = np.float16, np.float32
    constants = [
        numpy_helper.from_array(weights["dense"].astype(single), "dense_weights"),
        numpy_helper.from_array(weights["bias"].astype(single), "bias"),
        # Half the size, and a thousandth of the rounding of what it is multiplied with.
        numpy_helper.from_array(weights["table"].astype(half), "table"),
        numpy_helper.from_array(weights["rarity"].astype(half), "rarity"),
        numpy_helper.from_array(np.array([_TINY], single), "tiny"),
    ]
    single_type = TensorProto.FLOAT
    nodes = [
        helper.make_node("Gather", ["rarity", "rows"], ["rarity_16"]),
        helper.make_node("Cast", ["rarity_16"], ["rarity_32"], to=single_type),
        helper.make_node("Mul", ["weights", "rarity_32"], ["weighted"]),
        helper.make_node("ReduceL2", ["weighted"], ["length"], keepdims=1, axes=[0]),
        helper.make_node("Max", ["length", "tiny"], ["length_safe"]),
        helper.make_node("Div", ["weighted", "length_safe"], ["unit"]),
        helper.make_node("Gather", ["table", "rows"], ["picked_16"], axis=0),
        helper.make_node("Cast", ["picked_16"], ["picked"], to=single_type),
        helper.make_node("MatMul", ["unit", "picked"], ["from_ngrams"]),
        helper.make_node("MatMul", ["dense", "dense_weights"], ["from_dense"]),
        helper.make_node("Add", ["from_ngrams", "from_dense"], ["both"]),
        helper.make_node("Add", ["both", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=0),
    ]
    inputs = [
        helper.make_tensor_value_info("dense", single_type, [weights["dense"].shape[0]]),
        helper.make_tensor_value_info("rows", TensorProto.INT64, ["ngrams"]),
        helper.make_tensor_value_info("weights", single_type, ["ngrams"]),
    ]
    outputs = [helper.make_tensor_value_info("probabilities", single_type, [len(classes)])]
    graph = helper.make_graph(nodes, "niche_head", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    helper.set_model_props(model, {"categories": "\n".join(classes)})
    onnx.checker.check_model(model)
    result: bytes = model.SerializeToString(deterministic=True)
    return result
