"""Encoder folders made elsewhere: what runs, and what is refused with a message that helps."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from creators.errors import SetupError
from enrich.encoders.graph import GraphBuilder
from enrich.encoders.text import default_encoder, load_encoder

WORDS = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "tea", "cats", "snow", "maps"]


def write_tokenizer(folder, words=tuple(WORDS), truncation=None):
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    if truncation:
        tokenizer.enable_truncation(truncation)
    tokenizer.save(str(folder / "tokenizer.json"))


def write_lookup(folder, *, rows=8, width=384, inputs=("input_ids", "attention_mask", "token_type_ids")):
    """Write a model that only looks words up, with the inputs and output of the usual exporters."""
    table = np.random.default_rng(7).normal(size=(rows, width)).astype(np.float32)
    node = helper.make_node("Gather", ["table", inputs[0]], ["last_hidden_state"])
    values = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in inputs]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "length", width])
    graph = helper.make_graph([node], "lookup", values, [output], [numpy_helper.from_array(table, "table")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, folder / "model.onnx")
    return table


def test_word_vectors_are_mean_pooled_and_normalised(tmp_path):
    table = write_lookup(tmp_path)
    write_tokenizer(tmp_path)
    encoder = default_encoder(tmp_path / "unused", tmp_path, "cpu", 1)
    mean = table[[1, 4, 5, 2]].mean(axis=0)
    np.testing.assert_allclose(encoder.encode_one("tea cats"), mean / np.linalg.norm(mean), atol=1e-6)
    assert encoder.fingerprint.startswith("custom-")
    assert encoder.tokens_per_run == 0  # of another's graph nobody knows whether texts may share a run
    assert not (tmp_path / "unused").exists()


def test_fingerprint_changes_with_model_and_with_tokenizer(tmp_path):
    write_lookup(tmp_path)
    write_tokenizer(tmp_path)
    first = load_encoder(tmp_path).fingerprint
    write_tokenizer(tmp_path, truncation=16)
    second = load_encoder(tmp_path)
    assert second.max_tokens == 16
    write_lookup(tmp_path, width=8)
    assert len({first, second.fingerprint, load_encoder(tmp_path).fingerprint}) == 3


def test_other_width_does_not_fit_the_index(tmp_path):
    write_lookup(tmp_path, width=8)
    write_tokenizer(tmp_path)
    with pytest.raises(SetupError, match="vectors of 8 numbers, the creators index holds 384"):
        default_encoder(tmp_path, tmp_path, "cpu", 1)


def test_tokenizer_of_another_model_is_refused(tmp_path):
    write_lookup(tmp_path, rows=4)
    write_tokenizer(tmp_path)
    with pytest.raises(SetupError, match="is not a sentence encoder that runs here"):
        load_encoder(tmp_path)


@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json"])
def test_missing_file_is_named(tmp_path, missing):
    write_lookup(tmp_path)
    write_tokenizer(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(SetupError, match=f"lacks {missing}"):
        load_encoder(tmp_path)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_broken_file_is_a_setup_error(tmp_path, name):
    write_lookup(tmp_path)
    write_tokenizer(tmp_path)
    (tmp_path / name).write_text("not this", encoding="utf-8")
    with pytest.raises(SetupError, match=r"model\.onnx|tokenizer\.json"):
        load_encoder(tmp_path)


def test_model_with_other_inputs_is_refused(tmp_path):
    write_lookup(tmp_path, inputs=("input_ids", "pixel_values"))
    write_tokenizer(tmp_path)
    with pytest.raises(SetupError, match="pixel_values"):
        load_encoder(tmp_path)


def test_unreadable_manifest_names_the_field(tmp_path):
    write_lookup(tmp_path)
    write_tokenizer(tmp_path)
    (tmp_path / "encoder.json").write_text(json.dumps({"name": "mine"}), encoding="utf-8")
    with pytest.raises(SetupError, match="weights_sha256"):
        load_encoder(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"), [("model_type", "roberta"), ("hidden_act", "relu"), ("position_embedding_type", "relative_key")]
)
def test_other_architectures_are_not_exported(key, value):
    config = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute", key: value}
    with pytest.raises(SetupError, match=f"{key} is '{value}'"):
        GraphBuilder(config, {}).model()
