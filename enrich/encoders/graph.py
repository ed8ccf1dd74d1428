"""The ONNX graph of a BERT sentence encoder, built from its weights alone (no torch).

The graph maps ``input_ids`` (batch, length) to ``sentence_embedding`` (batch, hidden): mean-pooled over all tokens and
L2-normalised. It has no attention mask on purpose: texts of one run have one length, so no token is padding. No node
mixes texts or depends on how many there are: those that share a run have the bits of those that run alone.

In ``int8`` the products of the layers are of 8-bit integers. Weights have one scale per column; activations have one
per token, from that token alone, so neither its neighbours nor other texts of the run change how it is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from creators.errors import SetupError

OPSET = 23  # the first with an Attention operator
IR_VERSION = 10
_SUPPORTED = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}

_CONTRIB = "com.microsoft"
_TOP = 127  # of a signed byte, without the one that has no positive
_SMALLEST = 1e-6  # of a token's largest value: none is that small, and 0 could not be divided by

Precision = Literal["fp32", "int8"]
Weights = Mapping[str, NDArray[np.float32]]


def integer_product(rows: int, columns: int) -> ModelProto:
    """Return a model of one product, of unsigned bytes ``left`` with a matrix of the signed byte 127."""
    kernel = numpy_helper.from_array(np.full((rows, columns), _TOP, dtype=np.int8), "kernel")
    left = helper.make_tensor_value_info("left", TensorProto.UINT8, ["texts", rows])
    product = helper.make_tensor_value_info("product", TensorProto.INT32, ["texts", columns])
    node = helper.make_node("MatMulInteger", ["left", "kernel"], ["product"])
    graph = helper.make_graph([node], "integer_product", [left], [product], [kernel])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


class GraphBuilder:
    """Nodes and constants of one graph; methods return the name of the tensor they add."""

    def __init__(self, config: Mapping[str, Any], weights: Weights, precision: Precision = "fp32") -> None:
        self._config = config
        self._weights = weights
        self._precision = precision
        self._rounded: dict[str, tuple[str, str]] = {}
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def model(self) -> ModelProto:
        """Return the checked model.

        Raises:
            SetupError: the configuration is of another architecture.
        """
        for key, value in _SUPPORTED.items():
            if self._config.get(key) != value:
                detail = f"the encoder's {key} is {self._config.get(key)!r}; only {value!r} can be exported"
                raise SetupError(detail, field=key)
        hidden = self._embeddings()
        for layer in range(self._config["num_hidden_layers"]):
            hidden = self._layer(hidden, f"encoder.layer.{layer}")
        self._pool(hidden)
        return self._finish()

    def _pool(self, hidden: str) -> None:
        # The sum has the mean's direction. As a product it adds in one order for any number of texts; ReduceMean does
        # not: it takes another way for one text than for two, and the last bits differ.
        ones = self._constant("ones", np.ones((1, self._config["max_position_embeddings"]), dtype=np.float32))
        length = self._op("Shape", "input_ids", start=1, end=2)
        summed = self._op("MatMul", self._op("Slice", ones, self._axis(0), length, self._axis(1)), hidden)
        pooled = self._op("Squeeze", summed, self._axis(1))
        self._op("LpNormalization", pooled, output="sentence_embedding", axis=-1, p=2)

    def _finish(self) -> ModelProto:
        tensor = helper.make_tensor_value_info
        inputs = [tensor("input_ids", TensorProto.INT64, ["batch", "length"])]
        outputs = [tensor("sentence_embedding", TensorProto.FLOAT, ["batch", self._config["hidden_size"]])]
        graph = helper.make_graph(self._nodes, "sentence_encoder", inputs, outputs, self._constants)
        domains = [helper.make_opsetid("", OPSET)]
        if self._precision == "int8":
            domains.append(helper.make_opsetid(_CONTRIB, 1))
        model = helper.make_model(graph, opset_imports=domains, ir_version=IR_VERSION)
        checker.check_model(model, full_check=True)
        return model

    def _constant(self, name: str, value: NDArray[Any]) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _axis(self, index: int) -> str:
        return self._once(f"axis{index}", np.array([index], dtype=np.int64))

    def _weight(self, name: str) -> str:
        return self._constant(name, self._weights[name])

    def _op(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        name = output or f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def _once(self, name: str, value: NDArray[Any]) -> str:
        known = any(constant.name == name for constant in self._constants)
        return name if known else self._constant(name, value)

    def _rounded_rows(self, hidden: str) -> tuple[str, str]:
        """Return the bytes of an activation and the scale of each token: scale = largest magnitude / 127."""
        if hidden not in self._rounded:
            largest = self._op("ReduceMax", self._op("Abs", hidden), self._axis(-1), keepdims=1)
            largest = self._op("Max", largest, self._once("smallest", np.array(_SMALLEST, dtype=np.float32)))
            inverse = self._op("Div", self._once("top", np.array(_TOP, dtype=np.float32)), largest)
            one = self._once("one", np.array(1, dtype=np.float32))
            middle = self._once("middle", np.array(128, dtype=np.uint8))
            whole = self._op("QuantizeLinear", self._op("Mul", hidden, inverse), one, middle)
            scale = self._op("Mul", largest, self._once("per_step", np.array(1 / _TOP, dtype=np.float32)))
            self._rounded[hidden] = whole, scale
        return self._rounded[hidden]

    def _rounded_linear(self, hidden: str, name: str) -> str:
        whole, scale = self._rounded_rows(hidden)
        kernel = self._weights[f"{name}.weight"].T
        steps = np.maximum(np.abs(kernel).max(axis=0) / _TOP, np.finfo(np.float32).tiny).astype(np.float32)
        inputs = (
            whole,
            self._constant(f"{name}.weight", np.round(kernel / steps).astype(np.int8)),
            "one",
            self._constant(f"{name}.steps", steps),
            "middle",
            self._once("no_offset", np.array(0, dtype=np.int8)),
        )
        product = self._op("MatMulIntegerToFloat", *inputs, domain=_CONTRIB)
        return self._op("Add", self._op("Mul", product, scale), self._weight(f"{name}.bias"))

    def _linear(self, hidden: str, name: str) -> str:
        if self._precision == "int8":
            return self._rounded_linear(hidden, name)
        kernel = self._constant(f"{name}.weight", self._weights[f"{name}.weight"].T)
        return self._op("Add", self._op("MatMul", hidden, kernel), self._weight(f"{name}.bias"))

    def _layer_norm(self, hidden: str, name: str) -> str:
        scale, bias = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        return self._op("LayerNormalization", hidden, scale, bias, epsilon=self._config["layer_norm_eps"])

    def _embeddings(self) -> str:
        # One text is one segment, so the first token type's embedding can join the position embeddings.
        segment = self._weights["embeddings.token_type_embeddings.weight"][0]
        positions = self._constant("positions", self._weights["embeddings.position_embeddings.weight"] + segment)
        words = self._op("Gather", self._weight("embeddings.word_embeddings.weight"), "input_ids")
        length = self._op("Shape", "input_ids", start=1, end=2)
        placed = self._op("Slice", positions, self._axis(0), length, self._axis(0))
        return self._layer_norm(self._op("Add", words, placed), "embeddings.LayerNorm")

    def _layer(self, hidden: str, name: str) -> str:
        heads = self._config["num_attention_heads"]
        queries, keys, values = (self._linear(hidden, f"{name}.attention.self.{x}") for x in ("query", "key", "value"))
        attended = self._op("Attention", queries, keys, values, q_num_heads=heads, kv_num_heads=heads)
        attended = self._linear(attended, f"{name}.attention.output.dense")
        hidden = self._layer_norm(self._op("Add", attended, hidden), f"{name}.attention.output.LayerNorm")
        inner = self._op("Gelu", self._linear(hidden, f"{name}.intermediate.dense"))
        return self._layer_norm(
            self._op("Add", self._linear(inner, f"{name}.output.dense"), hidden), f"{name}.output.LayerNorm"
        )
