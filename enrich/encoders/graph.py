"""The ONNX graph of a BERT sentence encoder, built from its weights alone (no torch).

The graph maps ``input_ids`` (batch, length) to ``sentence_embedding`` (batch, hidden): mean-pooled over all tokens and
L2-normalised. It has no attention mask on purpose: texts of one run have one length, so no token is padding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from creators.errors import SetupError

OPSET = 23  # the first with an Attention operator
IR_VERSION = 10
_SUPPORTED = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}

Weights = Mapping[str, NDArray[np.float32]]


class GraphBuilder:
    """Nodes and constants of one graph; methods return the name of the tensor they add."""

    def __init__(self, config: Mapping[str, Any], weights: Weights) -> None:
        self._config = config
        self._weights = weights
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
        pooled = self._op("ReduceMean", hidden, self._axis(1), keepdims=0)
        self._op("LpNormalization", pooled, output="sentence_embedding", axis=-1, p=2)
        return self._finish()

    def _finish(self) -> ModelProto:
        tensor = helper.make_tensor_value_info
        inputs = [tensor("input_ids", TensorProto.INT64, ["batch", "length"])]
        outputs = [tensor("sentence_embedding", TensorProto.FLOAT, ["batch", self._config["hidden_size"]])]
        graph = helper.make_graph(self._nodes, "sentence_encoder", inputs, outputs, self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        checker.check_model(model, full_check=True)
        return model

    def _constant(self, name: str, value: NDArray[Any]) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _axis(self, index: int) -> str:
        name = f"axis{index}"
        if any(constant.name == name for constant in self._constants):
            return name
        return self._constant(name, np.array([index], dtype=np.int64))

    def _weight(self, name: str) -> str:
        return self._constant(name, self._weights[name])

    def _op(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        name = output or f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def _linear(self, hidden: str, name: str) -> str:
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
